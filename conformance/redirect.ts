/**
 * Loaded into a foreign suite before its tests: whoever connects to the port that the suite takes for granted
 * reaches the broker that was started for it. It changes nothing else.
 */
import { Socket } from 'node:net'

/** Ports that the suite takes for granted, with commas between; what suites for RabbitMQ do, unless it is said. */
const taken = (process.env.NARU_TAKEN ?? '5672').split(',').map(Number)

const port = Number(process.env.NARU_PORT)
type Connect = (this: Socket, ...args: unknown[]) => Socket
const prototype = Socket.prototype as unknown as { connect: Connect }
const connect = prototype.connect

prototype.connect = function redirected(this: Socket, ...args: unknown[]): Socket {
  // net.connect passes its normalised arguments as one array.
  const first = Array.isArray(args[0]) ? (args[0] as unknown[])[0] : args[0]
  if (typeof first === 'object' && first !== null && 'port' in first) {
    const options = first as { port: unknown; host?: string }
    if (taken.includes(Number(options.port))) Object.assign(options, { port, host: '127.0.0.1' })
  }
  return connect.apply(this, args)
}

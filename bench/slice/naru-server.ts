/**
 * A broker in a process of its own, as a program that embeds it would have it: one listener, and the streams
 * it is told to make. It says `ready PORT` and closes in good order when it is asked to end.
 */
import { Broker } from '../../src/mod.ts'

/** What the workload asks for, as the only argument, in JSON. */
export type ServerPlan = {
  readonly directory: string
  readonly protocol: 'amqp' | 'kafka'
  readonly streams: readonly string[]
}

const { directory, protocol, streams } = JSON.parse(process.argv[2] ?? '') as ServerPlan
const broker = await Broker.open({
  dir: directory,
  listen: { [protocol]: 0 },
  onFailure: (error) => {
    throw error
  },
})
for (const name of streams) await broker.stream(name, { partitions: 1 })
process.once('SIGTERM', () => void broker.close())
const port = broker.urls[protocol]?.match(/:(\d+)\/?$/)?.[1]
process.stdout.write(`ready ${port}\n`)

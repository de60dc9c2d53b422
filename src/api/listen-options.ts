/**
 * What `listen` of `Broker.open` can be, and from there to the listeners and their addresses, or to one sentence
 * that says what is wrong. Pure: nothing is opened, so a mistake is told before anything is.
 */
import type { Address } from '../base/ports.ts'
import type { ListenerKind } from '../broker/listener.ts'
import { amqpListener } from '../gateway/amqp/kind.ts'
import { kafkaListener } from '../gateway/kafka/kind.ts'
import { lineListener } from '../gateway/line/kind.ts'
import { checkedOptions, LineOptionError, type LineQueueOptions } from '../gateway/line/options.ts'
import { BrokerError } from './errors.ts'
import { checkOptions } from './options.ts'

/** The port of each protocol on the loopback; 0 for any free one. */
export type ListenOptions = {
  readonly amqp?: number
  readonly kafka?: number
  /** What its clients send goes into the queue `line`, unless it is told more. */
  readonly line?: number | LineListen
}

type LineOption = 'queue' | 'framing' | 'bodies' | 'answers' | 'messageBytesMax' | 'clientsMax'

/**
 * A line socket, at a port or at the path of a Unix socket. It knows no password: behind a `host` other than the
 * loopback, whoever reaches it may send.
 */
export type LineListen = Pick<LineQueueOptions, LineOption> &
  ({ readonly port: number; readonly host?: string } | { readonly path: string })

export type PlannedListener = { readonly kind: ListenerKind; readonly address: Address }

const LOOPBACK = '127.0.0.1'
const NAMES = ['amqp', 'kafka', 'line'] as const
const LINE_OPTIONS: readonly LineOption[] = [
  'queue',
  'framing',
  'bodies',
  'answers',
  'messageBytesMax',
  'clientsMax',
]
const LINE_PLACE = ['port', 'path', 'host'] as const

/** What shall be opened, and where. Throws BrokerError. */
export function planListen(listen: ListenOptions): readonly PlannedListener[] {
  checkNames(listen)
  const planned: PlannedListener[] = []
  const { amqp, kafka, line } = listen
  if (amqp !== undefined) planned.push({ kind: amqpListener, address: loopback('amqp', amqp) })
  if (kafka !== undefined)
    planned.push({ kind: kafkaListener(), address: loopback('kafka', kafka) })
  if (line !== undefined) planned.push(planLine(line))
  return planned
}

/** The sentence of a line option that only the opening could judge. */
export function lineRefused(error: LineOptionError): BrokerError {
  return refused(error.message, { cause: error })
}

function checkNames(listen: object): void {
  const known: readonly string[] = NAMES
  const name = Object.keys(listen).find((each) => !known.includes(each))
  if (name === undefined) return
  throw new BrokerError('REFUSED', `no listener '${name}'; there are ${NAMES.join(', ')}`)
}

function planLine(line: number | LineListen): PlannedListener {
  if (typeof line !== 'object') {
    return { kind: lineListener(), address: loopback('line', line) }
  }
  checkOptions('listen.line', line, [...LINE_PLACE, ...LINE_OPTIONS])
  const address = lineAddress(line)
  const options = lineOptions(line)
  try {
    checkedOptions(options)
  } catch (error) {
    throw error instanceof LineOptionError ? lineRefused(error) : error
  }
  return { kind: lineListener(options), address }
}

/** Those that are given: one that is `undefined` is not. */
function lineOptions(line: LineListen): LineQueueOptions {
  const given = LINE_OPTIONS.filter((name) => line[name] !== undefined)
  return Object.fromEntries(given.map((name) => [name, line[name]]))
}

function lineAddress(line: LineListen): Address {
  const place: { readonly port?: number; readonly path?: string; readonly host?: string } = line
  const { port, path, host } = place
  if ((port === undefined) === (path === undefined)) {
    throw refused('either a port, or the path of a Unix socket')
  }
  if (path === undefined) {
    const address = loopback('line', port)
    return host === undefined ? address : { ...address, host }
  }
  if (host !== undefined) throw refused('a path is on this machine, so it has no host')
  if (typeof path !== 'string' || path === '') throw refused('path is the name of a socket file')
  return { kind: 'unix', path }
}

function loopback(name: string, port: unknown): Address & { readonly kind: 'tcp' } {
  if (Number.isInteger(port) && Number(port) >= 0 && Number(port) <= 65_535) {
    return { kind: 'tcp', host: LOOPBACK, port: Number(port) }
  }
  const sentence = `listen.${name}: a port is a number from 0 to 65535, not ${String(port)}`
  throw new BrokerError('REFUSED', sentence)
}

function refused(sentence: string, options?: ErrorOptions): BrokerError {
  return new BrokerError('REFUSED', `listen.line: ${sentence}`, options)
}

/**
 * The line socket as an entry of the table of listeners: what its clients send goes into a queue of the broker.
 * The gateway itself is loaded when the listener is opened.
 */
import type { Address } from '../../base/ports.ts'
import type { ListenerContext, ListenerKind, OpenListener } from '../../broker/listener.ts'
import type { LineQueueOptions } from './options.ts'

const DEFAULT_PORT = 12345

/** The queue that takes what comes, where no other is named. */
export const DEFAULT_QUEUE = 'line'

/** Opening it rejects with LineOptionError where an option cannot be. */
export function lineListener(options: LineQueueOptions = {}): ListenerKind {
  return {
    name: 'line',
    defaultPort: DEFAULT_PORT,
    description: 'plain sockets: every line a client sends is a message of a queue',
    open: (context) => openLine(context, options),
  }
}

async function openLine(context: ListenerContext, asked: LineQueueOptions): Promise<OpenListener> {
  const [{ openLineListener }, { openQueueSink }] = await Promise.all([
    import('./listener.ts'),
    import('./line-queue.ts'),
  ])
  const { world, address, log, broker } = context
  const { queue = DEFAULT_QUEUE, ...options } = asked
  const sink = await openQueueSink(broker, queue, options)
  const listener = await openLineListener({ world, address, log, sink, options })
  if (isOpenToOthers(address)) {
    log.warn(`line: whoever reaches ${urlOf(listener.address)} may send; there is no password`)
  }
  return {
    url: urlOf(listener.address),
    begin: () => {},
    close: () => listener.close(),
  }
}

function isOpenToOthers(address: Address): boolean {
  if (address.kind === 'unix') return false
  const { host } = address
  return !(host === 'localhost' || host === '::1' || /^127(\.\d+){3}$/.test(host))
}

function urlOf(address: Address): string {
  if (address.kind === 'unix') return `unix:${address.path}`
  const host = address.host.includes(':') ? `[${address.host}]` : address.host
  return `tcp://${host}:${address.port}`
}

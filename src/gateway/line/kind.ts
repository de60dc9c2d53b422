/**
 * The line socket as an entry of the command's table of listeners. Whoever makes the table says where the
 * messages go; the gateway itself is loaded when the listener is opened.
 */
import type { Address } from '../../base/ports.ts'
import type { ListenerContext, ListenerKind, OpenListener } from '../../broker/listener.ts'
import type { LineOptions } from './listener.ts'
import type { LineSink } from './sink.ts'

const DEFAULT_PORT = 12345

/** A sink, and what lets it go once the program around it is ready. */
export interface LineDrain {
  readonly sink: LineSink
  begin(): void
}

export function lineListener(
  drain: () => LineDrain | Promise<LineDrain>,
  options: LineOptions = {},
): ListenerKind {
  return {
    name: 'line',
    defaultPort: DEFAULT_PORT,
    description: 'plain sockets: every line a client sends is a message',
    open: async (context) => openLine(context, await drain(), options),
  }
}

async function openLine(
  context: ListenerContext,
  drain: LineDrain,
  options: LineOptions,
): Promise<OpenListener> {
  const { openLineListener } = await import('./listener.ts')
  const { world, address, log } = context
  const { sink } = drain
  const listener = await openLineListener({ world, address, log, sink, options })
  return {
    url: urlOf(listener.address),
    begin: () => drain.begin(),
    close: () => listener.close(),
  }
}

function urlOf(address: Address): string {
  if (address.kind === 'unix') return `unix:${address.path}`
  const host = address.host.includes(':') ? `[${address.host}]` : address.host
  return `tcp://${host}:${address.port}`
}

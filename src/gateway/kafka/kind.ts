/** Kafka as an entry of the command's table of listeners. The gateway itself is loaded when the listener is opened. */
import type { Address } from '../../base/ports.ts'
import type { ListenerContext, ListenerKind, OpenListener } from '../../broker/listener.ts'
import type { KafkaOptions } from './gateway.ts'

const DEFAULT_PORT = 9092

export function kafkaListener(options: Partial<KafkaOptions> = {}): ListenerKind {
  return {
    name: 'kafka',
    defaultPort: DEFAULT_PORT,
    description: 'Kafka clients: topics are streams, consumer groups keep their offsets',
    open: (context) => openKafka(context, options),
  }
}

async function openKafka(
  context: ListenerContext,
  options: Partial<KafkaOptions>,
): Promise<OpenListener> {
  const { openKafkaListener } = await import('./listener.ts')
  const { world, address, broker, log } = context
  const listener = await openKafkaListener({ world, address, broker, log, options })
  return {
    url: urlOf(listener.address),
    begin: () => {},
    close: () => listener.close(),
  }
}

/** As clients write it in `bootstrap.servers`. */
function urlOf(address: Address): string {
  if (address.kind === 'unix') return `unix:${address.path}`
  return address.host.includes(':')
    ? `[${address.host}]:${address.port}`
    : `${address.host}:${address.port}`
}

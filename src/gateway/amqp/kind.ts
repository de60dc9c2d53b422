/** AMQP as an entry of the command's table of listeners. The gateway itself is loaded when it is opened. */
import type { Address } from '../../base/ports.ts'
import type { ListenerContext, ListenerKind, OpenListener } from '../../broker/listener.ts'

export const amqpListener: ListenerKind = {
  name: 'amqp',
  defaultPort: 5672,
  description: 'AMQP 0-9-1: clients of RabbitMQ',
  open: openAmqp,
}

async function openAmqp({ address, log, broker }: ListenerContext): Promise<OpenListener> {
  const { openAmqpListener } = await import('./listener.ts')
  const listener = await openAmqpListener({ broker, address, log })
  return {
    url: urlOf(listener.address),
    begin: () => {},
    close: () => listener.close(),
  }
}

function urlOf(address: Address): string {
  if (address.kind === 'unix') return `amqp+unix:${address.path}`
  const host = address.host.includes(':') ? `[${address.host}]` : address.host
  return `amqp://${host}:${address.port}`
}

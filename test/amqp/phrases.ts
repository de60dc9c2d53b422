/** What clients of AMQP stories say besides publishing and consuming, with all that a story leaves out filled in. */
import { method } from './amqp-world.ts'

export function openChannel(channel: number): Uint8Array {
  return method(channel, 'channel.open', { outOfBand: '' })
}

export function selectConfirms(channel: number): Uint8Array {
  return method(channel, 'confirm.select', { noWait: false })
}

/** A publish without its content. */
export function bareHead(channel: number, routingKey: string, exchange = ''): Uint8Array {
  const flags = { mandatory: false, immediate: false }
  return method(channel, 'basic.publish', { ticket: 0, exchange, routingKey, ...flags })
}

export function declareDirect(channel: number, exchange: string): Uint8Array {
  return method(channel, 'exchange.declare', {
    ...{ ticket: 0, exchange, type: 'direct', passive: false, durable: false },
    ...{ autoDelete: false, internal: false, noWait: false, arguments: [] },
  })
}

export function deleteExchange(channel: number, exchange: string): Uint8Array {
  return method(channel, 'exchange.delete', { ticket: 0, exchange, ifUnused: false, noWait: false })
}

/** Binds a queue by its own name. */
export function bind(channel: number, exchange: string, queue: string): Uint8Array {
  const place = { ticket: 0, queue, exchange, routingKey: queue }
  return method(channel, 'queue.bind', { ...place, noWait: false, arguments: [] })
}

export function unbind(channel: number, exchange: string, queue: string): Uint8Array {
  const place = { ticket: 0, queue, exchange, routingKey: queue }
  return method(channel, 'queue.unbind', { ...place, arguments: [] })
}

export function deleteQueue(
  channel: number,
  queue: string,
  only: { readonly ifUnused?: boolean; readonly ifEmpty?: boolean } = {},
): Uint8Array {
  const { ifUnused = false, ifEmpty = false } = only
  return method(channel, 'queue.delete', { ticket: 0, queue, ifUnused, ifEmpty, noWait: false })
}

export function purge(channel: number, queue: string): Uint8Array {
  return method(channel, 'queue.purge', { ticket: 0, queue, noWait: false })
}

export function cancel(channel: number, consumerTag = 'c'): Uint8Array {
  return method(channel, 'basic.cancel', { consumerTag, noWait: false })
}

/** Takes the close of a channel for read, and opens it anew. */
export function reopen(channel: number): Uint8Array {
  return Buffer.concat([method(channel, 'channel.close-ok', {}), openChannel(channel)])
}

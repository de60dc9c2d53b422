/** Names as clients give them: what is stripped, which are the broker's own, and how queues are found. */
import type { Queue } from '../../machine/queue.ts'
import type { Channel } from './channel.ts'
import { type Reply, replyOf, replyTo } from './replies.ts'

/** RabbitMQ drops line ends from names, which came with somebody's configuration file. */
export function stripped(name: string): string {
  return name.replace(/[\r\n]/g, '')
}

/** New names of this beginning are the broker's own. */
export function checkReserved(what: 'queue' | 'exchange', name: string): Reply | null {
  if (!name.startsWith('amq.')) return null
  return replyOf('access-refused', `${what} name '${name}' contains reserved prefix 'amq.*'`)
}

export function checkNotDefault(exchange: string): Reply | null {
  if (exchange !== '') return null
  return replyOf('access-refused', 'operation not permitted on the default exchange')
}

/** The name, or for an empty one that of the queue which this channel declared last. */
export function queueNameOf(channel: Channel, given: string): string | Reply {
  const name = stripped(given)
  if (name !== '') return name
  if (channel.lastQueue !== '') return channel.lastQueue
  return replyOf('not-found', 'no previously declared queue')
}

/** A queue that this connection may use. */
export function usableQueue(channel: Channel, given: string): Queue | Reply {
  const { link } = channel
  const name = queueNameOf(channel, given)
  if (typeof name !== 'string') return name
  const queue = link.namespace.queues.get(name)
  if (queue === undefined) return replyTo({ kind: 'queue-missing', queue: name }, link.vhost)
  return checkOwner(channel, queue) ?? queue
}

/** Whether another connection has it to itself. */
export function checkOwner(channel: Channel, queue: Queue): Reply | null {
  const { link } = channel
  const owner = link.broker.ownerOf(queue)
  if (owner === null || owner === link) return null
  return replyTo({ kind: 'queue-locked', queue: queue.name }, link.vhost)
}

export function isReply(value: object): value is Reply {
  return 'ends' in value
}

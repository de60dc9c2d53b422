/** The class queue: declare, bind, unbind, purge, delete. */
import { Writer } from '../../base/writer.ts'
import type { Queue } from '../../machine/queue.ts'
import { isRefusal } from '../../machine/refusal.ts'
import { type FieldTable, writeTable } from '../../wire/amqp/field-table.ts'
import type { Fields } from '../../wire/amqp/method-codec.ts'
import { differingArgument, differingDurability, queueDurability, queueNotes } from './arguments.ts'
import type { Channel } from './channel.ts'
import type { Handlers, Outcome } from './handlers.ts'
import {
  checkNotDefault,
  checkOwner,
  checkReserved,
  isReply,
  queueNameOf,
  stripped,
  usableQueue,
} from './names.ts'
import { NOT_FOUND, queueText, replyTo } from './replies.ts'
import { differingTime, timeToLive } from './time-to-live.ts'

export const queueHandlers: Handlers = {
  'queue.declare': (channel, fields) =>
    fields.passive ? declarePassive(channel, fields) : declare(channel, fields),

  'queue.bind': async (channel, fields) => {
    const found = findBinding(channel, fields)
    if (isReply(found)) return found
    const { link } = channel
    const { exchange, binding } = found
    const refusal = await link.broker.declare.bind(link.namespace, exchange, binding)
    if (refusal !== null) return replyTo(refusal, link.vhost)
    if (!fields.noWait) channel.send('queue.bind-ok', {})
    return null
  },

  'queue.unbind': async (channel, fields) => {
    const name = queueNameOf(channel, fields.queue)
    if (typeof name !== 'string') return name
    const found = findBinding(channel, fields)
    // What is bound to nothing, or is not there, is unbound.
    const isMissing = isReply(found) && found.code === NOT_FOUND
    if (isReply(found) && !isMissing) return found
    const { link } = channel
    if (!isReply(found)) {
      const { exchange, binding } = found
      const refusal = await link.broker.declare.unbind(link.namespace, exchange, binding)
      if (refusal !== null) return replyTo(refusal, link.vhost)
    }
    channel.send('queue.unbind-ok', {})
    return null
  },

  'queue.purge': async (channel, { queue: name, noWait }) => {
    const queue = usableQueue(channel, name)
    if (isReply(queue)) return queue
    const messageCount = await channel.link.broker.declare.purge(queue)
    if (!noWait) channel.send('queue.purge-ok', { messageCount })
    return null
  },

  'queue.delete': async (channel, fields) => {
    const name = queueNameOf(channel, fields.queue)
    if (typeof name !== 'string') return name
    const { link } = channel
    const queue = link.namespace.queues.get(name)
    const locked = queue === undefined ? null : checkOwner(channel, queue)
    if (locked !== null) return locked
    const done = queue === undefined ? { messages: 0 } : await remove(channel, queue, fields)
    if (isRefusal(done)) return replyTo(done, link.vhost)
    if (!fields.noWait) channel.send('queue.delete-ok', { messageCount: done.messages })
    return null
  },
}

function remove(
  channel: Channel,
  queue: Queue,
  { ifUnused, ifEmpty }: Pick<Fields<'queue.delete'>, 'ifUnused' | 'ifEmpty'>,
): ReturnType<Channel['link']['broker']['declare']['deleteQueue']> {
  return channel.link.broker.declare.deleteQueue(queue, {
    ifUnused: ifUnused ? 'if-unused' : 'even-used',
    ifEmpty: ifEmpty ? 'if-empty' : 'even-full',
  })
}

function declarePassive(channel: Channel, fields: Fields<'queue.declare'>): Outcome {
  const { namespace, vhost } = channel.link
  // An empty name is no name here, and not that of the last queue.
  const name = stripped(fields.queue)
  const queue = namespace.queues.get(name)
  if (queue === undefined) return replyTo({ kind: 'queue-missing', queue: name }, vhost)
  return checkOwner(channel, queue) ?? declared(channel, queue, fields)
}

async function declare(channel: Channel, fields: Fields<'queue.declare'>): Promise<Outcome> {
  const { link } = channel
  const { broker, namespace, vhost } = link
  const given = stripped(fields.queue)
  const name = given === '' ? link.uniqueName('amq.gen-') : given
  const reserved = given === '' || namespace.queues.has(name) ? null : checkReserved('queue', name)
  if (reserved !== null) return reserved
  const notes = queueNotes(fields, { name, vhost })
  if (!(notes instanceof Uint8Array)) return notes
  const durability = queueDurability(fields, { name, vhost })
  if (durability !== null && typeof durability !== 'string') return durability
  const what = queueText(name, vhost)
  const messageTtlMs = timeToLive(fields.arguments, what, broker.limits.ttlMsMax)
  if (typeof messageTtlMs !== 'number') {
    const there = namespace.queues.get(name)
    if (there === undefined) return messageTtlMs
    // Compared before it is judged, for those who may know what it is.
    const current = there.options.messageTtlMs
    return checkOwner(channel, there) ?? differingTime(fields.arguments, current, what)
  }
  const { durable, autoDelete } = fields
  const owner = fields.exclusive ? link : null
  const queue = await broker.declare.queue(namespace, {
    name,
    options: { durable, autoDelete, notes, durability, messageTtlMs },
    owner,
  })
  if (isRefusal(queue)) {
    const current = namespace.queues.get(name)?.options
    if (queue.kind !== 'queue-differs' || current === undefined) return replyTo(queue, vhost)
    if (queue.field === 'notes') return differingArgument(notes, current.notes, { name, vhost })
    if (queue.field === 'messageTtlMs') {
      return differingTime(fields.arguments, current.messageTtlMs, what)
    }
    if (queue.field !== 'durability') return replyTo(queue, vhost)
    return differingDurability(durability, current.durability, { name, vhost })
  }
  if (owner !== null) link.own(queue)
  return declared(channel, queue, fields)
}

function declared(channel: Channel, queue: Queue, fields: Fields<'queue.declare'>): Outcome {
  channel.lastQueue = queue.name
  if (fields.noWait) return null
  channel.send('queue.declare-ok', {
    queue: queue.name,
    messageCount: queue.readyCount,
    consumerCount: channel.link.broker.consumerCount(queue),
  })
  return null
}

type Found = {
  readonly exchange: NonNullable<ReturnType<Channel['link']['namespace']['exchanges']['get']>>
  readonly binding: { readonly queue: Queue; readonly key: string; readonly notes: Uint8Array }
}

function findBinding(
  channel: Channel,
  fields: Pick<Fields<'queue.bind'>, 'queue' | 'exchange' | 'routingKey' | 'arguments'>,
): Found | Exclude<Outcome, null> {
  const { namespace, vhost } = channel.link
  const queueName = queueNameOf(channel, fields.queue)
  if (typeof queueName !== 'string') return queueName
  const name = stripped(fields.exchange)
  const refused = checkNotDefault(name)
  if (refused !== null) return refused
  const exchange = namespace.exchanges.get(name)
  if (exchange === undefined) return replyTo({ kind: 'exchange-missing', exchange: name }, vhost)
  const queue = usableQueue(channel, fields.queue)
  if (isReply(queue)) return queue
  // Neither a queue nor a key: both are the queue that was declared last.
  const isBare = fields.queue === '' && fields.routingKey === ''
  const key = isBare ? queueName : fields.routingKey
  return { exchange, binding: { queue, key, notes: notesOf(fields.arguments) } }
}

const NO_NOTES = new Uint8Array(0)

/** The arguments of a binding are part of what it is. */
function notesOf(table: FieldTable): Uint8Array {
  if (table.length === 0) return NO_NOTES
  const writer = new Writer()
  const sorted = table.toSorted((left, right) => (left.name < right.name ? -1 : 1))
  writeTable(writer, sorted)
  return writer.take()
}

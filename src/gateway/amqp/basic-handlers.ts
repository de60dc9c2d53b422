/** The class basic, but for what comes by the million: consume, cancel, get, qos, recover. */
import type { Fields } from '../../wire/amqp/method-codec.ts'
import { checkArguments } from './arguments.ts'
import type { Channel } from './channel.ts'
import type { Handlers, Outcome } from './handlers.ts'
import { isReply, usableQueue } from './names.ts'
import { replyOf, replyTo } from './replies.ts'

export const basicHandlers: Handlers = {
  'basic.qos': (channel, { prefetchSize, prefetchCount, global }) => {
    if (prefetchSize !== 0) {
      return replyOf('not-implemented', `prefetch_size!=0 (${prefetchSize})`)
    }
    if (global) channel.consumption.setWindow(prefetchCount)
    else channel.consumption.prefetch = prefetchCount
    channel.send('basic.qos-ok', {})
    return null
  },

  'basic.consume': (channel, fields) => consume(channel, fields),

  'basic.cancel': (channel, { consumerTag, noWait }) => {
    const subscription = channel.consumption.find(consumerTag)
    if (subscription !== undefined) channel.consumption.unsubscribe(subscription)
    if (!noWait) channel.send('basic.cancel-ok', { consumerTag })
    return null
  },

  'basic.get': (channel, { queue: name, noAck }) => {
    const queue = usableQueue(channel, name)
    if (isReply(queue)) return queue
    channel.consumption.get(queue, noAck ? 'none' : 'by-client')
    return null
  },

  'basic.recover': (channel, fields) => {
    const refused = recover(channel, fields)
    if (refused === null) channel.send('basic.recover-ok', {})
    return refused
  },

  'basic.recover-async': (channel, fields) => recover(channel, fields),
}

function recover(channel: Channel, { requeue }: Fields<'basic.recover'>): Outcome {
  if (!requeue) return replyOf('not-implemented', 'requeue=false')
  channel.consumption.recover()
  return null
}

function consume(channel: Channel, fields: Fields<'basic.consume'>): Outcome {
  const { link, consumption } = channel
  const { broker, vhost, limits } = link
  const unbuilt = checkArguments('consumer', fields.arguments)
  if (unbuilt !== null) return unbuilt
  const queue = usableQueue(channel, fields.queue)
  if (isReply(queue)) return queue
  const tag = fields.consumerTag === '' ? link.uniqueName('amq.ctag-') : fields.consumerTag
  if (consumption.find(tag) !== undefined) {
    return replyOf('not-allowed', `attempt to reuse consumer tag '${tag}'`)
  }
  const wantsAll = fields.exclusive && broker.consumerCount(queue) > 0
  if (wantsAll || broker.isTaken(queue)) {
    return replyTo({ kind: 'queue-taken', queue: queue.name }, vhost)
  }
  if (consumption.subscriptionCount >= limits.consumersPerChannel) {
    const max = limits.consumersPerChannel
    return replyTo({ kind: 'too-many', what: 'consumers on one channel', max }, vhost)
  }
  consumption.subscribe({
    tag,
    queue,
    acks: fields.noAck ? 'none' : 'by-client',
    share: fields.exclusive ? 'exclusive' : 'shared',
    prefetch: consumption.prefetch,
  })
  if (!fields.noWait) channel.send('basic.consume-ok', { consumerTag: tag })
  return null
}

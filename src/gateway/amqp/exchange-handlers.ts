/** The class exchange: declare and delete, of the kinds that the core has. */
import { isRefusal } from '../../machine/refusal.ts'
import type { Fields } from '../../wire/amqp/method-codec.ts'
import { checkArguments } from './arguments.ts'
import type { Channel } from './channel.ts'
import type { Handlers, Outcome } from './handlers.ts'
import { checkNotDefault, checkReserved, stripped } from './names.ts'
import { replyOf, replyTo } from './replies.ts'

export const exchangeHandlers: Handlers = {
  'exchange.declare': (channel, fields) => {
    const name = stripped(fields.exchange)
    const refused = checkNotDefault(name)
    if (refused !== null) return refused
    return fields.passive ? declarePassive(channel, name, fields) : declare(channel, name, fields)
  },

  'exchange.delete': async (channel, { exchange, ifUnused, noWait }) => {
    const name = stripped(exchange)
    const refused = checkNotDefault(name)
    if (refused !== null) return refused
    const { broker, namespace, vhost } = channel.link
    if (name.startsWith('amq.')) return replyTo({ kind: 'exchange-fixed', exchange: name }, vhost)
    const condition = ifUnused ? 'if-unused' : 'even-used'
    const refusal = await broker.declare.deleteExchange(namespace, name, condition)
    if (refusal !== null) return replyTo(refusal, vhost)
    if (!noWait) channel.send('exchange.delete-ok', {})
    return null
  },
}

function declarePassive(
  channel: Channel,
  name: string,
  { noWait }: Fields<'exchange.declare'>,
): Outcome {
  const { namespace, vhost } = channel.link
  if (!namespace.exchanges.has(name)) {
    return replyTo({ kind: 'exchange-missing', exchange: name }, vhost)
  }
  if (!noWait) channel.send('exchange.declare-ok', {})
  return null
}

/** Kinds that every RabbitMQ has: an exchange of the same name is another one, and not of an unknown kind. */
const unbuiltKinds: ReadonlySet<string> = new Set(['fanout', 'topic', 'headers'])

async function declare(
  channel: Channel,
  name: string,
  fields: Fields<'exchange.declare'>,
): Promise<Outcome> {
  const { broker, namespace, vhost } = channel.link
  const unbuilt = checkArguments('exchange', fields.arguments)
  if (unbuilt !== null) return unbuilt
  const reserved = namespace.exchanges.has(name) ? null : checkReserved('exchange', name)
  if (reserved !== null) return reserved
  const { type: kind, durable, autoDelete, internal } = fields
  const current = namespace.exchanges.get(name)?.options.kind ?? kind
  if (current !== kind && unbuiltKinds.has(kind)) {
    const field = 'kind'
    return replyTo({ kind: 'exchange-differs', exchange: name, field, asked: kind, current }, vhost)
  }
  if (unbuiltKinds.has(kind)) return replyOf('not-implemented', `exchange type '${kind}'`)
  const options = { kind, durable, autoDelete, internal }
  const exchange = await broker.declare.exchange(namespace, name, options)
  if (isRefusal(exchange)) return replyTo(exchange, vhost)
  if (!fields.noWait) channel.send('exchange.declare-ok', {})
  return null
}

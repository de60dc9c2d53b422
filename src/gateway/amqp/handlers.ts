/** What each method of an open channel does, by its name: the tables of the classes together. */
import type { Fields, Method, MethodName } from '../../wire/amqp/method-codec.ts'
import { basicHandlers } from './basic-handlers.ts'
import type { Channel } from './channel.ts'
import { exchangeHandlers } from './exchange-handlers.ts'
import { queueHandlers } from './queue-handlers.ts'
import { type Reply, replyOf } from './replies.ts'

/** `null`: done and answered. */
export type Outcome = Reply | null

export type Handlers = {
  readonly [N in MethodName]?: (channel: Channel, fields: Fields<N>) => Outcome | Promise<Outcome>
}

/** Known, and not built yet: said so, and not advertised. */
const unbuilt: ReadonlySet<MethodName> = new Set([
  'exchange.bind',
  'exchange.unbind',
  'tx.select',
  'tx.commit',
  'tx.rollback',
] as const)

const handlers: Handlers = {
  ...exchangeHandlers,
  ...queueHandlers,
  ...basicHandlers,

  'access.request': (channel) => {
    // From before 0-9-1; clients of that age ask and then send the number with everything.
    channel.send('access.request-ok', { ticket: 1 })
    return null
  },

  'channel.flow': (channel, { active }) => {
    if (!active) return replyOf('not-implemented', 'active=false')
    channel.send('channel.flow-ok', { active })
    return null
  },

  'confirm.select': (channel, { noWait }) => {
    channel.publisher.confirming.begin()
    if (!noWait) channel.send('confirm.select-ok', {})
    return null
  },
}

/** Does what the method says; answers what is wrong with it, when that is known. */
export function handle(channel: Channel, method: Method): Outcome | Promise<Outcome> {
  const { name, fields } = method
  if (unbuilt.has(name)) return replyOf('not-implemented', name)
  const handler = handlers[name] as
    | ((channel: Channel, fields: unknown) => Outcome | Promise<Outcome>)
    | undefined
  if (handler === undefined) return replyOf('command-invalid', 'unimplemented method')
  return handler(channel, fields)
}

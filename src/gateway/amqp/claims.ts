/**
 * Claims: what the properties of a message say that has to be judged before it is taken: who sent it, until when it is
 * wanted, and who else shall get a copy. Most messages say nothing of it, and cost a look at their flags.
 */
import { fieldOf } from '../../wire/amqp/field-table.ts'
import { decodeProperties } from '../../wire/amqp/properties.ts'
import { type Reply, replyOf } from './replies.ts'

/** Who else shall get the message, in RabbitMQ's own way. */
const copies = ['CC', 'BCC'] as const

/** Why a message of this user is not taken, or null. To be asked where its properties may claim something. */
export function judgeClaims(user: string, properties: Uint8Array): Reply | null {
  const { userId, expiration, headers } = decodeProperties(properties, 0, properties.length)
  if (userId !== null && userId !== user) {
    const text = `user_id property set to '${userId}' but authenticated user was '${user}'`
    return replyOf('precondition-failed', text)
  }
  // It is passed on, and not acted upon; what makes no sense is no time for anybody.
  if (expiration !== null && !/^\d+$/.test(expiration)) {
    const reason = /^-\d+$/.test(expiration) ? `{value_negative,${expiration}}` : 'no_integer'
    return replyOf('precondition-failed', `invalid expiration '${expiration}': ${reason}`)
  }
  // Those who are named would wait for what never comes.
  const name = copies.find((each) => headers !== null && fieldOf(headers, each) !== null)
  return name === undefined ? null : replyOf('not-implemented', `header '${name}' of a message`)
}

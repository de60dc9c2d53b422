/**
 * Claims: what the properties of a message say that has to be judged before it is taken: who sent it, until when it is
 * wanted, and who else shall get a copy. Most messages say nothing of it, and cost a look at their flags.
 */
import { NO_TTL } from '../../machine/message.ts'
import { fieldOf } from '../../wire/amqp/field-table.ts'
import { decodeProperties } from '../../wire/amqp/properties.ts'
import { type Reply, replyOf } from './replies.ts'

/** Who else shall get the message, in RabbitMQ's own way. */
const copies = ['CC', 'BCC'] as const

/** What a message claims is judged by: who sent it, and the longest time it may ask for. */
export type Judge = { readonly user: string; readonly ttlMsMax: number }

/**
 * How long a message may wait, in milliseconds or NO_TTL, or why it is not taken. To be asked where its properties may
 * claim something.
 */
export function judgeClaims({ user, ttlMsMax }: Judge, properties: Uint8Array): Reply | number {
  const { userId, expiration, headers } = decodeProperties(properties, 0, properties.length)
  if (userId !== null && userId !== user) {
    const text = `user_id property set to '${userId}' but authenticated user was '${user}'`
    return replyOf('precondition-failed', text)
  }
  const ttlMs = expiration === null ? NO_TTL : ttlOf(expiration, ttlMsMax)
  if (typeof ttlMs === 'string') {
    return replyOf('precondition-failed', `invalid expiration '${expiration}': ${ttlMs}`)
  }
  // Those who are named would wait for what never comes.
  const name = copies.find((each) => headers !== null && fieldOf(headers, each) !== null)
  return name === undefined ? ttlMs : replyOf('not-implemented', `header '${name}' of a message`)
}

const INTEGER = /^([+-]?\d+)(.*)$/s

/** The milliseconds, or why they are none, in the words of RabbitMQ. */
function ttlOf(expiration: string, ttlMsMax: number): number | string {
  const [, digits, rest = ''] = INTEGER.exec(expiration) ?? []
  if (digits === undefined) return 'no_integer'
  if (rest !== '') return `{leftover_string,${JSON.stringify(rest)}}`
  const ttlMs = BigInt(digits)
  if (ttlMs < 0n) return `{value_negative,${ttlMs}}`
  return ttlMs > BigInt(ttlMsMax) ? `{value_too_large,${ttlMs}}` : Number(ttlMs)
}

/**
 * Reply codes and texts: the only file that knows how AMQP says no, in the words of RabbitMQ, because clients
 * and people match on them. The table of refusals is total over what the core may refuse.
 */
import type { Fault } from '../../base/fault.ts'
import type { Refusal } from '../../machine/refusal.ts'
import { FRAME_BODY, FRAME_HEADER, FRAME_HEARTBEAT, FRAME_METHOD } from '../../wire/amqp/frame.ts'
import { SHORT_STRING_BYTES_MAX } from '../../wire/amqp/short-string.ts'

/** Those that end a channel; all others end the connection. */
const softCodes = {
  'no-route': [312, 'NO_ROUTE'],
  'access-refused': [403, 'ACCESS_REFUSED'],
  'not-found': [404, 'NOT_FOUND'],
  'resource-locked': [405, 'RESOURCE_LOCKED'],
  'precondition-failed': [406, 'PRECONDITION_FAILED'],
} as const

const hardCodes = {
  'connection-forced': [320, 'CONNECTION_FORCED'],
  'frame-error': [501, 'FRAME_ERROR'],
  'command-invalid': [503, 'COMMAND_INVALID'],
  'channel-error': [504, 'CHANNEL_ERROR'],
  'unexpected-frame': [505, 'UNEXPECTED_FRAME'],
  'resource-error': [506, 'RESOURCE_ERROR'],
  'not-allowed': [530, 'NOT_ALLOWED'],
  'not-implemented': [540, 'NOT_IMPLEMENTED'],
  'internal-error': [541, 'INTERNAL_ERROR'],
} as const

export type ReplyName = keyof typeof softCodes | keyof typeof hardCodes

const codes: Readonly<Record<ReplyName, readonly [code: number, label: string]>> = {
  ...softCodes,
  ...hardCodes,
}

/** Why something is not done, as the peer is told. */
export interface Reply {
  readonly ends: 'channel' | 'connection'
  readonly code: number
  readonly text: string
}

export function replyOf(name: ReplyName, explanation: string): Reply {
  const [code, label] = codes[name]
  const ends = name in softCodes ? 'channel' : 'connection'
  return { ends, code, text: shortened(`${label} - ${explanation}`) }
}

/** What is not there, when that is all right. */
export const NOT_FOUND: number = softCodes['not-found'][0]

/** The text of a mandatory message that nobody gets. */
export const noRoute: { readonly code: number; readonly text: string } = {
  code: softCodes['no-route'][0],
  text: softCodes['no-route'][1],
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Cut to what a short string holds, at a character. */
function shortened(text: string): string {
  const bytes = encoder.encode(text)
  if (bytes.length <= SHORT_STRING_BYTES_MAX) return text
  const whole = decoder.decode(bytes.subarray(0, SHORT_STRING_BYTES_MAX), { stream: true })
  decoder.decode()
  return whole
}

export function queueText(name: string, vhost: string): string {
  return `queue '${name}' in vhost '${vhost}'`
}

function exchangeText(name: string, vhost: string): string {
  return `exchange '${name}' in vhost '${vhost}'`
}

/** What a declaration asks for and what is there, of one property or argument. */
export function inequivalent(
  what: string,
  name: string,
  values: { readonly received: string; readonly current: string },
): Reply {
  const { received, current } = values
  const text = `inequivalent arg '${name}' for ${what}: received ${received} but current is ${current}`
  return replyOf('precondition-failed', text)
}

/** An argument whose value is none, or none that this queue can have. */
export function invalidArgument(name: string, what: string, reason: string): Reply {
  return replyOf('precondition-failed', `invalid arg '${name}' for ${what}: ${reason}`)
}

/** Our words for a property to those of the protocol. */
const propertyNames: Readonly<Record<string, string>> = {
  autoDelete: 'auto_delete',
  kind: 'type',
}

const LOCKED =
  'It could be originally declared on another connection or the exclusive property value ' +
  'does not match that of the original declaration.'

type Replies = {
  readonly [K in Refusal['kind']]: (refusal: Extract<Refusal, { kind: K }>, vhost: string) => Reply
}

const replies: Replies = {
  'namespace-missing': ({ namespace }) => replyOf('not-allowed', `vhost ${namespace} not found`),
  'name-invalid': ({ name, reason }) =>
    replyOf('precondition-failed', `invalid name '${name}': ${reason}`),
  'name-taken': ({ name, by }, vhost) =>
    replyOf('precondition-failed', `a ${by} has the name '${name}' in vhost '${vhost}' already`),
  'queue-missing': ({ queue }, vhost) => replyOf('not-found', `no ${queueText(queue, vhost)}`),
  'queue-differs': ({ queue, field, asked, current }, vhost) =>
    inequivalent(queueText(queue, vhost), propertyNames[field] ?? field, {
      received: `'${asked}'`,
      current: `'${current}'`,
    }),
  'queue-locked': ({ queue }, vhost) =>
    replyOf(
      'resource-locked',
      `cannot obtain exclusive access to locked ${queueText(queue, vhost)}. ${LOCKED}`,
    ),
  'queue-in-use': ({ queue }, vhost) =>
    replyOf('precondition-failed', `${queueText(queue, vhost)} in use`),
  'queue-not-empty': ({ queue }, vhost) =>
    replyOf('precondition-failed', `${queueText(queue, vhost)} not empty`),
  'queue-taken': ({ queue }, vhost) =>
    replyOf('access-refused', `${queueText(queue, vhost)} in exclusive use`),
  'exchange-missing': ({ exchange }, vhost) =>
    replyOf('not-found', `no ${exchangeText(exchange, vhost)}`),
  'exchange-kind-unknown': ({ exchangeKind }) =>
    replyOf('precondition-failed', `unknown exchange type '${exchangeKind}'`),
  'exchange-differs': ({ exchange, field, asked, current }, vhost) =>
    inequivalent(exchangeText(exchange, vhost), propertyNames[field] ?? field, {
      received: `'${asked}'`,
      current: `'${current}'`,
    }),
  'exchange-in-use': ({ exchange }, vhost) =>
    replyOf('precondition-failed', `${exchangeText(exchange, vhost)} in use`),
  'exchange-fixed': ({ exchange }, vhost) =>
    replyOf('access-refused', `deletion of system ${exchangeText(exchange, vhost)} not allowed`),
  'exchange-internal': ({ exchange }, vhost) =>
    replyOf('access-refused', `cannot publish to internal ${exchangeText(exchange, vhost)}`),
  // The core's own streams have no door in this gateway; a refusal about one is answered all the same.
  'stream-missing': ({ stream }, vhost) => replyOf('not-found', `no ${queueText(stream, vhost)}`),
  'stream-exists': ({ stream }, vhost) =>
    replyOf('precondition-failed', `a stream has the name '${stream}' in vhost '${vhost}' already`),
  'stream-differs': ({ stream, field, asked, current }, vhost) =>
    inequivalent(queueText(stream, vhost), field, {
      received: `'${asked}'`,
      current: `'${current}'`,
    }),
  'durability-impossible': ({ name, asked, reason }, vhost) =>
    invalidArgument(
      'x-durability',
      queueText(name, vhost),
      `'${asked}' is not possible: ${reason}`,
    ),
  'partitions-invalid': ({ asked, max }) =>
    replyOf('precondition-failed', `${asked} partitions, 1 to ${max} are possible`),
  'group-missing': ({ group }) => replyOf('not-found', `no group '${group}'`),
  'too-large': ({ sizeBytes, sizeBytesMax }) => tooLarge(sizeBytes, sizeBytesMax),
  'too-many': ({ what, max }) => replyOf('precondition-failed', `too many ${what}: limit ${max}`),
  full: () => replyOf('resource-error', 'the disk is full'),
  stopping: () => replyOf('connection-forced', 'the broker is stopping'),
}

export function replyTo(refusal: Refusal, vhost: string): Reply {
  const reply = replies[refusal.kind] as (refusal: Refusal, vhost: string) => Reply
  return reply(refusal, vhost)
}

export function tooLarge(size: number, sizeMax: number): Reply {
  const text = `message size ${size} is larger than configured max size ${sizeMax}`
  return replyOf('precondition-failed', text)
}

/** It cannot wait, because what it would wait for comes behind it on the same socket. */
export const tooMuchArriving: Reply = replyOf(
  'precondition-failed',
  'too many bytes of large messages are on their way already',
)

/** It has the room that others wait for. RabbitMQ has no such case; the code is for what there is not enough of. */
export function silentMidway(idleMs: number): Reply {
  const text = `nothing of a large message came for ${idleMs} ms while others waited to send theirs`
  return replyOf('resource-error', text)
}

/** What broken bytes are called. Every fault of a decoder is a frame that cannot be read. */
export function replyToFault(fault: Fault): Reply {
  if (fault.code === 'unknown-method') return replyOf('command-invalid', fault.message)
  return replyOf('frame-error', fault.message)
}

const FRAME_TYPES: ReadonlySet<number> = new Set([
  FRAME_METHOD,
  FRAME_HEADER,
  FRAME_BODY,
  FRAME_HEARTBEAT,
])

/** A frame that has no business where it came. */
export function strangeFrame(type: number, channel: number): Reply {
  const name = FRAME_TYPES.has(type) ? 'unexpected-frame' : 'frame-error'
  return replyOf(name, `frame of type ${type} on channel ${channel}`)
}

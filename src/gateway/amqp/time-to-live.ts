/**
 * How long the messages of a queue may wait, as its argument x-message-ttl says: which values there are, what is said
 * of others, and of one that differs from what was declared. The texts are RabbitMQ's.
 */
import { NO_TTL } from '../../machine/message.ts'
import { type FieldTable, type FieldValue, fieldOf, textOf } from '../../wire/amqp/field-table.ts'
import { inequivalent, invalidArgument, type Reply } from './replies.ts'

const NAME = 'x-message-ttl'

const typeNames: Readonly<Record<FieldValue['type'], string>> = {
  ...{ b: 'byte', B: 'unsignedbyte', s: 'short', u: 'unsignedshort', I: 'signedint' },
  ...{ i: 'unsignedint', l: 'long', L: 'long', f: 'float', d: 'double', D: 'decimal' },
  ...{ t: 'bool', T: 'timestamp', S: 'longstr', x: 'binary', A: 'array', F: 'table', V: 'void' },
}

const integers: ReadonlySet<FieldValue['type']> = new Set(['b', 'B', 's', 'u', 'I', 'i', 'l', 'L'])

/** Milliseconds, NO_TTL where the arguments say nothing of it, or why it is none. `what` is the queue, for people. */
export function timeToLive(table: FieldTable, what: string, ttlMsMax: number): number | Reply {
  const given = fieldOf(table, NAME)
  if (given === null) return NO_TTL
  const ttlMs = given.value
  const isNumber = typeof ttlMs === 'number' || typeof ttlMs === 'bigint'
  if (!isNumber || !integers.has(given.type)) {
    return invalidArgument(NAME, what, `"expected integer, got ${typeNames[given.type]}"`)
  }
  if (ttlMs < 0) return invalidArgument(NAME, what, `{value_negative,${ttlMs}}`)
  if (ttlMs > ttlMsMax) return invalidArgument(NAME, what, `{value_too_large,${ttlMs}}`)
  return Number(ttlMs)
}

/** A second declaration that is not as the first. */
export function differingTime(table: FieldTable, currentMs: number, what: string): Reply {
  const asked = fieldOf(table, NAME)
  if (asked !== null && currentMs !== NO_TTL) {
    return inequivalent(what, NAME, { received: `'${shown(asked)}'`, current: `'${currentMs}'` })
  }
  return inequivalent(what, NAME, {
    received: asked === null ? 'none' : described(shown(asked), asked.type),
    current: currentMs === NO_TTL ? 'none' : described(currentMs, typeOf(currentMs)),
  })
}

function shown(value: FieldValue): string {
  return textOf(value) ?? String(value.value)
}

function described(value: string | number, type: FieldValue['type']): string {
  return `the value '${value}' of type '${typeNames[type]}'`
}

/** What was declared is kept as a number; most clients write one in as many bytes as it needs, from four on. */
function typeOf(ttlMs: number): FieldValue['type'] {
  return ttlMs < 2 ** 31 ? 'I' : 'l'
}

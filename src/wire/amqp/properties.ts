/**
 * The properties of a message, as they follow the body's size in a content header. A broker passes them on byte
 * for byte, but for the header in delivery-count.ts; here they are checked where they lie, and decoded only when
 * somebody asks.
 *
 *   properties   = flags:u16 value*               a value for each flag that is set, highest flag first
 *   flags        : 15 contentType     14 contentEncoding  13 headers    12 deliveryMode  11 priority
 *                  10 correlationId    9 replyTo           8 expiration   7 messageId     6 timestamp
 *                   5 type             4 userId            3 appId        2 clusterId
 *                   1 unused           0 more flags follow: no known client sends that, and nobody may
 *   headers      : table
 *   deliveryMode, priority : u8
 *   timestamp    : u64 seconds since 1970
 *   all others   : shortstr
 */
import { Fault } from '../../base/fault.ts'
import { Reader } from '../../base/reader.ts'
import type { Writer } from '../../base/writer.ts'
import { EMPTY_TABLE, type FieldTable, readTable, scanTable, writeTable } from './field-table.ts'
import { readU64, u16At, writeU64 } from './integers.ts'
import { readShortString, writeShortString } from './short-string.ts'

/** Decoded; `null` where the message does not have it. */
export interface Properties {
  readonly contentType: string | null
  readonly contentEncoding: string | null
  readonly headers: FieldTable | null
  readonly deliveryMode: number | null
  readonly priority: number | null
  readonly correlationId: string | null
  readonly replyTo: string | null
  readonly expiration: string | null
  readonly messageId: string | null
  readonly timestamp: bigint | null
  readonly type: string | null
  readonly userId: string | null
  readonly appId: string | null
  readonly clusterId: string | null
}

const NO_PROPERTIES: Properties = {
  contentType: null,
  contentEncoding: null,
  headers: null,
  deliveryMode: null,
  priority: null,
  correlationId: null,
  replyTo: null,
  expiration: null,
  messageId: null,
  timestamp: null,
  type: null,
  userId: null,
  appId: null,
  clusterId: null,
}

const FLAG_CONTENT_TYPE = 1 << 15
const FLAG_CONTENT_ENCODING = 1 << 14
export const FLAG_HEADERS: number = 1 << 13
const FLAG_DELIVERY_MODE = 1 << 12
const FLAG_PRIORITY = 1 << 11
const FLAG_TIMESTAMP = 1 << 6
const FLAG_USER_ID = 1 << 4
const FLAG_EXPIRATION = 1 << 8
const FLAG_LOWEST = 1 << 2
const FLAGS_FOREIGN = 0b11

const [LETTER_B, LETTER_C] = [0x42, 0x43]

/** The delivery mode that asks for a message to survive a restart. */
export const DELIVERY_MODE_PERSISTENT = 2

/**
 * Checks the properties in [at, end) where they lie, without an object for them; answers the delivery mode,
 * 0 where there is none.
 */
export function scanProperties(bytes: Uint8Array, at: number, end: number): number {
  if (end - at < 2) throw new Fault('short-input', 'properties without their flags')
  const flags = u16At(bytes, at)
  if (flags === 0 && end - at === 2) return 0
  if (flags === FLAG_DELIVERY_MODE && end - at === 3) return bytes[at + 2]!
  return scanAll(bytes, at, end)
}

/**
 * Whether properties that were scanned may say something that a broker has to judge: who sent the message, until when
 * it is wanted, or who else shall get it (the headers CC and BCC). It may say so of a few that do not.
 */
export function mayClaim(bytes: Uint8Array, at: number, end: number): boolean {
  const flags = u16At(bytes, at)
  if ((flags & (FLAG_USER_ID | FLAG_EXPIRATION)) !== 0) return true
  if ((flags & FLAG_HEADERS) === 0) return false
  for (let place = at + 3; place < end; place++) {
    if (bytes[place] !== LETTER_C || bytes[place - 1] !== LETTER_C) continue
    const before = bytes[place - 2]
    if (before === 2 || (before === LETTER_B && bytes[place - 3] === 3)) return true
  }
  return false
}

/** Where the headers of the scanned properties at `at` begin, or would. */
export function headersAt(bytes: Uint8Array, at: number): number {
  const flags = u16At(bytes, at)
  let place = at + 2
  if ((flags & FLAG_CONTENT_TYPE) !== 0) place += 1 + bytes[place]!
  if ((flags & FLAG_CONTENT_ENCODING) !== 0) place += 1 + bytes[place]!
  return place
}

function scanAll(bytes: Uint8Array, start: number, end: number): number {
  const flags = u16At(bytes, start)
  checkFlags(flags)
  let at = start + 2
  let deliveryMode = 0
  for (let flag = 1 << 15; flag >= FLAG_LOWEST; flag >>= 1) {
    if ((flags & flag) === 0) continue
    if (at >= end) throw new Fault('short-input', 'properties end before their last value')
    if (flag === FLAG_HEADERS) at = scanTable(bytes, at, end)
    else if (flag === FLAG_TIMESTAMP) at += 8
    else if (flag === FLAG_PRIORITY) at += 1
    else if (flag === FLAG_DELIVERY_MODE) deliveryMode = bytes[at++]!
    else at += 1 + bytes[at]!
  }
  if (at !== end) throw new Fault('frame-error', 'properties and their size disagree')
  return deliveryMode
}

function checkFlags(flags: number): void {
  if ((flags & FLAGS_FOREIGN) !== 0) throw new Fault('frame-error', 'properties with unknown flags')
}

const NAMES: readonly (keyof Properties)[] = [
  'contentType',
  'contentEncoding',
  'headers',
  'deliveryMode',
  'priority',
  'correlationId',
  'replyTo',
  'expiration',
  'messageId',
  'timestamp',
  'type',
  'userId',
  'appId',
  'clusterId',
]

/** Decodes the properties in [at, end). Text that is not UTF-8 is a fault. */
export function decodeProperties(bytes: Uint8Array, at: number, end: number): Properties {
  const reader = new Reader(bytes, at, end)
  const flags = reader.u16be()
  checkFlags(flags)
  const properties: Record<string, unknown> = { ...NO_PROPERTIES }
  for (const [index, name] of NAMES.entries()) {
    if ((flags & (1 << (15 - index))) !== 0) properties[name] = readProperty(reader, name)
  }
  reader.end()
  return properties as unknown as Properties
}

function readProperty(reader: Reader, name: keyof Properties): unknown {
  switch (name) {
    case 'headers':
      return readTable(reader)
    case 'deliveryMode':
    case 'priority':
      return reader.u8()
    case 'timestamp':
      return readU64(reader)
    default:
      return readShortString(reader)
  }
}

/** Appends the flags and the values of those that are not `null`. */
export function writeProperties(writer: Writer, given: Partial<Properties>): void {
  const properties: Properties = { ...NO_PROPERTIES, ...given }
  const flagsAt = writer.reserve(2)
  let flags = 0
  for (const [index, name] of NAMES.entries()) {
    if (properties[name] === null) continue
    flags |= 1 << (15 - index)
    writeProperty(writer, name, properties)
  }
  writer.patchU16be(flagsAt, flags)
}

function writeProperty(writer: Writer, name: keyof Properties, properties: Properties): void {
  switch (name) {
    case 'headers':
      writeTable(writer, properties.headers ?? EMPTY_TABLE)
      break
    case 'deliveryMode':
    case 'priority':
      writer.u8(properties[name] ?? 0)
      break
    case 'timestamp':
      writeU64(writer, properties.timestamp ?? 0n)
      break
    default:
      writeShortString(writer, properties[name] ?? '')
      break
  }
}

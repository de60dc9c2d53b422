/**
 * The message as it lies in the journal: who gets it, how it was addressed, its properties and its body,
 * the last two exactly as the producer sent them. Written once, whatever the number of queues.
 *
 *   message    = flags:u8 format:u8 more:u16 propertiesSize:u32 target*more head properties body times
 *   target     = queue:u32 sequence:u48            the first target stands in the entry's own head
 *   head       = exchange:str8 key:str8            str8 = size:u8 bytes, UTF-8
 *   flags      : 1 the first target is marked by this very entry, see Queue.mark     2 it has times
 *   times      = nothing, or published:u48 expires:u48*(1+more), in journal time: when each target lets it go, the
 *                first one's first; 0 for never
 *   format     : who reads the properties: 0 plain, 1 AMQP, 2 Kafka
 *
 * The frame around it has a checksum; nothing here is checked again.
 */
import { copyBytes, EMPTY } from '../base/bytes.ts'
import { type EntryView, setU32At, setU48At, u32At, u48At } from './entry.ts'
import type { Queue } from './queue.ts'

// In which protocol's terms properties or batches are written; `plain` is our own.
export const FORMAT_PLAIN = 0
export const FORMAT_AMQP = 1
export const FORMAT_KAFKA = 2

export const MESSAGE_MARKS = 1
export const MESSAGE_EXPIRES = 2

const FIXED_SIZE = 8
const TARGET_SIZE = 10
const TIME_SIZE = 6

/** In place of a time to live: as long as it takes. */
export const NO_TTL = -1

/** What is published: views of somebody else's memory, used before the call returns. One object is reused. */
export class Content {
  format: number = FORMAT_PLAIN
  properties: Uint8Array = EMPTY
  propertiesAt = 0
  propertiesSize = 0
  body: Uint8Array = EMPTY
  bodyAt = 0
  bodySize = 0
  /** How long it may wait in a queue, in milliseconds, or NO_TTL. */
  ttlMs: number = NO_TTL
}

/** Bytes that the message takes in the journal with `targets` targets. */
export function messageSize(head: Uint8Array, content: Content, targets: number): number {
  const more = Math.max(0, targets - 1)
  return FIXED_SIZE + more * TARGET_SIZE + head.length + content.propertiesSize + content.bodySize
}

export type Outgoing = {
  readonly flags: number
  readonly head: Uint8Array
  /** In the order in which the entry names them; each gets its next sequence. */
  readonly targets: readonly Queue[]
}

export function writeMessage(
  bytes: Uint8Array,
  start: number,
  outgoing: Outgoing,
  content: Content,
): void {
  const { flags, head, targets } = outgoing
  const more = Math.max(0, targets.length - 1)
  bytes[start] = flags
  bytes[start + 1] = content.format
  bytes[start + 2] = more
  bytes[start + 3] = more >>> 8
  setU32At(bytes, start + 4, content.propertiesSize)
  let at = start + FIXED_SIZE
  for (let index = 1; index <= more; index++) {
    const target = targets[index]!
    setU32At(bytes, at, target.id)
    setU48At(bytes, at + 4, target.nextSequence)
    at += TARGET_SIZE
  }
  at = copyBytes(head, 0, head.length, bytes, at)
  at = copyBytes(content.properties, content.propertiesAt, content.propertiesSize, bytes, at)
  copyBytes(content.body, content.bodyAt, content.bodySize, bytes, at)
}

/** Bytes that its times take, behind it. */
export function timesSize(targets: number): number {
  return (1 + targets) * TIME_SIZE
}

/** `expiries` has one for each target. */
export function writeTimes(
  bytes: Uint8Array,
  start: number,
  times: { readonly publishedMs: number; readonly expiries: readonly number[] },
): void {
  setU48At(bytes, start, times.publishedMs)
  for (let index = 0; index < times.expiries.length; index++) {
    setU48At(bytes, start + (1 + index) * TIME_SIZE, times.expiries[index]!)
  }
}

/** When an entry with times was published. */
export function publishedMsOf(entry: EntryView): number {
  return u48At(entry.bytes, timesAt(entry))
}

/** When a target lets it go, 0 for never; `index` 0 is the entry's own. Of an entry with times. */
export function expiryAt(entry: EntryView, index: number): number {
  return u48At(entry.bytes, timesAt(entry) + (1 + index) * TIME_SIZE)
}

function timesAt(entry: EntryView): number {
  return entry.bodyAt + entry.bodySize - timesSize(1 + moreTargets(entry))
}

/** Where the parts of a stored message lie. One object is reused; valid as long as the bytes are. */
export class MessageView {
  bytes: Uint8Array = EMPTY
  flags = 0
  format: number = FORMAT_PLAIN
  /** The exchange and the key, each behind its size, as they were given. */
  headAt = 0
  headSize = 0
  propertiesAt = 0
  propertiesSize = 0
  bodyAt = 0
  bodySize = 0

  enter(entry: EntryView): void {
    const { bytes, bodyAt: start } = entry
    const more = bytes[start + 2]! + bytes[start + 3]! * 256
    this.bytes = bytes
    this.flags = bytes[start]!
    this.format = bytes[start + 1]!
    this.propertiesSize = u32At(bytes, start + 4)
    this.headAt = start + FIXED_SIZE + more * TARGET_SIZE
    const keyAt = this.headAt + 1 + bytes[this.headAt]!
    this.headSize = keyAt + 1 + bytes[keyAt]! - this.headAt
    this.propertiesAt = this.headAt + this.headSize
    this.bodyAt = this.propertiesAt + this.propertiesSize
    const timed = (this.flags & MESSAGE_EXPIRES) === 0 ? 0 : timesSize(1 + more)
    this.bodySize = start + entry.bodySize - timed - this.bodyAt
  }
}

/** How many targets the entry names besides the first. */
export function moreTargets(entry: EntryView): number {
  return entry.bytes[entry.bodyAt + 2]! + entry.bytes[entry.bodyAt + 3]! * 256
}

/** The queue and the sequence of target `index`, 0 being the first one behind the entry's own. */
export function targetAt(entry: EntryView, index: number): { queue: number; sequence: number } {
  const at = entry.bodyAt + FIXED_SIZE + index * TARGET_SIZE
  return { queue: u32At(entry.bytes, at), sequence: u48At(entry.bytes, at + 4) }
}

export function flagsOf(entry: EntryView): number {
  return entry.bytes[entry.bodyAt]!
}

const encoder = new TextEncoder()

/** The stored form of how a message is addressed. Names were checked to be at most 255 bytes. */
export function encodeHead(exchange: string, key: string): Uint8Array {
  const [left, right] = [encoder.encode(exchange), encoder.encode(key)]
  const head = new Uint8Array(2 + left.length + right.length)
  head[0] = left.length
  head.set(left, 1)
  head[1 + left.length] = right.length
  head.set(right, 2 + left.length)
  return head
}

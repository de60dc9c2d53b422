/**
 * Our own form of the records of a batch. Their offsets are those of the batch and dense, so none is kept.
 *
 *   records = record*
 *   record  = flags:u8 pad:u8 time:u48 keySize:u32 bodySize:u32 key body      16 bytes, then key and body
 *   flags   : 1 it has a key (else keySize is 0), bits 1 and 2 the kind of the body: 0 bytes, 1 text, 2 JSON
 */
import { assert } from '../../base/assert.ts'
import { EMPTY } from '../../base/bytes.ts'
import { Fault } from '../../base/fault.ts'
import type { BodyKind } from './body.ts'
import { bodyKindOf, codeOfKind } from './body.ts'

const HEADER_SIZE = 16
const FLAG_KEY = 1
const WORD = 2 ** 32

/** One record to be written; `key` null for none. Bytes are views. */
export type PlainRecord = {
  readonly key: Uint8Array | null
  readonly kind: BodyKind
  readonly body: Uint8Array
  readonly timeMs: number
}

/** Fills memory of its own with records, and is used again. */
export class PlainRecordsWriter {
  #bytes: Uint8Array
  size = 0
  count = 0
  /** The newest record's. */
  timeMs = 0

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity)
  }

  get bytes(): Uint8Array {
    return this.#bytes
  }

  add(record: PlainRecord): void {
    const { body, key, kind, timeMs } = record
    const keySize = key === null ? 0 : key.length
    const at = this.size
    const end = at + HEADER_SIZE + keySize + body.length
    if (end > this.#bytes.length) this.#grow(end)
    const bytes = this.#bytes
    bytes[at] = (key === null ? 0 : FLAG_KEY) | (codeOfKind(kind) << 1)
    bytes[at + 1] = 0
    setU32(bytes, at + 2, timeMs % WORD)
    const high = Math.floor(timeMs / WORD)
    bytes[at + 6] = high
    bytes[at + 7] = high >>> 8
    setU32(bytes, at + 8, keySize)
    setU32(bytes, at + 12, body.length)
    if (key !== null) bytes.set(key, at + HEADER_SIZE)
    bytes.set(body, at + HEADER_SIZE + keySize)
    this.size = end
    this.count++
    if (timeMs > this.timeMs) this.timeMs = timeMs
  }

  reset(): void {
    this.size = 0
    this.count = 0
    this.timeMs = 0
  }

  #grow(size: number): void {
    const grown = new Uint8Array(Math.max(size, this.#bytes.length * 2))
    grown.set(this.#bytes.subarray(0, this.size))
    this.#bytes = grown
  }
}

/** A record that was read: views of the memory it was read from. */
export type ReadRecord = {
  readonly key: Uint8Array | null
  readonly kind: BodyKind
  readonly body: Uint8Array
  readonly timeMs: number
}

/** Reads `count` records that fill [at, end) of `bytes`. */
export function readPlainRecords(
  bytes: Uint8Array,
  range: { readonly at: number; readonly end: number },
  count: number,
): ReadRecord[] {
  assert(range.end <= bytes.length, 'records out of range')
  const records: ReadRecord[] = []
  let at = range.at
  for (let index = 0; index < count; index++) {
    if (range.end - at < HEADER_SIZE) throw new Fault('records-short', 'a record is cut off')
    const flags = bytes[at]!
    const timeMs = u32(bytes, at + 2) + (bytes[at + 6]! + bytes[at + 7]! * 256) * WORD
    const keySize = u32(bytes, at + 8)
    const bodySize = u32(bytes, at + 12)
    const keyAt = at + HEADER_SIZE
    const bodyAt = keyAt + keySize
    at = bodyAt + bodySize
    if (at > range.end) throw new Fault('records-short', 'a record is cut off')
    const key = (flags & FLAG_KEY) === 0 ? null : bytes.subarray(keyAt, bodyAt)
    const body = bodySize === 0 ? EMPTY : bytes.subarray(bodyAt, at)
    records.push({ key, kind: bodyKindOf(flags >> 1), body, timeMs })
  }
  if (at !== range.end) throw new Fault('records-long', 'bytes behind the last record')
  return records
}

function u32(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16)) + bytes[at + 3]! * 0x1_00_00_00
  )
}

function setU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value
  bytes[at + 1] = value >>> 8
  bytes[at + 2] = value >>> 16
  bytes[at + 3] = value >>> 24
}

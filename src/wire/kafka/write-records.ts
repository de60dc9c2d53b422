/** Writes a record batch of format 2, uncompressed, with its checksum; the twin of read-records.ts. */
import { crc32c } from '@node-rs/crc32'
import { assert } from '../../base/assert.ts'
import { BATCH_HEADER_BYTES } from './batch.ts'
import type { KafkaHeader, KafkaRecord } from './read-records.ts'
import { varintSize, writeVarint } from './varint.ts'
import { WireWriter } from './writer.ts'

const CRC_AT = 17
const ATTRIBUTES_AT = 21
const SIZE_END = 12
const NOBODY = -1 // neither producer nor transaction, nor a place in its sequence

/**
 * The batch as a producer without a number sends it: its first offset and the leader's epoch are for `placeBatch`.
 * At least one record.
 */
export function writeRecords(records: readonly KafkaRecord[]): Uint8Array {
  const first = records[0]
  assert(first !== undefined, 'a batch has a record')
  const base = first.timestampMs
  const sizes = records.map((record, index) => sizeOf(record, base, index))
  const size = sizes.reduce((sum, each) => sum + varintSize(each) + each, BATCH_HEADER_BYTES)
  const w = new WireWriter({ capacity: size })
  writeHead(w, records, size)
  for (const [index, record] of records.entries()) {
    writeVarint(w, sizes[index]!)
    writeRecord(w, record, { base, index })
  }
  const bytes = w.take()
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  view.setUint32(CRC_AT, crc32c(bytes.subarray(ATTRIBUTES_AT)) >>> 0)
  return bytes
}

function writeHead(w: WireWriter, records: readonly KafkaRecord[], size: number): void {
  const latest = records.reduce((max, { timestampMs }) => Math.max(max, timestampMs), NOBODY)
  w.i64(0)
  w.i32(size - SIZE_END)
  w.i32(NOBODY)
  w.i8(2)
  w.i32(0)
  w.i16(0)
  w.i32(records.length - 1)
  w.i64(records[0]!.timestampMs)
  w.i64(latest)
  w.i64(NOBODY)
  w.i16(NOBODY)
  w.i32(NOBODY)
  w.i32(records.length)
  assert(w.size === BATCH_HEADER_BYTES, 'the head of a batch')
}

function writeRecord(
  w: WireWriter,
  { timestampMs, key, value, headers }: KafkaRecord,
  { base, index }: { readonly base: number; readonly index: number },
): void {
  w.i8(0)
  writeVarint(w, timestampMs - base)
  writeVarint(w, index)
  writeNullable(w, key)
  writeNullable(w, value)
  writeVarint(w, headers.length)
  for (const header of headers) {
    const name = encoder.encode(header.name)
    writeNullable(w, name)
    writeNullable(w, header.value)
  }
}

function writeNullable(w: WireWriter, bytes: Uint8Array | null): void {
  writeVarint(w, bytes === null ? -1 : bytes.length)
  if (bytes !== null) w.bytes(bytes)
}

function sizeOf(
  { timestampMs, key, value, headers }: KafkaRecord,
  base: number,
  index: number,
): number {
  const fixed = 1 + varintSize(timestampMs - base) + varintSize(index)
  const all = headers.reduce((sum, header) => sum + headerSize(header), varintSize(headers.length))
  return fixed + nullableSize(key) + nullableSize(value) + all
}

function headerSize({ name, value }: KafkaHeader): number {
  return nullableSize(encoder.encode(name)) + nullableSize(value)
}

function nullableSize(bytes: Uint8Array | null): number {
  return bytes === null ? varintSize(-1) : varintSize(bytes.length) + bytes.length
}

const encoder = new TextEncoder()

/**
 * What a raw Kafka load client sends: Produce in version 3 and Fetch in version 4, the oldest with record
 * batches of today, encoded by hand and beforehand. Encodes only; it never reads.
 */
import { crc32c } from '@node-rs/crc32'

// request = size:i32 api:i16 version:i16 correlation:i32 client:str16 body      all integers big-endian
// record  = length:varint attributes:i8 time:varint offset:varint -1 size:varint body 0
// The 61 bytes before the records of a batch: see the numbers below. The checksum covers all from 21 on.

const PRODUCE = 0
const PRODUCE_VERSION = 3
const FETCH = 1
const FETCH_VERSION = 4
export const BATCH_HEADER_SIZE = 61
const LENGTH_AT = 8
const MAGIC_AT = 16
const CRC_AT = 17
const ATTRIBUTES_AT = 21
export const LAST_DELTA_AT = 23
const PRODUCER_AT = 43
export const COUNT_AT = 57
const NOT_IDEMPOTENT = -1
const PARTITION = 0
const TIMEOUT_MS = 30_000

/** A batch of records without keys, all with the same body. */
export function recordBatch(count: number, body: Uint8Array): Buffer {
  const records: Buffer[] = []
  for (let delta = 0; delta < count; delta++) {
    const parts = [
      u8(0),
      varint(0),
      varint(delta),
      varint(-1),
      varint(body.length),
      body,
      varint(0),
    ]
    const record = Buffer.concat(parts)
    records.push(varint(record.length), record)
  }
  const batch = Buffer.concat([Buffer.alloc(BATCH_HEADER_SIZE), ...records])
  batch.writeInt32BE(batch.length - LENGTH_AT - 4, LENGTH_AT)
  batch.writeInt8(2, MAGIC_AT)
  batch.writeInt32BE(count - 1, LAST_DELTA_AT)
  const nowMs = BigInt(Date.now())
  batch.writeBigInt64BE(nowMs, LAST_DELTA_AT + 4)
  batch.writeBigInt64BE(nowMs, LAST_DELTA_AT + 12)
  batch.writeBigInt64BE(BigInt(NOT_IDEMPOTENT), PRODUCER_AT)
  batch.writeInt16BE(NOT_IDEMPOTENT, PRODUCER_AT + 8)
  batch.writeInt32BE(NOT_IDEMPOTENT, PRODUCER_AT + 10)
  batch.writeInt32BE(count, COUNT_AT)
  batch.writeUInt32BE(crc32c(batch.subarray(ATTRIBUTES_AT)) >>> 0, CRC_AT)
  return batch
}

/** Produces a batch to partition 0, acknowledged when it is as safe as it gets. */
export function produceRequest(topic: string, batch: Uint8Array): Buffer {
  const NO_TRANSACTION = i16(-1)
  const ALL = i16(-1)
  const partition = [i32(1), i32(PARTITION), i32(batch.length), batch]
  const body = [NO_TRANSACTION, ALL, i32(TIMEOUT_MS), i32(1), text(topic), ...partition]
  return request(PRODUCE, PRODUCE_VERSION, body)
}

export type FetchPlan = {
  readonly topic: string
  readonly offset: number
  readonly bytesMax: number
}

/** Fetches partition 0 from an offset on; waits while there is nothing. */
export function fetchRequest({ topic, offset, bytesMax }: FetchPlan): Buffer {
  const NO_REPLICA = i32(-1)
  const limits = [i32(TIMEOUT_MS), i32(1), i32(bytesMax), u8(0)]
  const partition = [i32(1), i32(PARTITION), i64(offset), i32(bytesMax)]
  return request(FETCH, FETCH_VERSION, [NO_REPLICA, ...limits, i32(1), text(topic), ...partition])
}

function request(api: number, version: number, body: readonly Uint8Array[]): Buffer {
  const CORRELATION = i32(0) // answers come in the order of the requests
  const rest = Buffer.concat([i16(api), i16(version), CORRELATION, text('bench'), ...body])
  return Buffer.concat([i32(rest.length), rest])
}

function u8(value: number): Buffer {
  return Buffer.of(value)
}

function i16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(value)
  return bytes
}

function i32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

function i64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(BigInt(value))
  return bytes
}

function text(value: string): Buffer {
  return Buffer.concat([i16(Buffer.byteLength(value)), Buffer.from(value)])
}

/** Zigzag, then seven bits a byte, the lowest first. */
function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value < 0 ? -2 * value - 1 : 2 * value
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128)
  bytes.push(rest)
  return Buffer.from(bytes)
}

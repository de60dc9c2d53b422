/**
 * The record batch, format 2, as producers send it and we store it. Only the 61 bytes of its header
 * are read; the records are never touched. A batch is judged here and given its place in the log.
 */
import { crc32c } from '@node-rs/crc32'
import type { ErrorName } from './error-codes.ts'

//  0 baseOffset(8)  8 batchLength(4)  12 leaderEpoch(4)  16 magic(1)  17 crc(4)
// 21 attributes(2) 23 lastOffsetDelta(4) 27 baseTimestamp(8) 35 maxTimestamp(8)
// 43 producerId(8) 51 producerEpoch(2)   53 baseSequence(4)  57 recordCount(4)  61 records
// batchLength counts what follows it; the CRC covers everything from the attributes on. So the first
// offset and the leader epoch may be written into a batch without a new CRC, and are.
const SIZE_END = 12
const EPOCH_AT = 12
const MAGIC_AT = 16
const CRC_AT = 17
const ATTRIBUTES_AT = 21
const LAST_DELTA_AT = 23
const BASE_TIME_AT = 27
const MAX_TIME_AT = 35
const PRODUCER_AT = 43
const COUNT_AT = 57
export const BATCH_HEADER_BYTES = 61

/** Length, attributes, time, offset, key, value, headers: a byte each where there is nothing to say. */
const RECORD_BYTES_MIN = 7

const CODEC_MASK = 0x07
const CODEC_ZSTD = 4
const APPEND_TIME = 0x08
const TRANSACTIONAL = 0x10
const CONTROL = 0x20
const WORD = 2 ** 32

/** The header of a batch that is sound. */
export interface Batch {
  readonly sizeBytes: number
  readonly count: number
  /** 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd. */
  readonly codec: number
  readonly timestampBase: number
  /** -1: the producer has none. */
  readonly timestampMax: number
}

/** Why a batch is not taken: the name of the error and words for people. */
export class BatchFlaw {
  readonly error: ErrorName
  readonly text: string
  constructor(error: ErrorName, text: string) {
    this.error = error
    this.text = text
  }
}

export interface BatchRules {
  readonly sizeBytesMax: number
  /** Version of the request: zstd came late. */
  readonly produceVersion: number
  /** A producer's clock may not be ahead of this. */
  readonly timestampMax: number
}

const ZSTD_VERSION_MIN = 7

/** Judges what a producer sent for one partition: exactly one sound batch, or the flaw. */
export function judgeBatch(bytes: Uint8Array | null, rules: BatchRules): Batch | BatchFlaw {
  if (bytes === null || bytes.length === 0) return flaw('INVALID_RECORD', 'no record batch')
  if (bytes.length <= MAGIC_AT) return flaw('CORRUPT_MESSAGE', 'shorter than a batch header')
  if (bytes[MAGIC_AT] !== 2)
    return flaw('INVALID_RECORD', 'only record batches of format 2 are taken')
  if (bytes.length < BATCH_HEADER_BYTES) {
    return flaw('CORRUPT_MESSAGE', 'shorter than a batch header')
  }
  const view = viewOf(bytes)
  const sizeBytes = view.getInt32(8) + SIZE_END
  if (sizeBytes < BATCH_HEADER_BYTES || sizeBytes > bytes.length) {
    return flaw('CORRUPT_MESSAGE', 'the batch is not as long as it says')
  }
  if (sizeBytes < bytes.length) return flaw('INVALID_RECORD', 'more than one batch for a partition')
  if (sizeBytes > rules.sizeBytesMax) {
    return flaw('MESSAGE_TOO_LARGE', `a batch of ${sizeBytes} bytes; ${rules.sizeBytesMax} fit`)
  }
  if (view.getUint32(CRC_AT) !== crc32c(bytes.subarray(ATTRIBUTES_AT)) >>> 0) {
    return flaw('CORRUPT_MESSAGE', 'the checksum of the batch is wrong')
  }
  return judgeHeader(view, sizeBytes, rules)
}

/** Reads a batch that was judged before it was stored. */
export function readStoredBatch(bytes: Uint8Array): Batch {
  const view = viewOf(bytes)
  return readHeader(view, view.getInt32(8) + SIZE_END)
}

function judgeHeader(view: DataView, sizeBytes: number, rules: BatchRules): Batch | BatchFlaw {
  const attributes = view.getInt16(ATTRIBUTES_AT)
  const codec = attributes & CODEC_MASK
  const count = view.getInt32(COUNT_AT)
  if (codec > CODEC_ZSTD || (codec === CODEC_ZSTD && rules.produceVersion < ZSTD_VERSION_MIN)) {
    return flaw('UNSUPPORTED_COMPRESSION_TYPE', `compression ${codec} is not taken`)
  }
  if ((attributes & APPEND_TIME) !== 0) {
    return flaw('INVALID_TIMESTAMP', 'a producer does not set the append time')
  }
  if ((attributes & CONTROL) !== 0) {
    return flaw('INVALID_RECORD', 'a producer does not write control batches')
  }
  if ((attributes & TRANSACTIONAL) !== 0) {
    return flaw('INVALID_TXN_STATE', 'the batch belongs to a transaction that is not open')
  }
  if (count <= 0 || view.getInt32(LAST_DELTA_AT) !== count - 1) {
    return flaw('INVALID_RECORD', 'the count of records and the last offset do not agree')
  }
  if (codec === 0 && count * RECORD_BYTES_MIN > sizeBytes - BATCH_HEADER_BYTES) {
    return flaw('INVALID_RECORD', 'the batch is too short for so many records')
  }
  // Without producer state nobody could tell a retry from a second batch: taking it would break
  // the promise that its number makes.
  if (view.getInt32(PRODUCER_AT) >= 0) {
    return flaw('UNSUPPORTED_FOR_MESSAGE_FORMAT', 'idempotent producers are not served')
  }
  const batch = readHeader(view, sizeBytes)
  if (!(batch.timestampMax >= -1 && batch.timestampMax <= rules.timestampMax)) {
    return flaw('INVALID_TIMESTAMP', 'the timestamp of the batch is out of range')
  }
  return batch
}

function readHeader(view: DataView, sizeBytes: number): Batch {
  return {
    sizeBytes,
    count: view.getInt32(COUNT_AT),
    codec: view.getInt16(ATTRIBUTES_AT) & CODEC_MASK,
    timestampBase: view.getInt32(BASE_TIME_AT) * WORD + view.getUint32(BASE_TIME_AT + 4),
    timestampMax: view.getInt32(MAX_TIME_AT) * WORD + view.getUint32(MAX_TIME_AT + 4),
  }
}

/** Writes the place of a batch in its log into its header, where no CRC covers it. */
export function placeBatch(bytes: Uint8Array, baseOffset: number, leaderEpoch: number): void {
  const view = viewOf(bytes)
  view.setUint32(0, Math.floor(baseOffset / WORD))
  view.setUint32(4, baseOffset >>> 0)
  view.setInt32(EPOCH_AT, leaderEpoch)
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function flaw(error: ErrorName, text: string): BatchFlaw {
  return new BatchFlaw(error, text)
}

/**
 * Reads the records inside a batch, for whoever is no Kafka client and wants them all the same. Nobody checked
 * them when the batch was stored: bytes that are no records are a Fault here.
 */
import { Fault } from '../../base/fault.ts'
import { Reader } from '../../base/reader.ts'
import { BATCH_HEADER_BYTES, type Batch } from './batch.ts'
import { readVarint } from './varint.ts'

// record = length(varint) attributes(1) timestampDelta(varint) offsetDelta(varint)
//          keyLength(varint) key valueLength(varint) value headers
// headers = count(varint) (nameLength(varint) name valueLength(varint) value)*     a length of -1 is null

export interface KafkaHeader {
  readonly name: string
  readonly value: Uint8Array | null
}

/** Bytes are views. Its offset is its place in the batch: offsets are dense, whatever the record says of itself. */
export interface KafkaRecord {
  /** -1: the producer has none. */
  readonly timestampMs: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly KafkaHeader[]
}

/** What lies behind the header of a batch: records, or their compressed form. */
export function recordBytesOf(batch: Uint8Array): Uint8Array {
  return batch.subarray(BATCH_HEADER_BYTES)
}

const RECORD_BYTES_MIN = 7 // each of its fields takes a byte at least
const HEADER_BYTES_MIN = 2

/** All records of a batch out of its inflated bytes. */
export function readRecords(
  bytes: Uint8Array,
  { count, timestampBase }: Pick<Batch, 'count' | 'timestampBase'>,
): KafkaRecord[] {
  if (count * RECORD_BYTES_MIN > bytes.length) {
    throw new Fault('short-input', `${count} records announced, ${bytes.length} bytes there`)
  }
  const r = new Reader(bytes)
  const records: KafkaRecord[] = []
  for (let index = 0; index < count; index++) {
    const size = readVarint(r)
    const end = r.at + size
    r.skip(1)
    const timestampMs = timestampBase + readVarint(r)
    readVarint(r)
    const key = nullable(r)
    const value = nullable(r)
    records.push({ timestampMs, key, value, headers: headersOf(r) })
    if (r.at !== end) throw new Fault('bad-length', 'a record is not as long as it says')
  }
  r.end()
  return records
}

const NO_HEADERS: readonly KafkaHeader[] = []

function headersOf(r: Reader): readonly KafkaHeader[] {
  const count = readVarint(r)
  if (count === 0) return NO_HEADERS
  if (!(count > 0 && count * HEADER_BYTES_MIN <= r.remaining)) {
    throw new Fault('short-input', `${count} headers announced, ${r.remaining} bytes left`)
  }
  return Array.from({ length: count }, () => {
    const name = r.utf8(readVarint(r))
    return { name, value: nullable(r) }
  })
}

function nullable(r: Reader): Uint8Array | null {
  const size = readVarint(r)
  return size === -1 ? null : r.bytes(size)
}

/**
 * Walks over the records of one uncompressed batch, for the rare question which record has which
 * time. It reads lengths and times and nothing else; it is never on the way of a produce or a fetch.
 */
import { Fault } from '../../base/fault.ts'
import { Reader } from '../../base/reader.ts'
import { BATCH_HEADER_BYTES, readStoredBatch } from './batch.ts'

// record = length(varint) attributes(1) timestampDelta(varint) offsetDelta(varint) key value headers
// A varint is zigzag: the sign is the lowest bit.

export interface TimedRecord {
  /** From the first offset of the batch. */
  readonly offsetDelta: number
  readonly timestampMs: number
}

const VARINT_BYTES_MAX = 10 // 64 bits in groups of seven

/**
 * The first record of the batch whose time is `timestampMs` or later. `null` where none is, where the batch
 * is compressed, and where a producer wrote records that cannot be read: nobody checked them.
 */
export function findRecordByTime(bytes: Uint8Array, timestampMs: number): TimedRecord | null {
  const { codec, count, timestampBase, sizeBytes } = readStoredBatch(bytes)
  if (codec !== 0) return null
  const r = new Reader(bytes, BATCH_HEADER_BYTES, sizeBytes)
  try {
    for (let index = 0; index < count; index++) {
      const size = varint(r)
      const end = r.at + size
      r.skip(1)
      const timestamp = timestampBase + varint(r)
      const offsetDelta = varint(r)
      if (timestamp >= timestampMs) return { offsetDelta, timestampMs: timestamp }
      r.skip(end - r.at)
    }
  } catch (error) {
    if (!(error instanceof Fault)) throw error
  }
  return null
}

function varint(r: Reader): number {
  let value = 0
  for (let index = 0; index < VARINT_BYTES_MAX; index++) {
    const byte = r.u8()
    value += (byte & 0x7f) * 2 ** (7 * index)
    // Halving before the sign: a 64-bit number may have lost its lowest bits and keeps its size.
    if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }
  throw new Fault('number-range', 'a varint beyond 64 bits')
}

/**
 * Walks over the records of one uncompressed batch, for the rare question which record has which
 * time. It reads lengths and times and nothing else; it is never on the way of a produce or a fetch.
 */
import { Fault } from '../../base/fault.ts'
import { Reader } from '../../base/reader.ts'
import { BATCH_HEADER_BYTES, readStoredBatch } from './batch.ts'
import { readVarint } from './varint.ts'

// record = length(varint) attributes(1) timestampDelta(varint) offsetDelta(varint) key value headers

export interface TimedRecord {
  /** From the first offset of the batch. */
  readonly offsetDelta: number
  readonly timestampMs: number
}

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
      const size = readVarint(r)
      const end = r.at + size
      r.skip(1)
      const timestamp = timestampBase + readVarint(r)
      const offsetDelta = readVarint(r)
      if (timestamp >= timestampMs) return { offsetDelta, timestampMs: timestamp }
      r.skip(end - r.at)
    }
  } catch (error) {
    if (!(error instanceof Fault)) throw error
  }
  return null
}

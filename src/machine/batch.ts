/**
 * A batch as it lies in the journal: what one producer appended to a partition at once, verbatim, with the
 * little that the core has to know of it.
 *
 *   batch = format:u8 pad:u8*3 count:u32 time:u48 appended:u48 pad:u8*4 bytes      24 bytes, then the producer's
 *   time     : of the newest record, as the producer says        appended : of the broker's own clock
 */
import { EMPTY } from '../base/bytes.ts'
import { type EntryView, setU32At, setU48At, u32At, u48At } from './entry.ts'
import { FORMAT_PLAIN } from './message.ts'

export const BATCH_HEADER_SIZE = 24

/** What is appended: a view of somebody else's memory, used before the call returns. */
export class Batch {
  format: number = FORMAT_PLAIN
  /** Records inside; at least 1. */
  count = 0
  /** When the newest of them was made, in milliseconds since 1970. */
  timeMs = 0
  bytes: Uint8Array = EMPTY
  at = 0
  size = 0
}

/** A time as it is stored: producers may send none (-1), fractions, or nonsense. */
export function storedTimeMs(timeMs: number): number {
  return Math.floor(Math.min(Math.max(0, timeMs), TIME_MAX))
}

const TIME_MAX = 2 ** 48 - 1 // what six bytes hold: the year 10889

export function writeBatch(
  bytes: Uint8Array,
  start: number,
  batch: Batch,
  appendedMs: number,
): void {
  bytes[start] = batch.format
  bytes.fill(0, start + 1, start + 4)
  setU32At(bytes, start + 4, batch.count)
  setU48At(bytes, start + 8, storedTimeMs(batch.timeMs))
  setU48At(bytes, start + 14, appendedMs)
  bytes.fill(0, start + 20, start + BATCH_HEADER_SIZE)
  bytes.set(batch.bytes.subarray(batch.at, batch.at + batch.size), start + BATCH_HEADER_SIZE)
}

/** A stored batch, as a view. One object is reused; valid as long as the bytes are. */
export class BatchView {
  format: number = FORMAT_PLAIN
  offset = 0
  count = 0
  timeMs = 0
  appendedMs = 0
  bytes: Uint8Array = EMPTY
  at = 0
  size = 0

  enter(entry: EntryView): void {
    const { bytes, bodyAt } = entry
    this.format = bytes[bodyAt]!
    this.offset = entry.number
    this.count = u32At(bytes, bodyAt + 4)
    this.timeMs = u48At(bytes, bodyAt + 8)
    this.appendedMs = u48At(bytes, bodyAt + 14)
    this.bytes = bytes
    this.at = bodyAt + BATCH_HEADER_SIZE
    this.size = entry.bodySize - BATCH_HEADER_SIZE
  }
}

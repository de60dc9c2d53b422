/**
 * A JournalFile is one file of the journal as the running process knows it: its range of tickets,
 * its index and its live count. The file table owns it.
 */
import type { DiskFile } from '../base/ports.ts'
import type { FileHeader } from './file-header.ts'
import { type FileIndex, footerSize, type Trailer } from './footer.ts'

const RUNS_MAX = 65_535 // what the footer's 16 bits can say

export class JournalFile {
  readonly slot: number
  readonly generation: number
  readonly fileBytes: number
  readonly path: string
  /** 0: as it was appended; n: what the cleaner carried over n times. Old files are examined less often. */
  level = 0
  /** The tickets it answers for: [firstTicket, endTicket). Disjoint from every other file's. */
  firstTicket = 0
  endTicket = 0
  firstCommit = 0
  /** While there is none: the one before the first. */
  lastCommit = 0
  /** Where the next frame goes. Moved by the tail; fixed once sealed. */
  dataEnd: number
  sealed = false
  /** References to bodies inside. Moved by append, retain and release only. Never negative. */
  live = 0
  /** Readers-to-be that are no references: pieces of bodies still arriving. Not part of a snapshot. */
  held = 0
  bodies = 0
  bodyBytes = 0
  runs = 0
  /** What a cleaner that had to give up found alive, and what it takes in a target; null: averages are all there is. */
  survivors: { readonly live: number; readonly bytes: number } | null = null
  /** Null when the footer has not been read yet (sealed files only). */
  index: FileIndex | null
  /** The open handle, or null; owned by whoever opened it last through the table's handle cache. */
  handle: DiskFile | null = null
  /** Commits and reads under way: the handle stays open while there are any. */
  busy = 0
  /** The disk did not give it to the cleaner, who leaves it alone until the next start. */
  unread = false
  /** The cleaner is at work on it. */
  leaving = false
  /** It is out of the table for good: the last reader closes the handle. */
  left = false
  #lastLog = -1

  constructor(header: FileHeader, path: string, dataEnd: number, index: FileIndex | null) {
    this.slot = header.slot
    this.generation = header.generation
    this.fileBytes = header.fileBytes
    this.path = path
    this.dataEnd = dataEnd
    this.index = index
  }

  /** Bytes of the footer if it were written now. */
  get footerBytes(): number {
    const index = this.index
    return index === null ? 0 : footerSize(index.rows.size, index.logs.size)
  }

  /** Counts a body that was written into this file. */
  addBody(size: number): void {
    this.bodies++
    this.bodyBytes += size
  }

  /** Notes an entry that readers will look up by log and number. */
  addIndexed(entry: { log: number; number: number; ticket: number; size: number }): void {
    const logs = this.index!.logs
    const row = logs.get(entry.log)
    if (row === undefined) {
      const { log, number, ticket, size } = entry
      logs.set(log, { log, entries: 1, bytes: size, first: number, last: number, ticket })
    } else {
      row.entries++
      row.bytes += entry.size
      row.last = Math.max(row.last, entry.number)
      row.first = Math.min(row.first, entry.number)
    }
    if (entry.log === this.#lastLog) return
    this.#lastLog = entry.log
    this.runs = Math.min(RUNS_MAX, this.runs + 1)
  }

  trailer(next: { readonly slot: number; readonly generation: number }): Trailer {
    return {
      generation: this.generation,
      nextSlot: next.slot,
      nextGeneration: next.generation,
      firstTicket: this.firstTicket,
      endTicket: this.endTicket,
      lastCommit: this.lastCommit,
      dataEnd: this.dataEnd,
      bodies: this.bodies,
      bodyBytes: this.bodyBytes,
      runs: this.runs,
    }
  }

  /** Takes over what the file's own footer says. */
  takeTrailer(trailer: Trailer): void {
    this.firstTicket = trailer.firstTicket
    this.endTicket = trailer.endTicket
    this.lastCommit = trailer.lastCommit
    this.dataEnd = trailer.dataEnd
    this.bodies = trailer.bodies
    this.bodyBytes = trailer.bodyBytes
    this.runs = trailer.runs
    this.sealed = true
  }
}

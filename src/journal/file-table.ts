/**
 * The file table knows which file holds which tickets and how much of it lives. It is folded from
 * the journal itself and kept in snapshots; it does no I/O.
 */
import { assert } from '../base/assert.ts'
import type { JournalFile } from './journal-file.ts'
import type { TableRow } from './snapshot-format.ts'

export class FileTable {
  /** Ascending by firstTicket; the ranges are disjoint; gaps are files that were recycled. */
  readonly files: JournalFile[] = []
  readonly #byGeneration = new Map<number, JournalFile>()
  /** Where the last look-up ended: the next one is nearly always there too. */
  #recent: JournalFile | null = null

  byGeneration(generation: number): JournalFile | undefined {
    return this.#byGeneration.get(generation)
  }

  add(file: JournalFile): void {
    assert(!this.#byGeneration.has(file.generation), 'a generation is used once')
    this.#byGeneration.set(file.generation, file)
    const at = this.#after(file.firstTicket)
    this.files.splice(at, 0, file)
  }

  remove(file: JournalFile): void {
    const at = this.files.indexOf(file)
    assert(at >= 0, 'removing a file that is not in the table')
    this.files.splice(at, 1)
    this.#byGeneration.delete(file.generation)
    if (this.#recent === file) this.#recent = null
  }

  /** The file that answers for this ticket, or null when it was recycled. */
  find(ticket: number): JournalFile | null {
    const recent = this.#recent
    if (recent !== null && ticket >= recent.firstTicket && ticket < recent.endTicket) return recent
    const file = this.files[this.#after(ticket) - 1]
    if (file === undefined || ticket >= file.endTicket) return null
    this.#recent = file
    return file
  }

  retain(ticket: number, count: number): void {
    const file = this.find(ticket)
    assert(file !== null, 'a ticket in no file', ticket)
    file.live += count
  }

  /** Answers how many references are left in the file. */
  release(ticket: number, count: number): number {
    const file = this.find(ticket)
    assert(file !== null, 'a ticket in no file', ticket)
    file.live -= count
    assert(file.live >= 0, 'more releases than references', ticket)
    return file.live
  }

  /** Answers how many references and holds are left in the file. */
  hold(ticket: number, change: 1 | -1): number {
    const file = this.find(ticket)
    assert(file !== null, 'a ticket in no file', ticket)
    file.held += change
    assert(file.held >= 0, 'held less than nothing', ticket)
    return file.held + file.live
  }

  get references(): number {
    let references = 0
    for (const file of this.files) references += file.live
    return references
  }

  /** Index of the first file whose firstTicket is above `ticket`. */
  #after(ticket: number): number {
    let low = 0
    let high = this.files.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.files[middle]!.firstTicket <= ticket) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** What a snapshot keeps of a file. */
export function rowOf(file: JournalFile): TableRow {
  return {
    slot: file.slot,
    level: file.level,
    sealed: file.sealed,
    generation: file.generation,
    fileBytes: file.fileBytes,
    firstTicket: file.firstTicket,
    endTicket: file.endTicket,
    lastCommit: file.lastCommit,
    dataEnd: file.dataEnd,
    live: file.live,
    bodies: file.bodies,
    bodyBytes: file.bodyBytes,
    runs: file.runs,
  }
}

/** The Housekeeper recycles dead files and has sparse ones cleaned, one thing at a time, in the background. */

import { mark } from '../base/mark.ts'
import { DiskError, type Scheduler } from '../base/ports.ts'
import type { CleanerContext, Cleaner as CleanerType } from './cleaner.ts'
import { Cleaner, chooseSources, FILES_MAX } from './cleaner.ts'
import { JournalStopped } from './errors.ts'
import type { FileTable } from './file-table.ts'
import type { JournalEntry } from './journal-entry.ts'
import { applyToTable, type TableEntry } from './journal-entry-apply.ts'
import type { JournalFile } from './journal-file.ts'
import type { Reader } from './reader.ts'
import type { Snapshots } from './snapshots.ts'

export type HousekeeperContext = CleanerContext & {
  readonly scheduler: Scheduler
  readonly table: FileTable
  readonly reader: Reader
  readonly snapshots: Snapshots
  /** Appends one of the journal's own entries; null when there is no room now. */
  readonly append: (entry: JournalEntry) => number | null
  readonly settled: (ticket: number) => Promise<void>
  readonly failed: (error: unknown) => void
}

export class Housekeeper {
  readonly #context: HousekeeperContext
  readonly #cleaner: CleanerType
  #cycle = 0
  #tidying: Promise<void> | null = null
  #considered = false
  #closed = false

  constructor(context: HousekeeperContext) {
    this.#context = context
    this.#cleaner = new Cleaner(context)
  }

  /** A file's last reference went: if it can be recycled, do it soon. */
  consider(): void {
    if (this.#closed || this.#considered || this.#dead().length === 0) return
    this.#considered = true
    // Not now: whoever releases may be in the middle of writing a group.
    this.#context.scheduler.soon(() => {
      this.#considered = false
      if (!this.#closed) this.tidy().catch(this.#context.failed)
    })
  }

  /** Whether a snapshot would let files go that are not covered yet. */
  wouldFree(): boolean {
    const { table, snapshots, limits } = this.#context
    return table.files.some(
      (file) =>
        file.sealed &&
        !snapshots.covers(file) &&
        // A file of acknowledgements alone never had a body.
        (file.live === 0 || file.live < file.bodies * limits.cleanBelow),
    )
  }

  /**
   * Two snapshots have to cover a file before it is let go. While the disk is full nobody may write anything that the
   * second one could come behind, so this does: an entry that lets go of nothing.
   */
  snapshotKept(): void {
    const { append, spares } = this.#context
    // One of the files that snapshots are written to is lacking, or has the size of an old one.
    spares.start()
    if (!spares.full || !this.wouldFree()) return
    mark('housekeeper/wants-a-second-snapshot')
    append({ kind: 'retired', generations: [] })
  }

  /** Recycles and cleans until there is nothing to do. Calls while it runs join it. */
  tidy(): Promise<void> {
    this.#tidying ??= this.#tidy().finally(() => {
      this.#tidying = null
    })
    return this.#tidying
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#tidying?.catch(() => undefined)
  }

  async #tidy(): Promise<void> {
    this.#cycle++
    try {
      await this.#retireAll()
      while (!this.#closed && (await this.#clean())) await this.#retireAll()
    } catch (error) {
      // When the journal stopped, everybody has been told already.
      if (error instanceof JournalStopped) return
      // Without space or handles there is no cleaning now; there will be once somebody lets go of some.
      if (error instanceof DiskError && (error.code === 'full' || error.code === 'handles')) return
      throw error
    }
  }

  /** Files that nothing refers to and that replay will never need again. */
  #dead(): JournalFile[] {
    const { table, snapshots } = this.#context
    return table.files.filter((file) => {
      if (!file.sealed || file.leaving || file.live > 0 || file.held > 0) return false
      return snapshots.covers(file)
    })
  }

  async #retireAll(): Promise<void> {
    while (!this.#closed && (await this.#retire()));
  }

  /** Lets a few dead files go; false when there was none, or no room. */
  async #retire(): Promise<boolean> {
    const dead = this.#dead().slice(0, FILES_MAX)
    if (dead.length === 0) return false
    const generations = dead.map((file) => file.generation)
    return this.#swap({ kind: 'retired', generations }, null)
  }

  /** Cleans one set of files; false when there was none, or no room. */
  async #clean(): Promise<boolean> {
    const { table, snapshots, limits } = this.#context
    const covered = (file: JournalFile): boolean => snapshots.covers(file)
    const sources = chooseSources(table.files, covered, this.#cycle, limits)
    if (sources.length === 0) return false
    for (const source of sources) source.leaving = true
    const cleaned = await this.#cleaner.clean(sources).finally(() => {
      for (const source of sources) source.leaving = false
    })
    if (cleaned === null) return false
    // Somebody began to read what may since be dead, and would not find it in the target.
    if (sources.some(({ held }) => held > 0)) {
      mark('housekeeper/held-while-cleaned')
      await this.#cleaner.giveBack(cleaned.file)
      return false
    }
    const generations = sources.map((source) => source.generation)
    return this.#swap({ kind: 'cleaned', generations, target: cleaned.target }, cleaned.file)
  }

  /** One entry changes the table; the files that left are reused once it is durable. */
  async #swap(entry: TableEntry, target: JournalFile | null): Promise<boolean> {
    const { append, handles, reader, settled, spares, table } = this.#context
    const ticket = append(entry)
    if (ticket === null) {
      if (target !== null) await this.#cleaner.giveBack(target)
      return false
    }
    const left = applyToTable(table, entry, target ?? NOWHERE)
    for (const file of left) reader.forget(file)
    if (target !== null) handles.adopt(target)
    try {
      await settled(ticket)
    } finally {
      for (const file of left) await handles.leave(file)
    }
    for (const file of left) spares.retire(file)
    return true
  }
}

const NOWHERE = { directory: { path: '', identity: { low: 0, high: 0 } }, disk: { join: String } }

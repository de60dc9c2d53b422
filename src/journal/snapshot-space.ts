/**
 * The space of the next two snapshots, held ahead: on a disk that is full to its last block only the second one lets
 * files go. SpareFiles has it filled, Snapshots write to it; what is in it means nothing until it is renamed.
 *
 *   missing, short --fill, sync--> ready --take--> written to --ended--> kept under its own name
 *        ^                         |   ^               |                       |
 *        +----- the state grew ----+   +-- abandoned --+                       |
 *        +-- the name is free again, or has the oldest of three snapshots -----+
 *
 * A power cut leaves each of the two files there or not, of any size: the next start looks, and fills what lacks.
 */
import { assert } from '../base/assert.ts'
import { mark } from '../base/mark.ts'
import { type Disk, DiskError, type DiskFile } from '../base/ports.ts'
import { fillRange, removeQuietly } from './fill-file.ts'
import type { JournalLimits } from './limits.ts'

/** What these files are called; two, because the older of two snapshots says what may be used again. */
export const SNAPSHOT_SPARE_NAMES: readonly string[] = ['snapshot-spare', 'snapshot-spare-2']

export type SpaceContext = {
  readonly disk: Disk
  readonly directory: string
  readonly limits: JournalLimits
}

/** A snapshot that counts: its size, and how many references to bodies there were. */
export type Kept = { readonly bytes: number; readonly references: number }

export class SnapshotSpace {
  readonly context: SpaceContext
  /** Bytes that are on the disk, by name; none for one that nobody looked at yet. Moved by #fill and giveBack. */
  readonly #sizes = new Map<string, number>()
  /** The one that a snapshot is written to, which nobody fills meanwhile. */
  #taken: string | null = null
  /** Resolves when the filling under way ends; null while there is none. */
  #filling: Promise<void> | null = null
  #newest: Kept = { bytes: 0, references: 0 }
  /** Of entries without a body since the newest snapshot: names and the like. */
  #plainBytes = 0
  #plainAtTake = 0
  /** What each file has to hold. Moved by expect only, as are what it gets, and what it may hold at most. */
  #needBytes = 0
  #fillBytes = 0
  #mostBytes = Number.POSITIVE_INFINITY

  constructor(context: SpaceContext) {
    this.context = context
  }

  /** Whether one of them does not hold what a snapshot may need, or far more than that, as far as is known. */
  get isAmiss(): boolean {
    return this.#misfit() !== undefined
  }

  /** Told of every entry that a publisher wrote and that has no body: the state has it in. */
  grew(bytes: number): void {
    this.#plainBytes += bytes
  }

  /** Told of the newest snapshot. */
  kept(newest: Kept): void {
    this.#newest = newest
    this.#plainBytes -= this.#plainAtTake
    this.#plainAtTake = 0
  }

  /** Says how large a snapshot may become until the next call, while one more file of this size is written. */
  expect(references: number, fileBytes: number): void {
    const { snapshotReferenceBytes, snapshotSlack, snapshotSurplus } = this.context.limits
    const news = Math.max(0, references - this.#newest.references)
    const state = this.#newest.bytes + news * snapshotReferenceBytes
    // Whoever writes nothing else, as offsets by the million, writes the same names again and again.
    const names = Math.min(this.#plainBytes, fileBytes)
    this.#needBytes = Math.ceil(state + names + snapshotSlack * fileBytes)
    // Each filling syncs the size of a file, which commits of the journal wait for: so not a little for every file.
    this.#fillBytes = this.#needBytes + Math.ceil((snapshotSlack * fileBytes) / 2)
    this.#mostBytes = fileBytes + snapshotSurplus * this.#needBytes
  }

  /**
   * Fills one that is short, as far as there is space, and throws where there is none; cuts one that has the size of
   * a state long gone. One call at a time.
   */
  fill(): Promise<void> {
    assert(this.#filling === null, 'one filling at a time')
    const filling = this.#fill().finally(() => {
      this.#filling = null
    })
    this.#filling = filling.catch(() => undefined)
    return filling
  }

  /** Opens the largest for a snapshot; it is the caller's until `giveBack`. */
  async take(): Promise<DiskFile> {
    // Two writers of one file would write over each other. The next filling may begin before this turn comes.
    while (this.#filling !== null) await this.#filling
    assert(this.#taken === null, 'one snapshot at a time')
    const sizeOf = (name: string): number => this.#sizes.get(name) ?? 0
    const name = SNAPSHOT_SPARE_NAMES.reduce((best, one) =>
      sizeOf(one) > sizeOf(best) ? one : best,
    )
    this.#taken = name
    this.#plainAtTake = this.#plainBytes
    try {
      const { file } = await this.#open(name)
      return file
    } catch (error) {
      this.#taken = null
      throw error
    }
  }

  /** Where the one that was taken is. */
  get takenPath(): string {
    assert(this.#taken !== null, 'nothing was taken')
    return this.#pathOf(this.#taken)
  }

  /** `same`: what was taken is there as it was; `other`: it got another name, its own is free or another file's. */
  giveBack(file: 'same' | 'other'): void {
    if (this.#taken !== null && file === 'other') this.#sizes.delete(this.#taken)
    this.#taken = null
  }

  #misfit(): string | undefined {
    return SNAPSHOT_SPARE_NAMES.find((name) => {
      const bytes = this.#sizes.get(name) ?? 0
      return name !== this.#taken && (bytes < this.#needBytes || bytes > this.#mostBytes)
    })
  }

  async #fill(): Promise<void> {
    const name = this.#misfit()
    if (name === undefined) return
    const [end, most] = [this.#fillBytes, this.#mostBytes]
    const { file, isNew } = await this.#open(name)
    try {
      // It has to be there after a power cut, too.
      if (isNew) await this.#syncName(name)
      const start = await file.size()
      if (start < end) await fillRange(file, start, end)
      else if (start > most) {
        mark('snapshot-space/shrunk')
        await file.truncate(end)
      }
      this.#sizes.set(name, start > most ? end : Math.max(start, end))
    } finally {
      await file.close()
    }
  }

  async #syncName(name: string): Promise<void> {
    const { disk, directory } = this.context
    try {
      await disk.syncDirectory(directory)
    } catch (error) {
      // The name may be gone after a crash for all that later syncs say, and a snapshot's that it is changed to.
      await removeQuietly(disk, this.#pathOf(name))
      throw error
    }
  }

  async #open(name: string): Promise<{ file: DiskFile; isNew: boolean }> {
    const { disk } = this.context
    const path = this.#pathOf(name)
    try {
      return { file: await disk.open(path, 'write'), isNew: false }
    } catch (error) {
      if (!(error instanceof DiskError) || error.code !== 'missing') throw error
      return { file: await disk.open(path, 'create'), isNew: true }
    }
  }

  #pathOf(name: string): string {
    return this.context.disk.join(this.context.directory, name)
  }
}

/**
 * Spare files: zero-filled, synced and armed with the next generation ahead of their use, so that a
 * commit never waits for the file system and a full disk is known before anything is appended.
 *
 *   create --fill, sync, sync directory--> blank --header, sync--> armed --take--> in the table
 *                                            ^                                        |
 *                                            +------- retired: nothing in it lives ---+
 *
 * The space of snapshots comes before new files: without it nothing that is full would ever come free. Where the disk
 * has none for it, blanks are given up, but for those that acks and the cleaner need. A second full disk meanwhile
 * ends as the first: what was filled stays, the retry goes on from there.
 */
import { assert } from '../base/assert.ts'
import { mark } from '../base/mark.ts'
import { type Disk, DiskError, type DiskFile, type Scheduler, type Timer } from '../base/ports.ts'
import { JournalError } from './errors.ts'
import { encodeFileHeader, type Identity } from './file-header.ts'
import type { FileTable } from './file-table.ts'
import { fillFile, removeQuietly } from './fill-file.ts'
import { emptyIndex } from './footer.ts'
import { FILE_HEADER_SIZE } from './format.ts'
import { JournalFile } from './journal-file.ts'
import type { JournalLimits } from './limits.ts'
import type { Slabs } from './slabs.ts'
import { SnapshotSpace } from './snapshot-space.ts'

/** What a roll is for. The last spares are kept for what frees space: acks and the cleaner. */
export type Purpose = 'publish' | 'fragment' | 'relief' | 'clean'

/** A file that is nobody's: on disk, with what its two header copies say. */
export type BlankFile = {
  readonly slot: number
  readonly path: string
  readonly fileBytes: number
  /** Which header copy to write next, so that the newer one survives a torn write. */
  readonly copy: 0 | 1
  /** Open for writing, or null. */
  readonly file: DiskFile | null
}

type ArmedFile = BlankFile & { readonly generation: number; readonly file: DiskFile }

const SLOTS_MAX = 65_536 // the footer names the next slot in 16 bits
const RETRY_MS = 1_000 // how soon a full disk is tried again while somebody wants space

export type SpareContext = {
  readonly disk: Disk
  readonly slabs: Slabs
  readonly scheduler: Scheduler
  readonly directory: string
  readonly identity: Identity
  readonly limits: JournalLimits
  /** Says how much a snapshot would hold. */
  readonly table: FileTable
  /** Told whenever a file became ready or the disk turned out to be full. */
  readonly changed: () => void
  /** Told of an error that is neither a full disk nor a lack of handles. */
  readonly failed: (error: unknown) => void
}

export function slotName(slot: number): string {
  return `journal-${String(slot).padStart(5, '0')}`
}

export class SpareFiles {
  /** Filled here, one file at a time with all others; whoever takes a snapshot writes to it. */
  readonly space: SnapshotSpace
  readonly #context: SpareContext
  readonly #blank: BlankFile[] = []
  readonly #armed: ArmedFile[] = []
  readonly #slots = new Set<number>()
  /** Which header copy each slot in use was armed with last. */
  readonly #copies = new Map<number, 0 | 1>()
  #nextGeneration = 1
  /** Size of the files made from now on. Grows with use. */
  #fileBytes: number
  /** Spares to keep ready; grows once there is something to clean. */
  #target = 2
  #working: Promise<void> | null = null
  #full = false
  /** Room that a group waits for and no armed file has, or 0. */
  #needBytes = 0
  #closed = false
  #retry: Timer | null = null

  constructor(context: SpareContext) {
    this.#context = context
    this.space = new SnapshotSpace(context)
    this.#fileBytes = context.limits.fileBytesMin
  }

  /** The disk refused the last attempt to make a file. */
  get full(): boolean {
    return this.#full
  }

  /** The disk is full and so little is kept that publishers would use up what acks and the cleaner go on by. */
  get atReserve(): boolean {
    return this.#full && this.#armed.length < this.#target - 1
  }

  get armedCount(): number {
    return this.#armed.length
  }

  /** Notes a file found on disk or taken into use, so that its slot and generation are not given out again. */
  know(slot: number, generation: number, copy: 0 | 1): void {
    this.#slots.add(slot)
    this.#copies.set(slot, copy)
    this.#nextGeneration = Math.max(this.#nextGeneration, generation + 1)
  }

  get nextGeneration(): number {
    return this.#nextGeneration
  }

  /** Takes over a file that is in nobody's use. */
  give(blank: BlankFile): void {
    this.#slots.add(blank.slot)
    this.#blank.push(blank)
    this.#retry?.cancel()
    this.#retry = null
    this.#work()
  }

  /** Takes back a file that left the table. */
  retire(file: JournalFile): void {
    const copy = this.#copies.get(file.slot)
    assert(copy !== undefined, 'a file in use has a known header copy')
    const { slot, path, fileBytes } = file
    this.give({ slot, path, fileBytes, copy: copy === 0 ? 1 : 0, file: null })
  }

  /** Removes a file that nobody can use. */
  async discard(slot: number, path: string): Promise<void> {
    await this.#context.disk.remove(path)
    this.#slots.delete(slot)
    this.#copies.delete(slot)
  }

  /**
   * The next file for this purpose with at least `bytes` of room, or why there is none: `wait` while one is
   * being made, `full` when the disk has no space for it.
   */
  take(purpose: Purpose, bytes: number): JournalFile | 'wait' | 'full' {
    const kept =
      purpose === 'clean' ? 0 : purpose === 'relief' ? this.#target - 2 : this.#target - 1
    const overhead = 2 * this.#context.limits.sectorBytes
    const at = this.#armed.findIndex((armed) => armed.fileBytes - overhead >= bytes)
    if (at < 0 || this.#armed.length <= kept) {
      if (at < 0) {
        // No file is larger: whoever asks for more, as a cleaner whose averages erred, must not have one made after
        // another until the disk is full.
        this.#needBytes = Math.min(bytes + overhead, this.#context.limits.fileBytesMax)
        this.#grow(this.#needBytes)
      }
      this.#work()
      return this.#full ? 'full' : 'wait'
    }
    const armed = this.#armed.splice(at, 1)[0]!
    const { slot, generation, fileBytes } = armed
    const header = { generation, slot, fileBytes, identity: this.#context.identity }
    const file = new JournalFile(header, armed.path, overhead, emptyIndex())
    file.handle = armed.file
    this.#fileBytes = Math.max(
      this.#fileBytes,
      Math.min(fileBytes * 2, this.#context.limits.fileBytesMax),
    )
    this.#target = 3
    this.#needBytes = 0
    this.start()
    return file
  }

  /** Starts filling and arming in the background, if there is something to do. */
  start(): void {
    this.#expect()
    this.#work()
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#retry?.cancel()
    await this.#working
    for (const spare of [...this.#armed, ...this.#blank]) await spare.file?.close()
    this.#armed.length = 0
    this.#blank.length = 0
  }

  /** Looks at every file, so never on behalf of an entry. */
  #expect(): void {
    this.space.expect(this.#context.table.references, this.#fileBytes)
  }

  #grow(bytes: number): void {
    const max = this.#context.limits.fileBytesMax
    while (this.#fileBytes < bytes && this.#fileBytes < max) {
      this.#fileBytes = Math.min(max, this.#fileBytes * 2)
    }
  }

  #work(): void {
    // While the disk is full only the retry, or a file that came back, is worth an attempt: whoever
    // was refused asks again and again, and each attempt fills what space there is.
    if (this.#working !== null || this.#closed || this.#retry !== null) return
    if (!this.#hasWork()) return
    this.#working = this.#loop().then(
      () => this.#rest(),
      (error: unknown) => {
        this.#working = null
        this.#context.failed(error)
      },
    )
  }

  #rest(): void {
    this.#working = null
    if (!this.#full) {
      // Whoever took a file since the loop saw that none was lacking found it still at work.
      this.#work()
    } else if (!this.#closed && this.#retry === null) {
      this.#retry = this.#context.scheduler.after(RETRY_MS, () => {
        this.#retry = null
        this.#work()
      })
    }
  }

  #hasWork(): boolean {
    return this.space.isAmiss || this.#lacking() || this.#surplus() !== undefined
  }

  #lacking(): boolean {
    if (this.#armed.length < this.#target) return true
    const need = this.#needBytes
    return need > 0 && !this.#armed.some((armed) => armed.fileBytes >= need)
  }

  /** A blank file that nobody will need. */
  #surplus(): BlankFile | undefined {
    const small = this.#blank.find((blank) => blank.fileBytes < this.#fileBytes / 2)
    if (small !== undefined) return small
    // A snapshot frees many at once, and all of them are used before the next one: to drop files
    // and to fill new ones beside commits of 64 KiB cost these a sixth of their speed.
    const blankBytes = this.#blank.reduce((sum, blank) => sum + blank.fileBytes, 0)
    const kept = Math.max(this.#context.limits.recycledBytes, this.#target * this.#fileBytes)
    return blankBytes > kept ? this.#blank[0] : undefined
  }

  #nextBlank(): BlankFile | undefined {
    const at = this.#blank.findLastIndex((blank) => blank.fileBytes >= this.#needBytes)
    return this.#blank.splice(at, at < 0 ? 0 : 1)[0]
  }

  async #loop(): Promise<void> {
    try {
      while (!this.#closed) {
        this.#expect()
        const surplus = this.#surplus()
        if (surplus !== undefined) await this.#drop(surplus)
        else if (this.space.isAmiss) await this.#fillSpace()
        else if (this.#lacking()) await this.#arm(this.#nextBlank() ?? (await this.#make()))
        else return
        this.#full = false
        this.#context.changed()
      }
    } catch (error) {
      if (!(error instanceof DiskError) || (error.code !== 'full' && error.code !== 'handles'))
        throw error
      this.#full = true
      this.#context.changed()
    }
  }

  /** Fills the space of a snapshot, giving up blanks for it; throws when there is none to give up. */
  async #fillSpace(): Promise<void> {
    while (!this.#closed) {
      try {
        return await this.space.fill()
      } catch (error) {
        if (!(error instanceof DiskError) || error.code !== 'full') throw error
        // Acks and the cleaner go on by these, and who drains makes the state smaller.
        const isEnough = this.#armed.length >= this.#target - 1
        const blank = isEnough ? this.#blank[0] : this.#nextBlank()
        if (blank === undefined) throw error
        if (isEnough) {
          mark('spares/given-up-for-a-snapshot')
          await this.#drop(blank)
        } else await this.#arm(blank)
      }
    }
  }

  async #drop(blank: BlankFile): Promise<void> {
    this.#blank.splice(this.#blank.indexOf(blank), 1)
    await blank.file?.close()
    await this.#context.disk.remove(blank.path)
    this.#slots.delete(blank.slot)
    this.#copies.delete(blank.slot)
  }

  async #make(): Promise<BlankFile> {
    const { disk, directory } = this.#context
    const slot = this.#freeSlot()
    this.#slots.add(slot)
    const path = disk.join(directory, slotName(slot))
    try {
      const file = await fillFile(disk, path, this.#fileBytes)
      try {
        await disk.syncDirectory(directory)
      } catch (error) {
        // Its name may be gone after a crash for all that later syncs say: nobody may find it and use it.
        await file.close()
        await removeQuietly(disk, path)
        throw error
      }
      return { slot, path, fileBytes: this.#fileBytes, copy: 0, file }
    } catch (error) {
      this.#slots.delete(slot)
      throw error
    }
  }

  async #arm(blank: BlankFile): Promise<void> {
    const { disk, identity, limits, slabs } = this.#context
    const { slot, fileBytes, copy } = blank
    let file = blank.file
    try {
      file ??= await disk.open(blank.path, 'write')
      const generation = this.#nextGeneration++
      const header = slabs.borrow(FILE_HEADER_SIZE)
      encodeFileHeader(header, { generation, slot, fileBytes, identity })
      await file.commit([header], copy * limits.sectorBytes, 'sync')
      slabs.giveBack(header)
      this.#copies.set(slot, copy)
      this.#armed.push({ ...blank, file, generation })
    } catch (error) {
      // A file with a failed commit takes no other: it is opened anew.
      await file?.close()
      this.#blank.push({ ...blank, file: null })
      throw error
    }
  }

  #freeSlot(): number {
    for (let slot = 0; slot < SLOTS_MAX; slot++) if (!this.#slots.has(slot)) return slot
    throw new JournalError('JOURNAL_STOPPED', `more than ${SLOTS_MAX} journal files`)
  }
}

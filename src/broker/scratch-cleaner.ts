/**
 * The ScratchCleaner empties a scratch file in which little lives: it brings what does to the end, where bodies are
 * added, so that a few stragglers do not keep all the space. One file at a time; who gives up leaves all as it was.
 */
import { mark } from '../base/mark.ts'
import { EntryCursor, type EntryView } from '../journal/entry-cursor.ts'
import type { ScratchBlock } from './scratch-block.ts'
import { type ScratchFile, ScratchUnreadable } from './scratch-file.ts'

/** Whose bodies they are. */
export interface ScratchOwner {
  /** The message is there, and has its body at this address. */
  lives(entry: EntryView, address: number): boolean
  /** It has its body there now. */
  moved(entry: EntryView, address: number): void
  /** What was refused is worth another try. */
  room(): void
}

/** What the scratch does for its cleaner. */
export type ScratchCleaning = {
  readonly owner: ScratchOwner
  readonly fileBytes: number
  /** None of its blocks waits. */
  isWritten(file: ScratchFile): boolean
  /** The block that begins there; rejects when it cannot be read. */
  block(file: ScratchFile, start: number): Promise<ScratchBlock>
  /** Adds the body at the end; answers its address, or -1: there is no room, and `room` says when to try again. */
  add(entry: EntryView): number
  /** Resolves with whether another try makes sense. */
  room(): Promise<boolean>
  release(address: number): void
}

const CLEAN_BELOW = 0.5 // of its messages are there: then cleaning two files fills less than one

export class ScratchCleaner {
  readonly #scratch: ScratchCleaning
  readonly #cursor = new EntryCursor()
  #isCleaning = false

  constructor(scratch: ScratchCleaning) {
    this.#scratch = scratch
  }

  /** Cleans the emptiest of these files, if it is empty enough and none is being cleaned. Does not wait for it. */
  consider(files: readonly (ScratchFile | null)[], current: ScratchFile | null): void {
    if (this.#isCleaning) return
    let emptiest: ScratchFile | null = null
    let share = CLEAN_BELOW
    for (const file of files) {
      if (file === null || file === current || file.isGone || file.isDamaged) continue
      const its = file.live / file.count
      if (its >= share || !this.#scratch.isWritten(file)) continue
      emptiest = file
      share = its
    }
    if (emptiest === null) return
    this.#isCleaning = true
    void this.#clean(emptiest).finally(() => {
      this.#isCleaning = false
    })
  }

  async #clean(file: ScratchFile): Promise<void> {
    try {
      for (const start of file.starts()) {
        const block = await this.#scratch.block(file, start)
        if (!(await this.#carry(block))) return
      }
    } catch (error) {
      // Told already, to whoever can do something about it; what cannot be read is lost when its turn comes.
      if (!(error instanceof ScratchUnreadable)) throw error
    }
  }

  /** Brings what lives in the block elsewhere; false: that is all there is, or all there is room for. */
  async #carry(block: ScratchBlock): Promise<boolean> {
    const { owner, fileBytes } = this.#scratch
    const cursor = this.#cursor
    const from = block.file.slot * fileBytes
    for (let offset = block.start; block.covers(offset); ) {
      if (block.file.isGone) return false
      const address = from + offset
      block.enter(offset, address, cursor)
      const next = block.start + cursor.bodyAt + cursor.bodySize
      if (owner.lives(cursor, address)) {
        const moved = this.#scratch.add(cursor)
        if (moved < 0) {
          if (await this.#scratch.room()) continue
          return false
        }
        mark('scratch/body-moved')
        owner.moved(cursor, moved)
        this.#scratch.release(address)
      }
      offset = next
    }
    return true
  }
}

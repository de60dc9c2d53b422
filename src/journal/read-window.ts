/**
 * A ReadWindow is a piece of one file in memory: whole, verified frames and where each ticket in
 * them stands. It never changes.
 */
import type { DiskFile } from '../base/ports.ts'
import type { Seed } from './checksum.ts'
import { EntryCursor } from './entry-cursor.ts'
import {
  ENTRY_HEADER_SIZE,
  FRAME_HEADER_SIZE,
  FRAME_SURVIVORS,
  SURVIVOR_HEADER_SIZE,
  viewOf,
} from './format.ts'
import { FrameHeader, type FrameTarget, readFrame } from './frame.ts'
import { RowTable } from './row-table.ts'

export type WindowRange = {
  readonly position: number
  readonly end: number
  readonly generation: number
}

export class ReadWindow {
  readonly generation: number
  readonly #target: FrameTarget
  /** Frames of appended entries, whose tickets are dense: where each begins. */
  readonly #rows = new RowTable()
  #endTicket = 0
  /** Entries of survivors, whose tickets are not dense: where each one begins. */
  readonly #survivors = new Map<number, number>()

  private constructor(target: FrameTarget, generation: number) {
    this.#target = target
    this.generation = generation
  }

  /** Reads at least the frame at the position, and as many behind it as fit; null when that frame is not valid. */
  static async read(
    file: DiskFile,
    range: WindowRange,
    windowBytes: number,
    seed: Seed,
  ): Promise<ReadWindow | null> {
    let size = Math.min(windowBytes, range.end - range.position)
    for (;;) {
      const bytes = new Uint8Array(size)
      const filled = await file.read(bytes, range.position)
      const window = new ReadWindow({ bytes, view: viewOf(bytes), seed }, range.generation)
      if (window.#walk(filled) > 0) return window
      // A frame with one large entry may be longer than the window; the header says so, within the file.
      const claimed = filled < 8 ? 0 : window.#target.view.getUint32(4, true) + FRAME_HEADER_SIZE
      if (claimed <= size || claimed > range.end - range.position) return null
      size = claimed
    }
  }

  /** Moves the cursor to the ticket; false when it is not in here. */
  enter(ticket: number, cursor: EntryCursor): boolean {
    const { bytes, view } = this.#target
    const survivorAt = this.#survivors.get(ticket)
    if (survivorAt !== undefined) {
      const body = survivorAt + SURVIVOR_HEADER_SIZE + ENTRY_HEADER_SIZE
      const end = body + view.getUint32(survivorAt + SURVIVOR_HEADER_SIZE, true)
      cursor.enterEntry(bytes, view, { at: survivorAt, end, survivors: true }, ticket)
      return cursor.next()
    }
    const row = ticket < this.#endTicket ? this.#rows.floor(ticket) : -1
    if (row < 0) return false
    const at = this.#rows.position(row) + FRAME_HEADER_SIZE
    const end = at + view.getUint32(at - FRAME_HEADER_SIZE + 4, true)
    const range = { at, end, survivors: false }
    cursor.enterEntry(bytes, view, range, this.#rows.ticket(row))
    while (cursor.next()) if (cursor.ticket === ticket) return true
    return false
  }

  /** Lists the valid frames from the start on; answers how many there are. */
  #walk(filled: number): number {
    const header = new FrameHeader()
    let count = 0
    for (let at = 0; ; count++) {
      const range = { at, end: filled, generation: this.generation }
      const size = readFrame(this.#target, range, header)
      if (size === 0) return count
      if (header.kind === FRAME_SURVIVORS) this.#listSurvivors(at, header)
      else if (header.count > 0) {
        this.#rows.push(header.ticket, at, 0)
        this.#endTicket = header.ticket + header.count
      }
      at += size
    }
  }

  #listSurvivors(at: number, header: FrameHeader): void {
    const cursor = new EntryCursor()
    cursor.enter(this.#target.bytes, this.#target.view, at, header)
    let entryAt = at + FRAME_HEADER_SIZE
    while (cursor.next()) {
      this.#survivors.set(cursor.ticket, entryAt)
      entryAt = cursor.bodyAt + cursor.bodySize
    }
  }
}

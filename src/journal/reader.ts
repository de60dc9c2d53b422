/**
 * The Reader finds entries by ticket: in the commits still in memory, else in windows of files read
 * ahead. What it answers is a view for the moment; data that moved meanwhile is looked up again.
 */
import { assert } from '../base/assert.ts'
import type { Seed } from './checksum.ts'
import { Chunk, type ChunkPool } from './chunk-pool.ts'
import { bodyOf, EntryCursor, type EntryView } from './entry-cursor.ts'
import { JournalDamaged, JournalError } from './errors.ts'
import type { FileTable } from './file-table.ts'
import { readFooter } from './footer-reader.ts'
import { FRAME_HEADER_SIZE, FRAME_OPEN } from './format.ts'
import type { Handles } from './handles.ts'
import type { JournalFile } from './journal-file.ts'
import type { JournalLimits } from './limits.ts'
import { ReadWindow } from './read-window.ts'

export type ReaderContext = {
  readonly table: FileTable
  readonly chunks: ChunkPool
  readonly handles: Handles
  readonly limits: JournalLimits
  readonly seed: Seed
}

export class Reader {
  readonly #context: ReaderContext
  readonly #cursor = new EntryCursor()
  /** What the cursor stands in; the epoch tells when a chunk was reused under it. */
  #source: Chunk | ReadWindow | null = null
  #epoch = 0
  /** The most recently used last. */
  readonly #windows: ReadWindow[] = []

  constructor(context: ReaderContext) {
    this.#context = context
  }

  /** The entry if it is in memory, else null: then `load` it. The view is valid until the next call or turn. */
  peek(ticket: number): EntryView | null {
    const cursor = this.#cursor
    if (ticket === cursor.ticket + 1 && this.#current() && cursor.next()) {
      if (cursor.ticket === ticket) return cursor
    }
    const chunk = this.#context.chunks.find(ticket)
    if (chunk !== null) return this.#inChunk(chunk, ticket)
    for (let index = this.#windows.length - 1; index >= 0; index--) {
      const window = this.#windows[index]!
      if (!window.enter(ticket, cursor)) continue
      this.#touch(index, window)
      return cursor
    }
    return null
  }

  /** Brings the entry into memory, so that `peek` in the same turn answers it. */
  async load(ticket: number): Promise<void> {
    const { table, limits } = this.#context
    for (let attempt = 0; attempt <= limits.retries; attempt++) {
      if (this.peek(ticket) !== null) return
      const file = table.find(ticket)
      if (file === null) throw gone(ticket)
      if (await this.#loadFrom(file, ticket)) return
      // Damage only if the file still answers for the ticket; else it was cleaned or recycled meanwhile.
      if (table.find(ticket) === file && table.byGeneration(file.generation) === file) {
        throw new JournalDamaged(
          file.path,
          this.#positionOf(file, ticket),
          `ticket ${ticket} cannot be read`,
        )
      }
    }
    throw gone(ticket)
  }

  /** A copy of the entry's body. */
  async read(ticket: number): Promise<Uint8Array> {
    let entry = this.peek(ticket)
    while (entry === null) {
      await this.load(ticket)
      // Before we came to look, others that read in the same turn may have pushed it out again.
      entry = this.peek(ticket)
    }
    return bodyOf(entry).slice()
  }

  /** Drops what was read ahead from a file that left the table. */
  forget(file: JournalFile): void {
    for (let index = this.#windows.length - 1; index >= 0; index--) {
      if (this.#windows[index]!.generation === file.generation) this.#windows.splice(index, 1)
    }
  }

  #current(): boolean {
    const source = this.#source
    if (source === null) return false
    return !(source instanceof Chunk) || source.epoch === this.#epoch
  }

  #inChunk(chunk: Chunk, ticket: number): EntryView {
    const { rows } = chunk
    const row = rows.floor(ticket)
    const at = rows.position(row) + FRAME_HEADER_SIZE
    const size = chunk.view.getUint32(at - FRAME_HEADER_SIZE + 4, true)
    const end = size === FRAME_OPEN ? chunk.at : at + size
    this.#cursor.enterEntry(
      chunk.bytes,
      chunk.view,
      { at, end, survivors: false },
      rows.ticket(row),
    )
    this.#source = chunk
    this.#epoch = chunk.epoch
    do assert(this.#cursor.next(), 'a chunk that lists a ticket holds it')
    while (this.#cursor.ticket !== ticket)
    return this.#cursor
  }

  #touch(index: number, window: ReadWindow): void {
    this.#source = window
    if (index === this.#windows.length - 1) return
    this.#windows.splice(index, 1)
    this.#windows.push(window)
  }

  #loadFrom(file: JournalFile, ticket: number): Promise<boolean> {
    const { handles, limits, seed } = this.#context
    return handles.use(file, async (handle) => {
      if (file.index === null) {
        const footer = await readFooter(handle, file)
        if (footer === null) return false
        file.index = footer.index
      }
      const position = this.#positionOf(file, ticket)
      if (position === 0) return false
      const { rows } = file.index
      const row = rows.floor(ticket)
      const next = row + 1 < rows.size ? rows.position(row + 1) : file.dataEnd
      // Frames may be long and rows few: the window has to reach the next row at least.
      const size = Math.max(limits.readWindowBytes, next - position)
      const range = { position, end: file.dataEnd, generation: file.generation }
      const window = await ReadWindow.read(handle, range, size, seed)
      if (window === null || !window.enter(ticket, this.#cursor)) return false
      this.#source = null
      this.#windows.push(window)
      if (this.#windows.length > limits.readWindows) this.#windows.shift()
      return true
    })
  }

  /** Where the frame that may hold the ticket begins, or a little before it; 0 when there is none. */
  #positionOf(file: JournalFile, ticket: number): number {
    const rows = file.index?.rows
    const row = rows?.floor(ticket) ?? -1
    return row < 0 ? 0 : rows!.position(row)
  }
}

function gone(ticket: number): JournalError {
  return new JournalError(
    'JOURNAL_GONE',
    `ticket ${ticket} is not in the journal: nothing refers to it any more`,
  )
}

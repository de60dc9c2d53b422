/**
 * A ScratchBlock is a piece of a scratch file in memory: entries in the journal's layout, one behind the other. It is
 * filled, written, and later read back whole; it does no I/O.
 */
import type { EntryCursor } from '../journal/entry-cursor.ts'
import { ENTRY_HEADER_SIZE, viewOf } from '../journal/format.ts'
import type { EntryHead } from '../journal/tail.ts'
import type { ScratchFile } from './scratch-file.ts'

export class ScratchBlock {
  readonly file: ScratchFile
  /** Where it begins in its file. */
  readonly start: number
  readonly bytes: Uint8Array
  readonly #view: DataView
  /** Of the entry that is looked at; one object for all of them. */
  readonly #range = { at: 0, end: 0, survivors: false }
  /** Bytes in use. Moved by `claim`, or set by whoever read it. */
  size: number

  constructor(
    file: ScratchFile,
    place: { readonly start: number; readonly size: number },
    bytes: Uint8Array,
  ) {
    this.file = file
    this.start = place.start
    this.size = place.size
    this.bytes = bytes
    this.#view = viewOf(bytes)
  }

  /** Whether an entry that takes so many bytes fits. */
  has(size: number): boolean {
    return this.size + size <= this.bytes.length
  }

  /** Whether this byte of its file is in here. */
  covers(offset: number): boolean {
    return offset >= this.start && offset < this.start + this.size
  }

  /** Adds an entry; answers where its body goes, in `bytes`. */
  claim(head: EntryHead, bodySize: number): number {
    const at = this.size
    const view = this.#view
    view.setUint32(at, bodySize, true)
    view.setUint8(at + 4, head.kind)
    view.setUint8(at + 5, head.flags)
    view.setUint16(at + 6, Math.floor(head.number / 0x1_0000_0000), true)
    view.setUint32(at + 8, head.log, true)
    view.setUint32(at + 12, head.number >>> 0, true)
    this.size = at + ENTRY_HEADER_SIZE + bodySize
    return at + ENTRY_HEADER_SIZE
  }

  /** Puts the cursor on the entry that begins at this byte of its file, under the number it goes by. */
  enter(offset: number, address: number, cursor: EntryCursor): void {
    const range = this.#range
    range.at = offset - this.start
    range.end = this.size
    cursor.enterEntry(this.bytes, this.#view, range, address)
    cursor.next()
  }
}

/**
 * A MemoryChunk holds the bodies of one stretch of tickets in memory, in the layout of journal
 * entries, so that the same cursor reads them. The memory engine owns it.
 */
import { assert } from '../base/assert.ts'
import type { EntryCursor } from './entry-cursor.ts'
import { ENTRY_HEADER_SIZE, viewOf } from './format.ts'
import { RowTable } from './row-table.ts'
import type { EntryHead } from './tail.ts'

export class MemoryChunk {
  readonly bytes: Uint8Array
  readonly #view: DataView
  /** Where each entry begins. */
  readonly #rows = new RowTable()
  #at = 0
  /** Of the entry that is looked at; one object for all of them. */
  readonly #range = { at: 0, end: 0, survivors: false }
  /** References to bodies inside. Never negative. */
  live = 0
  /** Bodies inside that somebody keeps though nothing may refer to them. */
  held = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.#view = viewOf(bytes)
  }

  get count(): number {
    return this.#rows.size
  }

  get firstTicket(): number {
    return this.#rows.size === 0 ? Number.POSITIVE_INFINITY : this.#rows.ticket(0)
  }

  has(size: number): boolean {
    return this.#at + ENTRY_HEADER_SIZE + size <= this.bytes.length
  }

  /** Answers where the body goes. */
  claim(ticket: number, head: EntryHead, bodySize: number): number {
    const at = this.#at
    const view = this.#view
    view.setUint32(at, bodySize, true)
    view.setUint8(at + 4, head.kind)
    view.setUint8(at + 5, head.flags)
    view.setUint16(at + 6, Math.floor(head.number / 0x1_0000_0000), true)
    view.setUint32(at + 8, head.log, true)
    view.setUint32(at + 12, head.number >>> 0, true)
    this.#rows.push(ticket, at, 0)
    this.#at = at + ENTRY_HEADER_SIZE + bodySize
    return at + ENTRY_HEADER_SIZE
  }

  /** Whether the ticket's body is, or was, in here. */
  holds(ticket: number): boolean {
    return this.#rowOf(ticket) >= 0
  }

  /** Puts the cursor on the ticket; false when it is not in here. */
  enter(ticket: number, cursor: EntryCursor): boolean {
    const row = this.#rowOf(ticket)
    if (row < 0) return false
    this.enterRow(row, cursor)
    return true
  }

  enterRow(row: number, cursor: EntryCursor): void {
    const at = this.#rows.position(row)
    const end = row + 1 < this.#rows.size ? this.#rows.position(row + 1) : this.#at
    this.#range.at = at
    this.#range.end = end
    cursor.enterEntry(this.bytes, this.#view, this.#range, this.#rows.ticket(row))
    assert(cursor.next(), 'a row leads to an entry')
  }

  /** The row of the ticket, or -1. Where every ticket has a body, the usual case, the first guess is right. */
  #rowOf(ticket: number): number {
    const rows = this.#rows
    if (rows.size === 0) return -1
    const guess = ticket - rows.ticket(0)
    if (guess >= 0 && guess < rows.size && rows.ticket(guess) === ticket) return guess
    const row = rows.floor(ticket)
    return row >= 0 && rows.ticket(row) === ticket ? row : -1
  }

  /** Makes it an empty one. */
  reset(): void {
    assert(this.live === 0 && this.held === 0, 'a chunk in use is emptied')
    this.#rows.size = 0
    this.#at = 0
  }
}

/**
 * An EntryCursor walks the entries of one verified frame in place: one object for any number of
 * entries, nothing copied.
 */
import { assert } from '../base/assert.ts'
import { EMPTY } from '../base/bytes.ts'
import {
  ENTRY_HEADER_SIZE,
  FRAME_HEADER_SIZE,
  FRAME_SURVIVORS,
  SURVIVOR_HEADER_SIZE,
  u48,
  viewOf,
} from './format.ts'
import type { FrameHeader } from './frame.ts'

const EMPTY_VIEW = viewOf(EMPTY)

/** What the cursor stands on. Valid until the cursor moves; `bytes` may be reused once the visit returns. */
export interface EntryView {
  readonly ticket: number
  readonly kind: number
  readonly flags: number
  readonly log: number
  readonly number: number
  readonly bytes: Uint8Array
  readonly bodyAt: number
  readonly bodySize: number
}

/** Where entries stand one behind the other. */
export type EntryRange = { readonly at: number; readonly end: number; readonly survivors: boolean }

export class EntryCursor implements EntryView {
  ticket = 0
  kind = 0
  flags = 0
  log = 0
  number = 0
  bytes: Uint8Array = EMPTY
  bodyAt = 0
  bodySize = 0
  #view: DataView = EMPTY_VIEW
  #at = 0
  #end = 0
  #next = 0
  #survivors = false

  /** Stands before the first entry of the frame at `at`. */
  enter(bytes: Uint8Array, view: DataView, at: number, header: FrameHeader): void {
    this.bytes = bytes
    this.#view = view
    this.#at = at + FRAME_HEADER_SIZE
    this.#end = this.#at + header.size
    this.#next = header.ticket
    this.#survivors = header.kind === FRAME_SURVIVORS
  }

  /** Stands before the entry of `ticket` at [at, end), whose frame began to be walked before. */
  enterEntry(bytes: Uint8Array, view: DataView, range: EntryRange, ticket: number): void {
    this.bytes = bytes
    this.#view = view
    this.#at = range.at
    this.#end = range.end
    this.#next = ticket
    this.#survivors = range.survivors
  }

  /** Moves to the next entry; false at the end of the frame. */
  next(): boolean {
    if (this.#at >= this.#end) return false
    const view = this.#view
    let at = this.#at
    if (this.#survivors) {
      this.#next = u48(view, at)
      at += SURVIVOR_HEADER_SIZE
    }
    const size = view.getUint32(at, true)
    this.ticket = this.#next++
    this.kind = view.getUint8(at + 4)
    this.flags = view.getUint8(at + 5)
    this.log = view.getUint32(at + 8, true)
    this.number = view.getUint16(at + 6, true) * 0x1_0000_0000 + view.getUint32(at + 12, true)
    this.bodyAt = at + ENTRY_HEADER_SIZE
    this.bodySize = size
    this.#at = this.bodyAt + size
    // The frame's checksum held, so a wrong size here is our own writer's fault.
    assert(this.#at <= this.#end, 'an entry passes the end of its frame')
    return true
  }
}

/** The body as a view of the cursor's memory. */
export function bodyOf(entry: EntryView): Uint8Array {
  return entry.bytes.subarray(entry.bodyAt, entry.bodyAt + entry.bodySize)
}

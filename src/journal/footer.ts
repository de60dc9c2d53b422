/** The footer of a sealed file: where each ticket and each indexed log begins, and which file comes next. */
import { crc32c } from '@node-rs/crc32'
import { assert } from '../base/assert.ts'
import { setU48, u48, viewOf } from './format.ts'
import { RowTable } from './row-table.ts'

// footer  = row* logRow* trailer                                   ends where the file ends
// row     = ticket:u48 index:u16 position:u32                      index: which entry of the frame
// logRow  = log:u32 entries:u32 bytes:u48 first:u48 last:u48 ticket:u48
// trailer = crc:u32 size:u32 generation:u32 rows:u32 logRows:u32 nextSlot:u16 runs:u16
//           nextGeneration:u48 firstTicket:u48 endTicket:u48 lastCommit:u48 dataEnd:u48
//           bodyBytes:u48 bodies:u32 magic:u32      size is of the footer; crc covers its rows, then
//                                                   what is behind crc
//
// A journal file has a row every rowStrideBytes; a file of survivors has one for each entry, sorted
// by ticket. The footer is synced before the first frame of the next file is written, so a file that
// is not the last one always has it, and damage in such a file is never a torn tail.

export const ROW_SIZE = 12
export const LOG_ROW_SIZE = 32
export const TRAILER_SIZE = 68
const TRAILER_MAGIC = 0x544f4f46 // 'FOOT'

export type LogRow = {
  readonly log: number
  entries: number
  bytes: number
  first: number
  last: number
  /** Ticket of the first entry of this log in the file. */
  readonly ticket: number
}

/** The fixed part of a footer. */
export type Trailer = {
  readonly generation: number
  readonly nextSlot: number
  readonly nextGeneration: number
  readonly firstTicket: number
  readonly endTicket: number
  readonly lastCommit: number
  readonly dataEnd: number
  readonly bodies: number
  readonly bodyBytes: number
  /** How often the entries changed from one indexed log to another, at most 65,535: how scattered they lie. */
  readonly runs: number
}

/** What a sealed file knows about its own content. */
export type FileIndex = {
  readonly rows: RowTable
  readonly logs: Map<number, LogRow>
}

export function emptyIndex(): FileIndex {
  return { rows: new RowTable(), logs: new Map() }
}

export function footerSize(rows: number, logs: number): number {
  return rows * ROW_SIZE + logs * LOG_ROW_SIZE + TRAILER_SIZE
}

/** Writes a whole footer into `into`, which is exactly its size. */
export function encodeFooter(into: Uint8Array, index: FileIndex, trailer: Trailer): void {
  assert(into.length === footerSize(index.rows.size, index.logs.size), 'footer of another size')
  const view = viewOf(into)
  let at = 0
  for (let row = 0; row < index.rows.size; row++, at += ROW_SIZE) {
    setU48(view, at, index.rows.ticket(row))
    view.setUint16(at + 6, index.rows.index(row), true)
    view.setUint32(at + 8, index.rows.position(row), true)
  }
  for (const row of index.logs.values()) {
    view.setUint32(at, row.log, true)
    view.setUint32(at + 4, row.entries, true)
    setU48(view, at + 8, row.bytes)
    setU48(view, at + 14, row.first)
    setU48(view, at + 20, row.last)
    setU48(view, at + 26, row.ticket)
    at += LOG_ROW_SIZE
  }
  view.setUint32(at + 4, into.length, true)
  view.setUint32(at + 8, trailer.generation >>> 0, true)
  view.setUint32(at + 12, index.rows.size, true)
  view.setUint32(at + 16, index.logs.size, true)
  view.setUint16(at + 20, trailer.nextSlot, true)
  view.setUint16(at + 22, trailer.runs, true)
  setU48(view, at + 24, trailer.nextGeneration)
  setU48(view, at + 30, trailer.firstTicket)
  setU48(view, at + 36, trailer.endTicket)
  setU48(view, at + 42, trailer.lastCommit)
  setU48(view, at + 48, trailer.dataEnd)
  setU48(view, at + 54, trailer.bodyBytes)
  view.setUint32(at + 60, trailer.bodies, true)
  view.setUint32(at + 64, TRAILER_MAGIC, true)
  view.setUint32(at, footerChecksum(into), true)
}

function footerChecksum(footer: Uint8Array): number {
  const at = footer.length - TRAILER_SIZE
  return crc32c(footer.subarray(at + 4), crc32c(footer.subarray(0, at))) >>> 0
}

/** How many bytes the footer has that ends with this trailer, or 0 when it is none of this generation. */
export function footerSizeIn(trailer: Uint8Array, generation: number, fileBytes: number): number {
  const view = viewOf(trailer)
  if (view.getUint32(64, true) !== TRAILER_MAGIC) return 0
  if (view.getUint32(8, true) !== generation >>> 0) return 0
  const size = view.getUint32(4, true)
  if (size > fileBytes || size < TRAILER_SIZE) return 0
  return size === footerSize(view.getUint32(12, true), view.getUint32(16, true)) ? size : 0
}

/** The footer in exactly these bytes, or null when the checksum says they are not one. */
export function decodeFooter(footer: Uint8Array): { index: FileIndex; trailer: Trailer } | null {
  const view = viewOf(footer)
  const end = footer.length - TRAILER_SIZE
  if (view.getUint32(end, true) !== footerChecksum(footer)) return null
  const index = emptyIndex()
  const rows = view.getUint32(end + 12, true)
  let at = 0
  for (let row = 0; row < rows; row++, at += ROW_SIZE) {
    index.rows.push(u48(view, at), view.getUint32(at + 8, true), view.getUint16(at + 6, true))
  }
  for (; at < end; at += LOG_ROW_SIZE) {
    const log = view.getUint32(at, true)
    index.logs.set(log, {
      log,
      entries: view.getUint32(at + 4, true),
      bytes: u48(view, at + 8),
      first: u48(view, at + 14),
      last: u48(view, at + 20),
      ticket: u48(view, at + 26),
    })
  }
  return { index, trailer: decodeTrailer(view, end) }
}

function decodeTrailer(view: DataView, at: number): Trailer {
  return {
    generation: view.getUint32(at + 8, true),
    nextSlot: view.getUint16(at + 20, true),
    runs: view.getUint16(at + 22, true),
    nextGeneration: u48(view, at + 24),
    firstTicket: u48(view, at + 30),
    endTicket: u48(view, at + 36),
    lastCommit: u48(view, at + 42),
    dataEnd: u48(view, at + 48),
    bodyBytes: u48(view, at + 54),
    bodies: view.getUint32(at + 60, true),
  }
}

/** The bytes of a snapshot: the journal's own part (file table) in the header, then the owner's opaque blocks. */
import { crc32c } from '@node-rs/crc32'
import type { Identity } from './file-header.ts'
import { FORMAT_VERSION, setU48, u48, viewOf } from './format.ts'
import type { JournalFile } from './journal-file.ts'

// snapshot = header row* block* end stale         the file may be longer: it is reused
// header   = magic:u64 crc:u32 version:u16 pad:u16 identity:u64 ticket:u48 nextGeneration:u48
//            startGeneration:u48 rows:u32 pad:u16 startCommit:u48 epoch:u32 pad:u32
//            pad:u16                                                crc covers the header and the rows
// row      = slot:u16 level:u8 sealed:u8 generation:u32 fileBytes:u48 firstTicket:u48 endTicket:u48
//            lastCommit:u48 dataEnd:u48 live:u48 bodies:u32 bodyBytes:u48 runs:u16
// block    = crc:u32 size:u32 bytes               size > 0; crc starts from that of ticket:u48 index:u32
// end      = crc:u32 zero:u32 blocks:u32 pad:u32 bytes:u48 pad:u16       crc as of the block behind the last

export const SNAPSHOT_HEADER_SIZE = 64
const SNAPSHOT_ROW_SIZE = 56
export const BLOCK_HEADER_SIZE = 8
export const SNAPSHOT_END_SIZE = 24
const MAGIC_LOW = 0x5552414e // 'NARU'
const MAGIC_HIGH = 0x31504e53 // 'SNP1'

/** One file of the table as it was at the snapshot's ticket. */
export type TableRow = Pick<
  JournalFile,
  | 'slot'
  | 'level'
  | 'sealed'
  | 'generation'
  | 'fileBytes'
  | 'firstTicket'
  | 'endTicket'
  | 'lastCommit'
  | 'dataEnd'
  | 'live'
  | 'bodies'
  | 'bodyBytes'
  | 'runs'
>

/** The journal's own part of a snapshot. */
export type SnapshotHead = {
  readonly identity: Identity
  /** Everything up to this ticket is inside; replay starts behind it. */
  readonly ticket: number
  readonly epoch: number
  readonly nextGeneration: number
  /** The file in which replay starts to read. */
  readonly startGeneration: number
  /** The first commit of that file. */
  readonly startCommit: number
  readonly rows: readonly TableRow[]
}

export function encodeSnapshotHead(head: SnapshotHead): Uint8Array {
  const bytes = new Uint8Array(SNAPSHOT_HEADER_SIZE + head.rows.length * SNAPSHOT_ROW_SIZE)
  const view = viewOf(bytes)
  view.setUint32(0, MAGIC_LOW, true)
  view.setUint32(4, MAGIC_HIGH, true)
  view.setUint16(12, FORMAT_VERSION, true)
  view.setUint32(16, head.identity.low, true)
  view.setUint32(20, head.identity.high, true)
  setU48(view, 24, head.ticket)
  setU48(view, 30, head.nextGeneration)
  setU48(view, 36, head.startGeneration)
  view.setUint32(42, head.rows.length, true)
  setU48(view, 48, head.startCommit)
  view.setUint32(54, head.epoch, true)
  let at = SNAPSHOT_HEADER_SIZE
  for (const row of head.rows) {
    encodeRow(view, at, row)
    at += SNAPSHOT_ROW_SIZE
  }
  view.setUint32(8, crc32c(bytes.subarray(12)) >>> 0, true)
  return bytes
}

function encodeRow(view: DataView, at: number, row: TableRow): void {
  view.setUint16(at, row.slot, true)
  view.setUint8(at + 2, row.level)
  view.setUint8(at + 3, row.sealed ? 1 : 0)
  view.setUint32(at + 4, row.generation, true)
  setU48(view, at + 8, row.fileBytes)
  setU48(view, at + 14, row.firstTicket)
  setU48(view, at + 20, row.endTicket)
  setU48(view, at + 26, row.lastCommit)
  setU48(view, at + 32, row.dataEnd)
  setU48(view, at + 38, row.live)
  view.setUint32(at + 44, row.bodies, true)
  setU48(view, at + 48, row.bodyBytes)
  view.setUint16(at + 54, row.runs, true)
}

/** How many bytes the head has that starts with these, or 0 when they start none of this directory. */
export function snapshotHeadSize(start: Uint8Array, identity: Identity): number {
  if (start.length < SNAPSHOT_HEADER_SIZE) return 0
  const view = viewOf(start)
  if (view.getUint32(0, true) !== MAGIC_LOW || view.getUint32(4, true) !== MAGIC_HIGH) return 0
  if (view.getUint16(12, true) !== FORMAT_VERSION) return 0
  if (view.getUint32(16, true) !== identity.low) return 0
  if (view.getUint32(20, true) !== identity.high) return 0
  return SNAPSHOT_HEADER_SIZE + view.getUint32(42, true) * SNAPSHOT_ROW_SIZE
}

/** The head in exactly these bytes, or null when the checksum says they are damaged. */
export function decodeSnapshotHead(bytes: Uint8Array): SnapshotHead | null {
  const view = viewOf(bytes)
  if (view.getUint32(8, true) !== crc32c(bytes.subarray(12)) >>> 0) return null
  const rows: TableRow[] = []
  for (let at = SNAPSHOT_HEADER_SIZE; at < bytes.length; at += SNAPSHOT_ROW_SIZE) {
    rows.push(decodeRow(view, at))
  }
  return {
    identity: { low: view.getUint32(16, true), high: view.getUint32(20, true) },
    ticket: u48(view, 24),
    nextGeneration: u48(view, 30),
    startGeneration: u48(view, 36),
    startCommit: u48(view, 48),
    epoch: view.getUint32(54, true),
    rows,
  }
}

function decodeRow(view: DataView, at: number): TableRow {
  return {
    slot: view.getUint16(at, true),
    level: view.getUint8(at + 2),
    sealed: view.getUint8(at + 3) === 1,
    generation: view.getUint32(at + 4, true),
    fileBytes: u48(view, at + 8),
    firstTicket: u48(view, at + 14),
    endTicket: u48(view, at + 20),
    lastCommit: u48(view, at + 26),
    dataEnd: u48(view, at + 32),
    live: u48(view, at + 38),
    bodies: view.getUint32(at + 44, true),
    bodyBytes: u48(view, at + 48),
    runs: view.getUint16(at + 54, true),
  }
}

/** The checksum of block `index`: a stale block of an older snapshot in the same file does not pass. */
export function blockChecksum(ticket: number, index: number, sizeAndBytes: Uint8Array): number {
  const place = new Uint8Array(10)
  const view = viewOf(place)
  setU48(view, 0, ticket)
  view.setUint32(6, index, true)
  return crc32c(sizeAndBytes, crc32c(place)) >>> 0
}

/** A block around `bytes`. */
export function encodeBlock(ticket: number, index: number, bytes: Uint8Array): Uint8Array {
  const block = new Uint8Array(BLOCK_HEADER_SIZE + bytes.length)
  const view = viewOf(block)
  view.setUint32(4, bytes.length, true)
  block.set(bytes, BLOCK_HEADER_SIZE)
  view.setUint32(0, blockChecksum(ticket, index, block.subarray(4)), true)
  return block
}

/** What closes a snapshot: without it the file is not one. */
export function encodeSnapshotEnd(ticket: number, blocks: number, bytes: number): Uint8Array {
  const end = new Uint8Array(SNAPSHOT_END_SIZE)
  const view = viewOf(end)
  view.setUint32(8, blocks, true)
  setU48(view, 16, bytes)
  view.setUint32(0, blockChecksum(ticket, blocks, end.subarray(4)), true)
  return end
}

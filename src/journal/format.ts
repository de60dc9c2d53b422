/**
 * The bytes of the journal: grammar, sizes, and the functions that write and read single headers.
 * Everything that knows an offset inside a header is in this file; nothing here does I/O.
 */
import { crc32c } from '@node-rs/crc32'
import type { Brand } from '../base/brand.ts'

// All integers are little-endian. u48 is a u32 (low) followed by a u16 (high).
//
// file     = header header frame* [footer]      fileBytes long; written over and over, never resized
// header   = magic:u64 crc:u32 version:u16 pad:u16 generation:u48 slot:u16 fileBytes:u48
//            pad:u16 identity:u64 zeros         two copies, at 0 and at sectorBytes; the higher valid
//                                               generation counts, so a torn new one leaves the old
// frame    = crc:u32 size:u32 generation:u32 shard:u16 kind:u8 flags:u8 commit:u48 index:u16
//            ticket:u48 unsynced:u16 count:u32 entry* pad      8-byte aligned; crc covers all behind it
// entry    = size:u32 kind:u8 flags:u8 numberHigh:u16 log:u32 numberLow:u32 body
// survivor = ticket:u64 entry                   the entries of a cleaned file, which are not dense
// footer   = row* trailer                       ends where the file ends
//
//   |<- sector ->|<- sector ->|<---- commit k ---->|<- commit k+1 ->|  stale or zero  |<- footer ->|
//   +------------+------------+----------+---------+----------------+-----------------+------------+
//   | header     | header     | frame 0  | frame 1 | frame 0        |                 | rows trailer|
//   +------------+------------+----------+---------+----------------+-----------------+------------+
//                                          `- LAST     `- LAST
//
// A commit is the frames 0..n of one commit number; the last one carries LAST. It is what a crash
// can tear: only commits that were never synced can be incomplete, and they are the last ones.
// `unsynced` counts the commits right before this one that were not known to be synced when it was
// written: damage in commit k is interior when a valid frame of a commit c > k says so little that
// k < c - unsynced, because then k had been synced.

export const FORMAT_VERSION = 1
export const FILE_HEADER_SIZE = 56
export const FRAME_HEADER_SIZE = 40
export const ENTRY_HEADER_SIZE = 16
export const SURVIVOR_HEADER_SIZE = 8
/** Frames begin at multiples of this, so that a search for one after damage knows where to look. */
export const FRAME_ALIGNMENT = 8

const FILE_MAGIC_LOW = 0x5552414e // 'NARU'
const FILE_MAGIC_HIGH = 0x314c4e4a // 'JNL1'

export const FRAME_ENTRIES = 1
export const FRAME_MARK = 2
export const FRAME_SURVIVORS = 3
export const FRAME_FLAG_LAST = 1
/** In memory only: the size of a frame that is still being filled. */
export const FRAME_OPEN = 0xffff_ffff

/** The entry carries a body that the store keeps while somebody holds a reference to it. */
export const ENTRY_FLAG_BODY = 1
/** The footer lists where this entry's log and number are found: what a stream's readers look up. */
export const ENTRY_FLAG_INDEXED = 2
/** A piece of a large body: nothing refers to it until a later entry does. */
export const ENTRY_FLAG_FRAGMENT = 4

/** The journal's own entries; every other kind belongs to the journal's owner. */
export const ENTRY_KIND_JOURNAL = 0

/** What a file's header says: whose it is and which use of it this is. */
export type FileHeader = {
  /** Grows with every use of any file of the directory; never repeated. */
  readonly generation: number
  readonly slot: number
  readonly fileBytes: number
  /** The directory's own random number, as two u32: a file of another directory does not pass. */
  readonly identity: Identity
}

export type Identity = { readonly low: number; readonly high: number }

/** What the checksums of a directory's frames start from: never just any number. */
export type Seed = Brand<number, 'Seed'>

export const NO_SEED: Seed = 0 as Seed

export function u48(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint16(at + 4, true) * 0x1_0000_0000
}

export function setU48(view: DataView, at: number, value: number): void {
  view.setUint32(at, value >>> 0, true)
  view.setUint16(at + 4, Math.floor(value / 0x1_0000_0000), true)
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/**
 * The checksum of [from, to), started from `seed`. Frames start from the directory's identity, which no client
 * knows: a body that imitates a frame is not taken for one when the search after damage meets it.
 */
export function checksum(
  bytes: Uint8Array,
  from: number,
  to: number,
  seed: Seed = NO_SEED,
): number {
  return crc32c(bytes.subarray(from, to), seed) >>> 0
}

export function seedOf(identity: Identity): Seed {
  return ((identity.low ^ identity.high) >>> 0) as Seed
}

/** Writes a file header into the first FILE_HEADER_SIZE bytes of `into`. */
export function encodeFileHeader(into: Uint8Array, header: FileHeader): void {
  const view = viewOf(into)
  into.fill(0, 0, FILE_HEADER_SIZE)
  view.setUint32(0, FILE_MAGIC_LOW, true)
  view.setUint32(4, FILE_MAGIC_HIGH, true)
  view.setUint16(12, FORMAT_VERSION, true)
  setU48(view, 16, header.generation)
  view.setUint16(22, header.slot, true)
  setU48(view, 24, header.fileBytes)
  view.setUint32(32, header.identity.low, true)
  view.setUint32(36, header.identity.high, true)
  view.setUint32(8, checksum(into, 12, FILE_HEADER_SIZE), true)
}

/** The header in the first bytes of `from`, or null when they are not a valid one of this format. */
export function decodeFileHeader(from: Uint8Array): FileHeader | null {
  if (from.length < FILE_HEADER_SIZE) return null
  const view = viewOf(from)
  if (view.getUint32(0, true) !== FILE_MAGIC_LOW) return null
  if (view.getUint32(4, true) !== FILE_MAGIC_HIGH) return null
  if (view.getUint32(8, true) !== checksum(from, 12, FILE_HEADER_SIZE)) return null
  if (view.getUint16(12, true) !== FORMAT_VERSION) return null
  return {
    generation: u48(view, 16),
    slot: view.getUint16(22, true),
    fileBytes: u48(view, 24),
    identity: { low: view.getUint32(32, true), high: view.getUint32(36, true) },
  }
}

/** What one frame's header says, but for its checksum. One object is reused by whoever walks frames. */
export class FrameHeader {
  size = 0
  generation = 0
  shard = 0
  kind = 0
  flags = 0
  commit = 0
  index = 0
  ticket = 0
  unsynced = 0
  count = 0

  get last(): boolean {
    return (this.flags & FRAME_FLAG_LAST) !== 0
  }
}

/** Bytes that a frame with `entriesSize` bytes of entries takes in the file. */
export function frameSize(entriesSize: number): number {
  return (FRAME_HEADER_SIZE + entriesSize + FRAME_ALIGNMENT - 1) & ~(FRAME_ALIGNMENT - 1)
}

/** Memory that frames stand in, and what their checksums start from. */
export interface FrameTarget {
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly seed: Seed
}

/** Writes the header of the frame whose entries already stand behind it, and its checksum. */
export function sealFrame(target: FrameTarget, at: number, header: FrameHeader): void {
  const { bytes, view, seed } = target
  view.setUint32(at + 4, header.size, true)
  view.setUint32(at + 8, header.generation >>> 0, true)
  view.setUint16(at + 12, header.shard, true)
  view.setUint8(at + 14, header.kind)
  view.setUint8(at + 15, header.flags)
  setU48(view, at + 16, header.commit)
  view.setUint16(at + 22, header.index, true)
  setU48(view, at + 24, header.ticket)
  view.setUint16(at + 30, header.unsynced, true)
  view.setUint32(at + 32, header.count, true)
  view.setUint32(at + 36, 0, true)
  const end = at + FRAME_HEADER_SIZE + header.size
  view.setUint32(at, checksum(bytes, at + 4, end, seed), true)
  bytes.fill(0, end, at + frameSize(header.size))
}

/** Where to look for a frame: [at, end) of a file whose present use is `generation`. */
export interface FrameRange {
  readonly at: number
  readonly end: number
  readonly generation: number
}

/**
 * Reads the frame at `range.at` into `header`. Answers the frame's size in the file, or 0 when no valid frame of
 * the generation starts there. The declared size is bounded before it is believed.
 */
export function readFrame(target: FrameTarget, range: FrameRange, header: FrameHeader): number {
  const { at, end } = range
  if (end - at < FRAME_HEADER_SIZE) return 0
  const { bytes, view } = target
  if (view.getUint32(at + 8, true) !== range.generation >>> 0) return 0
  const size = view.getUint32(at + 4, true)
  if (size > end - at - FRAME_HEADER_SIZE) return 0
  const sum = checksum(bytes, at + 4, at + FRAME_HEADER_SIZE + size, target.seed)
  if (view.getUint32(at, true) !== sum) return 0
  readFrameHeader(view, at, header)
  return frameSize(size)
}

/**
 * Reads the header at `at` without asking whether it is valid: for what explains damage, never for
 * what trusts it.
 */
export function readFrameHeader(view: DataView, at: number, header: FrameHeader): void {
  header.size = view.getUint32(at + 4, true)
  header.generation = view.getUint32(at + 8, true)
  header.shard = view.getUint16(at + 12, true)
  header.kind = view.getUint8(at + 14)
  header.flags = view.getUint8(at + 15)
  header.commit = u48(view, at + 16)
  header.index = view.getUint16(at + 22, true)
  header.ticket = u48(view, at + 24)
  header.unsynced = view.getUint16(at + 30, true)
  header.count = view.getUint32(at + 32, true)
}

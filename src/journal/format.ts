/**
 * The bytes of the journal: grammar, sizes, kinds and flags. What stands in the headers is written and read by
 * file-header.ts and frame.ts; nothing here does I/O.
 */
// All integers are little-endian. u48 is a u32 (low) followed by a u16 (high).
//
// file     = header header frame* [footer]      fileBytes long; written over and over, never resized
// header   = magic:u64 crc:u32 version:u16 pad:u16 generation:u48 slot:u16 fileBytes:u48
//            pad:u16 identity:u64 pad:u64 pad:u64      two copies, at 0 and at sectorBytes; the higher
//                              valid generation counts, so a torn new one leaves the old; zeros behind
// frame    = crc:u32 size:u32 generation:u32 shard:u16 kind:u8 flags:u8 commit:u48 index:u16
//            ticket:u48 unsynced:u16 count:u32 pad:u32 entry* pad       8-byte aligned; size is of the
//                              entries; crc covers all behind it but the last pad
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

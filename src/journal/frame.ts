/** Frames: entries under one header and one checksum. Writes and reads single ones, in memory. */
import { checksum, type Seed } from './checksum.ts'
import { FRAME_ALIGNMENT, FRAME_FLAG_LAST, FRAME_HEADER_SIZE, setU48, u48 } from './format.ts'

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

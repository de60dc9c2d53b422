/**
 * A ReadAhead goes through one file at a time from front to back, some pieces ahead of whoever looks
 * at the frames, in memory of a fixed size. It never says what a commit is, nor reads anything twice.
 *
 *   |<- lead: the largest frame ->|<----------------- ring: whole pieces ------------------>|
 *   |            [copy of its head]|rest of a frame ][ there ][asked ][ free ]...[ head of it ]|
 *
 * The file goes round and round in the ring. What is looked at is kept until it is let go; a frame
 * that goes over the ring's end is made whole by a copy of its head right before the ring's start.
 */
import { assert } from '../base/assert.ts'
import type { DiskFile } from '../base/ports.ts'
import { Ring } from '../base/ring.ts'
import type { Seed } from './checksum.ts'
import { FRAME_ALIGNMENT, FRAME_HEADER_SIZE, viewOf } from './format.ts'
import { type FrameHeader, type FrameTarget, readFrame } from './frame.ts'
import type { JournalLimits } from './limits.ts'

/** What `frame` answers when it depends on bytes that are not here yet. */
export const UNREAD = -1

const GENERATION_AT = 8 // in a frame's header

const PIECES_AHEAD = 4 // a read-ahead comes in so many reads: the next one waits at the disk when one is done

/** What is read: [from, end) of a file, whose present use is `generation`. */
export type ReadRange = {
  readonly file: DiskFile
  readonly generation: number
  readonly from: number
  readonly end: number
  /** `in-order` holds several reads ready, for who has the disk to himself; `beside` one, for who has not. */
  readonly reads: 'in-order' | 'beside'
}

/** A read that was asked for. */
type Asked = { readonly size: number; readonly done: Promise<number> }

export class ReadAhead {
  readonly target: FrameTarget
  readonly #leadBytes: number
  readonly #ringBytes: number
  readonly #pieceBytes: number
  #range: ReadRange | null
  /** The file from #range.from to here was read. Invariant: #kept <= #end <= #askedEnd <= #kept + #ringBytes. */
  #end: number
  /** Reads of [#end, #askedEnd), the oldest first. */
  readonly #asked: Ring<Asked>
  #askedEnd: number
  /** Nothing before it is looked at any more. */
  #kept: number
  /** A read came back short: a damaged file may be shorter than it says. */
  #isAtEnd: boolean
  /** Where in the memory the frame begins that was asked for last. */
  at: number

  /** `memory` has room for the largest commit and frame and what is read ahead; from `allocate` for reads in order. */
  constructor(memory: Uint8Array, limits: JournalLimits, seed: Seed) {
    this.target = { bytes: memory, view: viewOf(memory), seed }
    this.#leadBytes = limits.chunkBytes
    this.#pieceBytes = Math.floor(limits.readAheadBytes / PIECES_AHEAD)
    const ringBytes = memory.length - this.#leadBytes
    this.#ringBytes = ringBytes - (ringBytes % this.#pieceBytes)
    assert(this.#pieceBytes % FRAME_ALIGNMENT === 0, 'no word of a header is cut in two')
    assert(this.#ringBytes >= limits.commitBytes + this.#pieceBytes, 'the ring holds a commit')
    this.#range = null
    this.#end = 0
    this.#asked = new Ring()
    this.#askedEnd = 0
    this.#kept = 0
    this.#isAtEnd = false
    this.at = 0
  }

  /** Begins with a file. Every `begin` is followed by a `finish` before the next. */
  begin(range: ReadRange): void {
    assert(this.#range === null, 'one file at a time')
    this.#range = range
    this.#end = range.from
    this.#askedEnd = range.from
    this.#kept = range.from
    this.#isAtEnd = false
  }

  /** Waits until no read is under way: then the memory and the file are the caller's again. */
  async finish(): Promise<void> {
    this.#range = null
    for (let read = this.#asked.shift(); read !== undefined; read = this.#asked.shift()) {
      await read.done.catch(() => undefined)
    }
  }

  /** Whether a frame's header at `position` is there. */
  holdsHeader(position: number): boolean {
    return position + FRAME_HEADER_SIZE <= this.#end
  }

  /** The first place of a frame from `position` on whose header names the generation, or is not there. */
  find(position: number): number {
    const { view } = this.target
    const generation = this.#range!.generation >>> 0
    let from = position
    while (this.holdsHeader(from)) {
      const steps = 1 + Math.floor((this.#end - FRAME_HEADER_SIZE - from) / FRAME_ALIGNMENT)
      const start = this.#indexOf(from + GENERATION_AT)
      const end = Math.min(start + steps * FRAME_ALIGNMENT, this.#leadBytes + this.#ringBytes)
      for (let at = start; at < end; at += FRAME_ALIGNMENT) {
        if (view.getUint32(at, true) === generation) return from + at - start
      }
      from += end - start
    }
    return from
  }

  /**
   * The frame at `position`, read into `header`; `at` says where it stands in the memory, valid or not, once its
   * header is there. Answers its size in the file, 0 when no valid one of the generation stands there, or UNREAD
   * when that is not known yet.
   */
  frame(position: number, header: FrameHeader): number {
    assert(this.#range !== null && position >= this.#kept, 'what was let go is gone')
    const { bytes, view } = this.target
    const there = this.#end - position
    if (there < FRAME_HEADER_SIZE) return UNREAD
    let at = this.#indexOf(position)
    const room = this.#leadBytes + this.#ringBytes - at
    if (there > room && room <= this.#leadBytes && claimed(view, at, room) > room) {
      bytes.copyWithin(at - this.#ringBytes, at, at + room)
      at -= this.#ringBytes
    }
    this.at = at
    const { generation } = this.#range
    if (view.getUint32(at + GENERATION_AT, true) !== generation >>> 0) return 0
    const end = Math.min(at + there, this.#leadBytes + this.#ringBytes)
    const size = FRAME_HEADER_SIZE + view.getUint32(at + 4, true)
    if (size > end - at) return size > this.#leadBytes ? 0 : UNREAD
    return readFrame(this.target, { at, end, generation }, header)
  }

  /** Waits for the next piece, having let go what is before `position`; false when there is none, or no room. */
  async more(position: number): Promise<boolean> {
    this.#kept = position
    if (this.#isAtEnd) return false
    this.#ask()
    const next = this.#asked.shift()
    if (next === undefined) return false
    const count = await next.done
    this.#end += count
    this.#isAtEnd = count < next.size
    this.#ask()
    return count > 0
  }

  #ask(): void {
    const range = this.#range
    assert(range !== null, 'no file')
    const asMany = range.reads === 'in-order' ? PIECES_AHEAD : 1
    while (!this.#isAtEnd && this.#asked.size < asMany && this.#askedEnd < range.end) {
      const size = Math.min(this.#pieceBytes, range.end - this.#askedEnd)
      if (this.#askedEnd + size - this.#kept > this.#ringBytes) return
      const at = this.#indexOf(this.#askedEnd)
      const into = this.target.bytes.subarray(at, at + size)
      const { file } = range
      const done =
        range.reads === 'in-order'
          ? file.readInOrder(into, this.#askedEnd)
          : file.read(into, this.#askedEnd)
      // Whoever awaits it is told; until then a failure must not count as unhandled.
      done.catch(() => undefined)
      this.#asked.push({ size, done })
      this.#askedEnd += size
    }
  }

  #indexOf(position: number): number {
    return this.#leadBytes + ((position - this.#range!.from) % this.#ringBytes)
  }
}

/** How long the frame at `at` says it is, or endless when its header is not whole. */
function claimed(view: DataView, at: number, room: number): number {
  if (room < FRAME_HEADER_SIZE) return Number.POSITIVE_INFINITY
  return FRAME_HEADER_SIZE + view.getUint32(at + 4, true)
}

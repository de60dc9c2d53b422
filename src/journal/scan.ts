/**
 * Scans a file's frames commit by commit: a commit is visited only when all of it is there,
 * undamaged and in order.
 */
import type { DiskFile } from '../base/ports.ts'
import type { Seed } from './checksum.ts'
import { FRAME_ALIGNMENT, FRAME_ENTRIES, FRAME_HEADER_SIZE, FRAME_MARK } from './format.ts'
import { FrameHeader, type FrameTarget, frameSize, readFrameHeader } from './frame.ts'
import type { JournalLimits } from './limits.ts'
import { ReadAhead, type ReadRange, UNREAD } from './read-ahead.ts'

/** What the scan is of, and what it expects to meet first. */
export type ScanStart = {
  readonly file: DiskFile
  readonly generation: number
  readonly from: number
  readonly fileBytes: number
  readonly seed: Seed
  readonly commit: number
  readonly ticket: number
}

/** Called for each frame of a whole commit; `position` is the frame's place in the file. */
export type FrameVisit = (
  target: FrameTarget,
  at: number,
  header: FrameHeader,
  position: number,
) => void

/** Where the whole commits end, and what would have come next. */
export type ScanEnd = { readonly end: number; readonly commit: number; readonly ticket: number }

/** What stands behind the last whole commit of the last file. */
export type TailVerdict =
  | { readonly kind: 'clean' }
  /** A commit that never became durable, and what was written behind it without a sync: `bytes` from the end on. */
  | { readonly kind: 'torn'; readonly bytes: number }
  /** A later commit proves that the damaged one had been durable. */
  | { readonly kind: 'interior' }

export class Scanner {
  readonly #ahead: ReadAhead
  readonly #header = new FrameHeader()
  /** The frames of the expected commit that were found so far: where in the memory each begins. */
  readonly #frames: number[] = []
  /** Where the next of them would be in the file, and its first ticket. */
  #next = 0
  #nextTicket = 0

  /** `memory` is what it reads into, `recoveryBytes` long; from the disk's `allocate` if it is to `scan`. */
  constructor(memory: Uint8Array, limits: JournalLimits, seed: Seed) {
    this.#ahead = new ReadAhead(memory, limits, seed)
  }

  /** Visits all whole commits in order. For who opens a journal: the reads come before any commit. */
  async scan(start: ScanStart, visit: FrameVisit): Promise<ScanEnd> {
    let { commit, ticket } = start
    const end = await this.#walk(start, 'in-order', (at) => {
      const size = this.#commitAt(at, { commit, ticket })
      if (size <= 0) return size
      this.#visit(at, visit)
      commit++
      ticket = this.#nextTicket
      this.#frames.length = 0
      return size
    })
    return { end, commit, ticket }
  }

  /** Visits every frame of a sealed file, commits or survivors; answers where the valid ones end. */
  frames(start: ScanStart, visit: FrameVisit): Promise<number> {
    const header = this.#header
    return this.#walk(start, 'beside', (at) => {
      const size = this.#ahead.frame(at, header)
      if (size > 0) visit(this.#ahead.target, this.#ahead.at, header, at)
      return size
    })
  }

  /**
   * Decides whether what follows the last whole commit, which ends at `start.from`, is nothing, a torn tail, or
   * damage in what was durable: commit k was durable when a valid frame of a commit c > k does not count k among
   * its unsynced.
   */
  async judge(start: ScanStart): Promise<TailVerdict> {
    const end = await this.#reading(start, 'in-order', () => this.#tornEnd(start))
    if (end === INTERIOR) return { kind: 'interior' }
    return end === 0 ? { kind: 'clean' } : { kind: 'torn', bytes: end - start.from }
  }

  /** Where what was torn ends, 0 when nothing was, or INTERIOR. */
  async #tornEnd(start: ScanStart): Promise<number> {
    const [header, ahead] = [this.#header, this.#ahead]
    const { view } = ahead.target
    let tornEnd = 0
    for (let at = start.from; ; at = ahead.find(at + FRAME_ALIGNMENT)) {
      let size = ahead.frame(at, header)
      while (size === UNREAD && (await ahead.more(at))) size = ahead.frame(at, header)
      if (!ahead.holdsHeader(at)) return tornEnd
      if (size > 0) {
        const durableBelow = header.commit - header.unsynced
        if (header.commit > start.commit && start.commit < durableBelow) return INTERIOR
        if (header.commit >= start.commit) tornEnd = Math.max(tornEnd, at + size)
        continue
      }
      readFrameHeader(view, ahead.at, header)
      const isExpected = at === start.from && looksExpected(start, header)
      if (isExpected || plausible(start, header)) {
        tornEnd = Math.max(tornEnd, at + claimedSize(header, start.fileBytes - at))
      }
    }
  }

  /** Steps from `start.from` on; a step answers how far it got, or what `frame` does. */
  #walk(
    start: ScanStart,
    reads: ReadRange['reads'],
    step: (at: number) => number,
  ): Promise<number> {
    this.#frames.length = 0
    return this.#reading(start, reads, async () => {
      for (let at = start.from; ; ) {
        const size = step(at)
        if (size > 0) at += size
        else if (size !== UNREAD || !(await this.#ahead.more(at))) return at
      }
    })
  }

  /** Runs `work` while the file is being read ahead. */
  async #reading(
    { file, generation, from, fileBytes: end }: ScanStart,
    reads: ReadRange['reads'],
    work: () => Promise<number>,
  ): Promise<number> {
    this.#ahead.begin({ file, generation, from, end, reads })
    try {
      return await work()
    } finally {
      await this.#ahead.finish()
    }
  }

  /**
   * The size of the expected commit if all its frames stand at `at`, 0 if not, or UNREAD. Asked again, it goes
   * on where it was, so that no frame is summed up twice.
   */
  #commitAt(at: number, expected: { commit: number; ticket: number }): number {
    const header = this.#header
    if (this.#frames.length === 0) {
      this.#next = at
      this.#nextTicket = expected.ticket
    }
    for (;;) {
      const size = this.#ahead.frame(this.#next, header)
      if (size <= 0) return size
      if (header.commit !== expected.commit || header.index !== this.#frames.length) return 0
      if (header.ticket !== this.#nextTicket) return 0
      this.#frames.push(this.#ahead.at)
      this.#next += size
      this.#nextTicket += header.count
      if (header.last) return this.#next - at
    }
  }

  /** All frames of the commit at `position`. */
  #visit(position: number, visit: FrameVisit): void {
    const header = this.#header
    const { target } = this.#ahead
    let framePosition = position
    for (const at of this.#frames) {
      readFrameHeader(target.view, at, header)
      visit(target, at, header, framePosition)
      framePosition += frameSize(header.size)
    }
  }
}

/** Whether it may be the rest of a frame that was torn: other bytes can hold the generation by chance. */
function plausible(start: ScanStart, header: FrameHeader): boolean {
  if (header.generation !== start.generation >>> 0) return false
  const ahead = header.commit - start.commit
  const known = header.kind === FRAME_ENTRIES || header.kind === FRAME_MARK
  return known && ahead >= 0 && ahead < COMMITS_AHEAD_MAX
}

const INTERIOR = -1 // instead of an end

const COMMITS_AHEAD_MAX = 65_536 // what `unsynced` can count

/** Whether the header at the end is, by two of three fields, the one of the commit that was expected there. */
function looksExpected(start: ScanStart, header: FrameHeader): boolean {
  const agreeing =
    Number(header.generation === start.generation >>> 0) +
    Number(header.commit === start.commit) +
    Number(header.ticket === start.ticket)
  return agreeing >= 2
}

/** What a header that is not believed claims to be long, bounded by what there is. */
function claimedSize(header: FrameHeader, room: number): number {
  return Math.min(room, header.size > room ? FRAME_HEADER_SIZE : frameSize(header.size))
}

/**
 * Scans a file's frames commit by commit: a commit is visited only when all of it is there,
 * undamaged and in order.
 */
import type { DiskFile } from '../base/ports.ts'
import type { Seed } from './checksum.ts'
import { FRAME_ENTRIES, FRAME_HEADER_SIZE, FRAME_MARK, viewOf } from './format.ts'
import { FrameHeader, type FrameTarget, frameSize, readFrame, readFrameHeader } from './frame.ts'
import type { JournalLimits } from './limits.ts'

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

export class Scanner {
  readonly #window: FrameTarget
  readonly #header = new FrameHeader()
  readonly #aheadBytes: number
  /** What the window holds: [base, base + filled) of the file. */
  #base = 0
  #filled = 0
  /** The last read found nothing: a damaged file may be shorter than it says. */
  #isAtEnd = false
  #end = 0
  #tickets = 0
  /** A read into the window behind what it holds, under way while that is worked on; answers its size. */
  #ahead: Promise<number> | null = null

  /** The window has to hold the largest commit and one read-ahead. */
  constructor(limits: Pick<JournalLimits, 'recoveryBytes' | 'readAheadBytes'>, seed: Seed) {
    const bytes = new Uint8Array(limits.recoveryBytes)
    this.#window = { bytes, view: viewOf(bytes), seed }
    this.#aheadBytes = limits.readAheadBytes
  }

  async scan(start: ScanStart, visit: FrameVisit): Promise<ScanEnd> {
    let { commit, ticket } = start
    const end = await this.#walk(start, (at) => {
      if (!this.#wholeCommit(at, start.generation, { commit, ticket })) return 0
      this.#visit(at, visit)
      commit++
      ticket += this.#tickets
      return this.#end - at
    })
    return { end, commit, ticket }
  }

  /** Visits every frame of a sealed file, commits or survivors; answers where the valid ones end. */
  frames(start: ScanStart, visit: FrameVisit): Promise<number> {
    const { generation } = start
    const header = this.#header
    return this.#walk(start, (at) => {
      const size = readFrame(this.#window, { at, end: this.#filled, generation }, header)
      if (size > 0) visit(this.#window, at, header, this.#base + at)
      return size
    })
  }

  /** Steps from `start.from` on; a step answers how far it got, or 0 when what it needs is not there. */
  async #walk(start: ScanStart, step: (at: number) => number): Promise<number> {
    this.#base = start.from
    this.#filled = 0
    this.#isAtEnd = false
    for (let at = await this.#fill(start, 0); ; ) {
      const size = step(at)
      if (size > 0) at += size
      else if (this.#hasMore(start, at)) at = await this.#fill(start, at)
      else {
        await this.#ahead
        this.#ahead = null
        return this.#base + at
      }
    }
  }

  #hasMore(start: ScanStart, at: number): boolean {
    const room = this.#window.bytes.length - (this.#filled - at)
    return !this.#isAtEnd && room >= this.#aheadBytes && this.#base + this.#filled < start.fileBytes
  }

  /** Takes what was read, and reads on behind it; answers where what stood at `keepFrom` stands now. */
  async #fill(start: ScanStart, keepFrom: number): Promise<number> {
    let at = keepFrom
    if (this.#ahead === null) {
      at = this.#makeRoom(at)
      this.#ahead = this.#read(start)
    }
    const size = await this.#ahead
    this.#ahead = null
    this.#filled += size
    this.#isAtEnd = size === 0
    if (this.#hasMore(start, at)) {
      at = this.#makeRoom(at)
      this.#ahead = this.#read(start)
      // Whoever awaits it is told; until then a failure must not count as unhandled.
      this.#ahead.catch(() => undefined)
    }
    return at
  }

  /** Room for one read behind what the window holds: moved to its front if need be, and never under a read. */
  #makeRoom(keepFrom: number): number {
    const { bytes } = this.#window
    if (this.#filled + this.#aheadBytes <= bytes.length) return keepFrom
    bytes.copyWithin(0, keepFrom, this.#filled)
    this.#base += keepFrom
    this.#filled -= keepFrom
    return 0
  }

  #read(start: ScanStart): Promise<number> {
    const left = start.fileBytes - this.#base - this.#filled
    const size = Math.min(this.#aheadBytes, left)
    const into = this.#window.bytes.subarray(this.#filled, this.#filled + size)
    return start.file.read(into, this.#base + this.#filled)
  }

  /** Whether all frames of the expected commit stand at `at`; then #end and #tickets say how far it goes. */
  #wholeCommit(
    at: number,
    generation: number,
    expected: { commit: number; ticket: number },
  ): boolean {
    const header = this.#header
    let ticket = expected.ticket
    for (let index = 0, position = at; ; index++) {
      const size = readFrame(this.#window, { at: position, end: this.#filled, generation }, header)
      if (size === 0) return false
      if (header.commit !== expected.commit || header.index !== index) return false
      if (header.ticket !== ticket) return false
      position += size
      ticket += header.count
      if (!header.last) continue
      this.#end = position
      this.#tickets = ticket - expected.ticket
      return true
    }
  }

  #visit(from: number, visit: FrameVisit): void {
    const header = this.#header
    for (let at = from; at < this.#end; at += frameSize(header.size)) {
      readFrameHeader(this.#window.view, at, header)
      visit(this.#window, at, header, this.#base + at)
    }
  }
}

/** What stands behind the last whole commit of the last file. */
export type TailVerdict =
  | { readonly kind: 'clean' }
  /** A commit that never became durable, and what was written behind it without a sync: `bytes` from the end on. */
  | { readonly kind: 'torn'; readonly bytes: number }
  /** A later commit proves that the damaged one had been durable. */
  | { readonly kind: 'interior' }

/**
 * Decides whether what follows the last whole commit is nothing, a torn tail, or damage in what was durable:
 * commit k was durable when a valid frame of a commit c > k does not count k among its unsynced.
 */
export async function judgeTail(start: ScanStart, windowBytes: number): Promise<TailVerdict> {
  const bytes = new Uint8Array(windowBytes)
  const target = { bytes, view: viewOf(bytes), seed: start.seed }
  const header = new FrameHeader()
  let tornEnd = 0
  // More than the largest frame: one that begins in the first half of the window ends within it.
  const half = windowBytes / 2
  let filled = await start.file.read(bytes.subarray(0, start.fileBytes - start.from), start.from)
  for (let base = start.from; ; base += half) {
    if (base === start.from && looksExpected(target, filled, start, header)) {
      tornEnd = base + claimedSize(header, start.fileBytes - base)
    }
    const isLast = filled < windowBytes || base + filled === start.fileBytes
    const end = isLast ? filled - FRAME_HEADER_SIZE : half - 8
    for (let at = 0; at <= end; at += 8) {
      if (target.view.getUint32(at + 8, true) !== start.generation >>> 0) continue
      if (readFrame(target, { at, end: filled, generation: start.generation }, header) > 0) {
        const durableBelow = header.commit - header.unsynced
        if (header.commit > start.commit && start.commit < durableBelow) return { kind: 'interior' }
        if (header.commit >= start.commit)
          tornEnd = Math.max(tornEnd, base + at + frameSize(header.size))
      } else if (plausible(target, at, start, header)) {
        tornEnd = Math.max(tornEnd, base + at + claimedSize(header, start.fileBytes - base - at))
      }
    }
    if (isLast) break
    bytes.copyWithin(0, half)
    const left = start.fileBytes - base - windowBytes
    filled = half + (await start.file.read(bytes.subarray(half, half + left), base + windowBytes))
  }
  return tornEnd === 0 ? { kind: 'clean' } : { kind: 'torn', bytes: tornEnd - start.from }
}

/**
 * Whether what stands at `at` may be the rest of a frame that was torn: other bytes can hold the
 * generation by chance.
 */
function plausible(
  target: FrameTarget,
  at: number,
  start: ScanStart,
  header: FrameHeader,
): boolean {
  readFrameHeader(target.view, at, header)
  const ahead = header.commit - start.commit
  const known = header.kind === FRAME_ENTRIES || header.kind === FRAME_MARK
  return known && ahead >= 0 && ahead < COMMITS_AHEAD_MAX
}

const COMMITS_AHEAD_MAX = 65_536 // what `unsynced` can count

/** Whether the header at the end is, by two of three fields, the one of the commit that was expected there. */
function looksExpected(
  target: FrameTarget,
  filled: number,
  start: ScanStart,
  header: FrameHeader,
): boolean {
  if (filled < FRAME_HEADER_SIZE) return false
  readFrameHeader(target.view, 0, header)
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

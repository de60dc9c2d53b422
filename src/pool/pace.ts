/**
 * How long chunks take, and so how many a worker may be given ahead: enough to hide the way there and
 * back, too few to matter when the one in front is slow. Never decides who gets them.
 */

/**
 * Work that may lie in a worker's hands unbegun. A way there and back costs 20 to 100 microseconds, so more
 * gains nothing; and what lies there cannot go to a worker that becomes free.
 */
export const aheadWorkMs = 5
/** The estimate follows a slow chunk fast and a quick one slowly: sending too much ahead is the worse mistake. */
const riseShare = 1 / 4
const fallShare = 1 / 16
/** No chunk counts as quicker than this; it stands for what a clock cannot see. */
const chunkMsMin = 0.001

export class Pace {
  readonly #aheadMax: number
  /** Negative until the first answer. */
  #chunkMs = -1
  /** Moved by `took`. Invariant: 0 <= #ahead <= #aheadMax. */
  #ahead = 0

  constructor(aheadMax: number) {
    this.#aheadMax = aheadMax
  }

  /** Chunks that a worker may have beyond the running one. None until one has been timed. */
  get ahead(): number {
    return this.#ahead
  }

  took(durationMs: number): void {
    const ms = Math.max(durationMs, chunkMsMin)
    if (this.#chunkMs < 0) this.#chunkMs = ms
    else this.#chunkMs += (ms - this.#chunkMs) * (ms > this.#chunkMs ? riseShare : fallShare)
    this.#ahead = Math.min(this.#aheadMax, Math.floor(aheadWorkMs / this.#chunkMs))
  }
}

/**
 * The lamp keeps the process alive while an asynchronous call waits for shared memory, which
 * `Atomics.waitAsync` does not; and once a second it lets every desk with waiting calls look up. It belongs to
 * the thread; while nobody waits it soon has no timer at all.
 */
import { threadLimits } from './limits.ts'

/** One that waits. */
export interface Waiting {
  /** Looks whether something happened that nobody could tell. */
  lookUp(): void
}

class Lamp {
  readonly #waiting = new Set<Waiting>()
  #holds = 0
  #timer: NodeJS.Timeout | null = null

  /** From now on it is called about every second. */
  add(waiting: Waiting): void {
    this.#waiting.add(waiting)
    if (this.#timer !== null) return
    this.#timer = setInterval(() => this.#tick(), threadLimits.sliceMs)
    if (this.#holds === 0) this.#timer.unref()
  }

  delete(waiting: Waiting): void {
    // The timer goes out with the next tick: a party that waits again and again should not make one each time.
    this.#waiting.delete(waiting)
  }

  /** Keeps the process alive until as many `release` have come. Only for one that is added. */
  hold(): void {
    this.#holds += 1
    if (this.#holds === 1) this.#timer?.ref()
  }

  release(): void {
    this.#holds -= 1
    if (this.#holds === 0) this.#timer?.unref()
  }

  #tick(): void {
    for (const waiting of this.#waiting) waiting.lookUp()
    if (this.#waiting.size > 0 || this.#timer === null) return
    clearInterval(this.#timer)
    this.#timer = null
  }
}

/** One per thread. */
export const lamp: Lamp = new Lamp()

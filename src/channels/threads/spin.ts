/**
 * How often a party that blocks tries before it sleeps, learnt from its last waits. It belongs to one party; it
 * never tries, sleeps or reads a clock itself.
 *
 * Where the others run on cores of their own, a try or two is enough, and a sleep would cost a hundred times as
 * much. Where they wait for this very core, every try keeps them from it. A party cannot ask which it is, but the
 * one looks like waits that end while it tries, the other like waits that never do.
 */
import { threadLimits } from './limits.ts'

export class Spin {
  #turns: number = threadLimits.spinTurns
  /** Waits in a row that had to sleep. */
  #misses = 0

  /** What the next wait is worth. */
  get turns(): number {
    // Two that wake each other from sleep every time would do so for ever, unless one stays up for the other.
    if (this.#misses >= threadLimits.probeEvery) return threadLimits.probeTurns
    return this.#turns
  }

  /** The wait was over before all tries were made. */
  hit(): void {
    this.#turns = threadLimits.spinTurns
    this.#misses = 0
  }

  /** All were made in vain. */
  miss(): void {
    this.#turns = Math.max(this.#turns >> 1, threadLimits.spinTurnsMin)
    this.#misses = this.#misses < threadLimits.probeEvery ? this.#misses + 1 : 0
  }
}

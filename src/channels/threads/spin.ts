/**
 * How often a party that blocks tries before it sleeps, learnt from its last waits. It belongs to one party; it
 * never tries, sleeps or reads a clock itself.
 *
 * Where the others run on cores of their own, a try or two is enough, and a sleep would cost a hundred times as
 * much. Where they wait for this very core, every try keeps them from it. A party cannot ask which it is, but the
 * one looks like waits that end while it tries, the other like waits that never do.
 *
 * One sleep on an idle machine brings the next: who wakes a sleeper waits for it longer than it tries. So the wait
 * after a sleep is a probe that outlasts a wake-up, and the two are in step again. Where probes are in vain they
 * become rare.
 */
import { threadLimits } from './limits.ts'

export class Spin {
  #turns: number = threadLimits.spinTurns
  /** Waits in a row that had to sleep, since the last probe. */
  #misses = 0
  /** So many of them before the next probe: more after each that was in vain. */
  #patience = 1

  /** What the next wait is worth. */
  get turns(): number {
    if (this.#misses >= this.#patience) return threadLimits.probeTurns
    return this.#turns
  }

  /** The wait was over before all tries were made. */
  hit(): void {
    this.#turns = threadLimits.spinTurns
    this.#misses = 0
    this.#patience = 1
  }

  /** All were made in vain. */
  miss(): void {
    this.#turns = Math.max(this.#turns >> 1, threadLimits.spinTurnsMin)
    if (this.#misses < this.#patience) {
      this.#misses++
    } else {
      this.#misses = 0
      this.#patience = Math.min(this.#patience * 2, threadLimits.probeEvery)
    }
  }
}

/**
 * A lease bounds how long a party may hold up the others without a sign of life: the last resort against a
 * death that nobody could report. It belongs to one party that waits, and looks only while that one waits.
 * It never takes anything from the silent party, which may wake up in the middle of a step: it says what it saw.
 */
import { threadLimits } from './limits.ts'
import { beatOf, type Roster } from './roster.ts'

export class Lease {
  readonly #leaseMs: number
  /** Who held it at the last look, 0 for nobody; the beat seen then, and since when it has been the same. */
  #owner = 0
  #beat = 0
  #sinceMs = 0

  constructor(leaseMs: number = threadLimits.leaseMs) {
    this.#leaseMs = leaseMs
  }

  /** True when this owner has held on for longer than the lease without a beat. */
  hasRunOut(roster: Roster, owner: number): boolean {
    const beat = owner === 0 ? 0 : beatOf(roster, owner - 1)
    const nowMs = performance.now()
    if (owner !== this.#owner || beat !== this.#beat) {
      this.#owner = owner
      this.#beat = beat
      this.#sinceMs = nowMs
    }
    return owner !== 0 && nowMs - this.#sinceMs > this.#leaseMs
  }
}

/**
 * A lease bounds how long a party may hold up the others without a sign of life: the last resort against a
 * death that nobody could report. It belongs to one party that waits, and looks only while that one waits.
 * It never takes anything from the silent party, which may wake up in the middle of a step: it says what it saw.
 */
import { threadLimits } from './limits.ts'
import { beatOf, type Roster } from './roster.ts'

export class Lease {
  readonly #leaseMs: number
  /** Who held it at the last look, 0 for nobody; the beat and progress seen then, and since when all is the same. */
  #owner = 0
  #beat = 0
  #progress = 0
  #sinceMs = 0

  constructor(leaseMs: number = threadLimits.leaseMs) {
    this.#leaseMs = leaseMs
  }

  /**
   * True when this owner has held on for longer than the lease without a beat. `progress` is a word that only an
   * owner moves: one who takes it for a moment at a time does not beat, and may be met holding it at every look.
   */
  hasRunOut(roster: Roster, owner: number, progress: number): boolean {
    const beat = owner === 0 ? 0 : beatOf(roster, owner - 1)
    const nowMs = performance.now()
    const isSame = owner === this.#owner && beat === this.#beat && progress === this.#progress
    if (!isSame) {
      this.#owner = owner
      this.#beat = beat
      this.#progress = progress
      this.#sinceMs = nowMs
    }
    return owner !== 0 && nowMs - this.#sinceMs > this.#leaseMs
  }
}

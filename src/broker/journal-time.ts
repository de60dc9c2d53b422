/**
 * Journal time is the time that entries carry: it never goes back, follows the wall clock by running a
 * little faster or slower, and is not thrown by a wall clock that jumps, so that nothing expires in a mass.
 */
import { mark } from '../base/mark.ts'
import type { Clock } from '../base/ports.ts'

/** A difference this small is simply taken over. */
const stepMs = 1_000 // what a time daemon corrects at once

/** A larger one is worked off at this share of the time that passes, and warned about. */
const slewShare = 0.1 // an hour's jump is gone after ten hours; nothing notices a clock 10% off

export class JournalTime {
  readonly #clock: Clock
  readonly #warn: (text: string) => void
  #lastMs: number
  /** What #lastMs was measured against. */
  #lastMonotonicMs: number
  #warned = false

  constructor(clock: Clock, newestMs: number, warn: (text: string) => void) {
    this.#clock = clock
    this.#warn = warn
    this.#lastMs = Math.max(newestMs, clock.wallMs())
    this.#lastMonotonicMs = clock.monotonicMs()
  }

  /** Milliseconds since 1970. */
  nowMs(): number {
    const monotonicMs = this.#clock.monotonicMs()
    const passedMs = monotonicMs - this.#lastMonotonicMs
    this.#lastMonotonicMs = monotonicMs
    const expectedMs = this.#lastMs + passedMs
    const awayMs = this.#clock.wallMs() - expectedMs
    this.#lastMs = Math.max(this.#lastMs, expectedMs + this.#correction(awayMs, passedMs))
    return Math.floor(this.#lastMs)
  }

  #correction(awayMs: number, passedMs: number): number {
    if (Math.abs(awayMs) <= stepMs) {
      this.#warned = false
      return awayMs
    }
    if (!this.#warned && Math.abs(awayMs) > jumpMs) {
      this.#warned = true
      mark('time/jumped')
      const seconds = Math.round(Math.abs(awayMs) / 1000)
      const direction = awayMs > 0 ? 'forward' : 'back'
      this.#warn(`the wall clock jumped ${direction} by ${seconds} s; journal time follows slowly`)
    }
    return Math.sign(awayMs) * Math.min(Math.abs(awayMs), passedMs * slewShare)
  }
}

/** From here on a difference is a jump that somebody should know about. */
const jumpMs = 60_000 // more than any daemon slews

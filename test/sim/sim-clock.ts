/**
 * Simulated time: the monotonic clock goes where its scheduler moves it, the wall clock goes along until a
 * test makes it jump, freeze or drift apart. Never reads the machine's own clocks.
 */
import { assert } from '../../src/base/assert.ts'
import type { Clock } from '../../src/base/ports.ts'

/** Some Tuesday in 2026, so that dates in failures look like dates. */
const START_WALL_MS = 1_777_000_000_000

export class SimClock implements Clock {
  #monotonicMs = 0
  /** What the wall is ahead of the monotonic clock. Moved by jumps and by thawing. */
  #wallAheadMs: number = START_WALL_MS
  /** What a frozen wall shows; `null` while it runs. */
  #frozenMs: number | null = null

  wallMs(): number {
    return this.#frozenMs ?? Math.floor(this.#wallAheadMs + this.#monotonicMs)
  }

  monotonicMs(): number {
    return this.#monotonicMs
  }

  /** For the scheduler that owns this clock. */
  moveTo(monotonicMs: number): void {
    assert(monotonicMs >= this.#monotonicMs, 'the monotonic clock never goes back')
    this.#monotonicMs = monotonicMs
  }

  /** Sets the wall forward, or back if negative: an administrator, a summer time, a bad time server. */
  jumpWall(byMs: number): void {
    this.#wallAheadMs += byMs
    if (this.#frozenMs !== null) this.#frozenMs += byMs
  }

  /** The wall stands still. */
  freezeWall(): void {
    this.#frozenMs = this.wallMs()
  }

  /** The wall goes on from where it stood. */
  thawWall(): void {
    if (this.#frozenMs === null) return
    this.#wallAheadMs = this.#frozenMs - this.#monotonicMs
    this.#frozenMs = null
  }
}

/**
 * Where the next commit runs: on the thread for it, or here, on the thread of the event loop, which is held up
 * meanwhile but wakes nobody. A waking costs a good tenth of a quick sync, twice. Here only what is small, on a disk
 * that is quick, while the loop has time: whoever is busy, or waits for a slow disk, is never held up. Decides by
 * what it is told; knows no clock and makes no call.
 */
import { limits } from '../base/limits.ts'

const QUICK_MS = limits.commitHereUs / 1_000

export type Place = 'here' | 'thread'

/** A moment of the event loop's life. */
export interface Moment {
  readonly nowMs: number
  /** How long the loop has had nothing to do, since it began. */
  readonly idleMs: number
}

export class CommitPlace {
  /** What a commit has taken of late; begins above what is quick, so a disk has to show that it is. */
  #usualMs: number = 2 * QUICK_MS
  /** Until then they go to the thread, whatever they take: after a slow one. */
  #restUntilMs = 0
  /** When the last one ended. */
  #endedMs = 0
  #idleMs = 0

  /** For a commit of so many bytes, while none is under way. */
  choose(bytes: number, { nowMs, idleMs }: Moment): Place {
    if (bytes > limits.commitHereBytes || nowMs < this.#restUntilMs) return 'thread'
    if (this.#usualMs > QUICK_MS) return 'thread'
    // Nothing idle since the last one: others wait for the loop, or a program that never lets go of it does this.
    const idle = idleMs - this.#idleMs
    const share = (nowMs - this.#endedMs) / limits.commitHereIdlePart
    return idle > 0 && idle >= share ? 'here' : 'thread'
  }

  /** One ended at this moment, wherever it ran. */
  ended(tookMs: number, { nowMs, idleMs }: Moment): void {
    this.#endedMs = nowMs
    this.#idleMs = idleMs
    this.#usualMs += (tookMs - this.#usualMs) / 8
    if (tookMs > limits.commitSlowMs) this.#restUntilMs = nowMs + tookMs * limits.commitSlowRest
  }
}

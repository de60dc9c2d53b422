/**
 * When an operation of a load is due. Closed loop: as soon as the window has room. Open loop: at a fixed
 * rate, whether or not the server keeps up, so that waiting in line is measured and not left out. Pure.
 */
import { assert } from '../../src/base/assert.ts'

export type Pace =
  | { readonly kind: 'closed' }
  | { readonly kind: 'open'; readonly perSecond: number }

const MS = 1e3

/**
 * Operations of an open loop fall due in slots of one millisecond, because a timer knows no less; operation 0
 * is due in slot 0. Invariant: dueCount(t) counts exactly the operations whose dueMs is not above t.
 */
export class OpenLoop {
  readonly #perMs: number

  constructor(perSecond: number) {
    assert(perSecond > 0, 'an open loop has a rate')
    this.#perMs = perSecond / MS
  }

  /** Operations due at `elapsedMs` after the start. */
  dueCount(elapsedMs: number): number {
    let count = Math.floor(Math.floor(elapsedMs) * this.#perMs) + 1
    // Two roundings may disagree by one where a slot begins; dueMs is the law.
    while (count > 0 && this.dueMs(count - 1) > elapsedMs) count--
    while (this.dueMs(count) <= elapsedMs) count++
    return count
  }

  /** When operation `sequence` is due, after the start. */
  dueMs(sequence: number): number {
    return Math.ceil(sequence / this.#perMs)
  }
}

/** Node's own immediates and timers. The only place that starts them. */
import { assert } from '../base/assert.ts'
import { limits } from '../base/limits.ts'
import type { Scheduler, Timer } from '../base/ports.ts'

export class NodeScheduler implements Scheduler {
  soon(task: () => void): void {
    setImmediate(task)
  }

  after(delayMs: number, task: () => void): Timer {
    assert(delayMs >= 0, 'a delay is not negative')
    return new NodeTimer(performance.now() + delayMs, task)
  }
}

class NodeTimer implements Timer {
  readonly #dueMs: number
  readonly #task: () => void
  /** `null` once it fired or was cancelled. */
  #timeout: NodeJS.Timeout | null

  constructor(dueMs: number, task: () => void) {
    this.#dueMs = dueMs
    this.#task = task
    this.#timeout = null
    this.#arm()
  }

  cancel(): void {
    if (this.#timeout === null) return
    clearTimeout(this.#timeout)
    this.#timeout = null
  }

  /** In legs, where the delay is longer than setTimeout can count. */
  #arm(): void {
    const leftMs = this.#dueMs - performance.now()
    // One more: the loop counts whole milliseconds from a moment that it has rounded down.
    const legMs = Math.min(Math.ceil(Math.max(leftMs, 0)) + 1, limits.timerMs)
    this.#timeout = setTimeout(() => this.#fire(), legMs)
  }

  #fire(): void {
    this.#timeout = null
    // Early after all: the end of a leg, or a loop whose clock is coarser than ours.
    if (performance.now() < this.#dueMs) this.#arm()
    else this.#task()
  }
}

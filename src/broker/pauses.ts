/** Pauses lets somebody wait before he tries again, and ends all waits when nothing is tried any more. */
import type { Scheduler, Timer } from '../base/ports.ts'

export class Pauses {
  readonly #scheduler: Scheduler
  /** What ends each, by its timer. */
  readonly #under = new Map<Timer, () => void>()
  #isOver = false

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler
  }

  pause(delayMs: number): Promise<void> {
    if (this.#isOver) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = this.#scheduler.after(delayMs, () => {
        this.#under.delete(timer)
        resolve()
      })
      this.#under.set(timer, resolve)
    })
  }

  /** Idempotent. */
  end(): void {
    this.#isOver = true
    for (const [timer, resolve] of this.#under) {
      timer.cancel()
      resolve()
    }
    this.#under.clear()
  }
}

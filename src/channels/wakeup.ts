/** One timer that is moved rather than multiplied. Its owner sets it and cancels it; it never repeats. */
import type { Scheduler, Timer } from '../base/ports.ts'

export class Wakeup {
  readonly #scheduler: Scheduler
  readonly #task: () => void
  #timer: Timer | null = null

  constructor(scheduler: Scheduler, task: () => void) {
    this.#scheduler = scheduler
    this.#task = task
  }

  /** Runs the task once, so many milliseconds from now; an earlier setting is forgotten. */
  set(delayMs: number): void {
    this.cancel()
    this.#timer = this.#scheduler.after(delayMs, () => {
      this.#timer = null
      this.#task()
    })
  }

  cancel(): void {
    this.#timer?.cancel()
    this.#timer = null
  }
}

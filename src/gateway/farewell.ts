/** A Farewell waits until the last client of a listener that closes has left, and drops those who have not in time. */
import type { Scheduler, Timer } from '../base/ports.ts'

export type Leaving = {
  /** Asks all who are there to go. */
  readonly ask: () => void
  /** Ends those who are still there after so long. */
  readonly drop: () => void
  readonly afterMs: number
}

export class Farewell {
  readonly #scheduler: Scheduler
  #leaving: { readonly timer: Timer; readonly resolve: () => void } | null = null

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler
  }

  /** Resolves when `isEmpty` was said. Only where somebody is there; called once. */
  wait({ ask, drop, afterMs }: Leaving): Promise<void> {
    return new Promise((resolve) => {
      this.#leaving = { timer: this.#scheduler.after(afterMs, drop), resolve }
      ask()
    })
  }

  /** The last client has left. Says nothing to nobody while no listener closes. */
  isEmpty(): void {
    this.#leaving?.timer.cancel()
    this.#leaving?.resolve()
    this.#leaving = null
  }
}

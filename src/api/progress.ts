/**
 * Progress is how far a reader has come in a batch that it was given record by record. It is written down once while
 * the disk takes what was written before, however many records were asked for meanwhile; never out of order.
 */
import type { Scheduler } from '../base/ports.ts'

export class Progress {
  readonly #scheduler: Scheduler
  /** Resolves when the group goes on at this offset, durably. */
  readonly #commit: (offset: number) => Promise<void>
  /** Everything before it was consumed. Invariant: #committed <= #consumed. */
  #consumed: number
  #committed: number
  #writing: Promise<void> | null = null
  #isPlanned = false

  constructor(scheduler: Scheduler, commit: (offset: number) => Promise<void>, from: number) {
    this.#scheduler = scheduler
    this.#commit = commit
    this.#consumed = from
    this.#committed = from
  }

  /** The record before this offset was consumed. */
  reach(offset: number): void {
    this.#consumed = offset
    if (this.#isPlanned || this.#writing !== null) return
    this.#isPlanned = true
    this.#scheduler.soon(() => {
      this.#isPlanned = false
      if (this.#writing !== null || this.#consumed === this.#committed) return
      // What fails here is tried again at the end, and told there.
      const done = (): void => {
        this.#writing = null
      }
      this.#writing = this.#write().then(done, done)
    })
  }

  /** Resolves when all that was consumed is written down. */
  async end(): Promise<void> {
    if (this.#writing !== null) await this.#writing
    await this.#write()
  }

  async #write(): Promise<void> {
    while (this.#committed < this.#consumed) {
      const offset = this.#consumed
      await this.#commit(offset)
      this.#committed = offset
    }
  }
}

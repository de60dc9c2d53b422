/** Commits tells those who wait what became durable: watchers that count themselves, and single callers. */
import { Ring } from '../base/ring.ts'

/** Somebody with answers to give, once a commit. One object for any number of answers. */
export interface CommitWatcher {
  /** Every ticket up to `through` is settled. Answers whether it waits for more. */
  settled(through: number): boolean
}

type Waiter = { readonly ticket: number; resolve(): void; reject(error: Error): void }

export class Commits {
  readonly #watchers = new Set<CommitWatcher>()
  /** Ascending by ticket. */
  readonly #waiters = new Ring<Waiter>()
  /** Moved by every commit; starts where recovery ended. */
  #through: number
  #stopped: Error | null = null

  constructor(through: number) {
    this.#through = through
  }

  get through(): number {
    return this.#through
  }

  /** `watcher` is told of every commit until it says that it waits for none. */
  watch(watcher: CommitWatcher): void {
    this.#watchers.add(watcher)
  }

  unwatch(watcher: CommitWatcher): void {
    this.#watchers.delete(watcher)
  }

  /** Resolves once the ticket is settled. For single callers, not for hot paths. Tickets must ascend. */
  settled(ticket: number): Promise<void> {
    if (ticket <= this.#through) return Promise.resolve()
    if (this.#stopped !== null) return Promise.reject(this.#stopped)
    return new Promise((resolve, reject) => {
      this.#waiters.push({ ticket, resolve, reject })
    })
  }

  settle(through: number): void {
    this.#through = through
    for (const watcher of this.#watchers) {
      if (!watcher.settled(through)) this.#watchers.delete(watcher)
    }
    for (let waiter = this.#waiters.peek(); waiter !== undefined; waiter = this.#waiters.peek()) {
      if (waiter.ticket > through) break
      this.#waiters.shift()
      waiter.resolve()
    }
  }

  stop(error: Error): void {
    this.#stopped = error
    for (let waiter = this.#waiters.shift(); waiter !== undefined; waiter = this.#waiters.shift()) {
      waiter.reject(error)
    }
  }
}

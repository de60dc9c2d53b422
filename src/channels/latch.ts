/** A latch counts down to zero, once, and then lets everyone pass for ever. */
import type { Scheduler } from '../base/ports.ts'
import type { Ports, WaitOptions } from './contract.ts'
import type { AnyLatch } from './sync-contract.ts'
import { SyncMisuse } from './sync-errors.ts'
import { SyncWaiter } from './sync-waiter.ts'
import { Turn } from './turn.ts'
import { WaitList } from './waiter.ts'

export class Latch implements AnyLatch {
  readonly #scheduler: Scheduler
  readonly #turn: Turn
  readonly #waiting: WaitList<SyncWaiter<void>> = new WaitList()
  /** Invariant: nobody waits once it is 0. */
  #count: number

  constructor(count: number, ports: Ports) {
    if (!Number.isSafeInteger(count) || count < 0) {
      throw new SyncMisuse(`a latch counts down from a whole number, not from ${count}`)
    }
    this.#count = count
    this.#scheduler = ports.scheduler
    this.#turn = Turn.of(ports.scheduler)
  }

  /** What is left to count. */
  get count(): number {
    return this.#count
  }

  /** Throws `SyncMisuse` where it would go below zero: somebody counted twice. */
  countDown(by = 1): void {
    if (!Number.isSafeInteger(by) || by < 0 || by > this.#count) {
      throw new SyncMisuse(`a latch at ${this.#count} cannot count down by ${by}`)
    }
    this.#count -= by
    if (this.#count > 0) return
    for (const waiter of this.#waiting.takeAll()) waiter.answer.resolve()
  }

  /** Resolves when it is at zero. */
  wait(options?: WaitOptions): Promise<void> {
    if (options?.signal?.aborted === true) return Promise.reject(options.signal.reason)
    if (this.#count === 0) return this.#turn.over()
    const waiter = new SyncWaiter<void>()
    this.#waiting.enter(waiter, options, this.#scheduler)
    return waiter.answer.promise
  }
}

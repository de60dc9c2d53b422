/**
 * A semaphore lends out a fixed number of permits. Served in the order of arrival: whoever wants many is not
 * passed by those who want few, so nobody starves.
 */

import type { Scheduler } from '../base/ports.ts'
import type { Ports, WaitOptions } from './contract.ts'
import { Guard } from './guard.ts'
import { SyncMisuse } from './sync-errors.ts'
import { SyncWaiter } from './sync-waiter.ts'
import { Turn } from './turn.ts'
import { WaitList } from './waiter.ts'

export interface AcquireOptions extends WaitOptions {
  /** How many permits; 1 unless told. */
  readonly permits?: number
}

class Acquiring extends SyncWaiter<Guard> {
  readonly permits: number
  readonly #gaveUp: () => void

  constructor(permits: number, gaveUp: () => void) {
    super()
    this.permits = permits
    this.#gaveUp = gaveUp
  }

  override lose(error: unknown): void {
    super.lose(error)
    // Those behind it may want less than it did.
    this.#gaveUp()
  }
}

export class Semaphore {
  readonly permits: number
  readonly #scheduler: Scheduler
  readonly #turn: Turn
  readonly #acquiring: WaitList<Acquiring> = new WaitList()
  /** Invariant: 0 <= available <= permits, and whoever waits first wants more than that. */
  #available: number

  constructor(permits: number, ports: Ports) {
    if (!Number.isSafeInteger(permits) || permits < 1) {
      throw new SyncMisuse(`a semaphore has at least one permit, not ${permits}`)
    }
    this.permits = permits
    this.#available = permits
    this.#scheduler = ports.scheduler
    this.#turn = Turn.of(ports.scheduler)
  }

  /** Permits that nobody holds. */
  get available(): number {
    return this.#available
  }

  /** Calls that wait. */
  get waiting(): number {
    return this.#acquiring.size
  }

  acquire(options?: AcquireOptions): Promise<Guard> {
    try {
      if (options?.signal?.aborted === true) return Promise.reject(options.signal.reason)
      const permits = options?.permits ?? 1
      const guard = this.tryAcquire(permits)
      if (guard !== undefined) return this.#turn.with(guard)
      const acquiring = new Acquiring(permits, () => this.#admit())
      this.#acquiring.enter(acquiring, options, this.#scheduler)
      return acquiring.answer.promise
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Permits that are free right now and that nobody waits for; else `undefined`. */
  tryAcquire(permits = 1): Guard | undefined {
    if (!Number.isSafeInteger(permits) || permits < 1 || permits > this.permits) {
      throw new SyncMisuse(`of ${this.permits} permits nobody can hold ${permits}`)
    }
    if (permits > this.#available || this.#acquiring.size > 0) return undefined
    return this.#lend(permits)
  }

  /** Runs the task while holding one permit. */
  async run<T>(task: () => T | Promise<T>, options?: AcquireOptions): Promise<T> {
    const guard = await this.acquire(options)
    try {
      return await task()
    } finally {
      guard.release()
    }
  }

  #lend(permits: number): Guard {
    this.#available -= permits
    return new Guard(() => {
      this.#available += permits
      this.#admit()
    })
  }

  #admit(): void {
    for (;;) {
      const first = this.#acquiring.head
      if (first === null || first.permits > this.#available) return
      first.leave()
      const guard = this.#lend(first.permits)
      this.#turn.settle(() => first.answer.resolve(guard))
    }
  }
}

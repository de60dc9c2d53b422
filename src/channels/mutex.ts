/** A mutex: one holder at a time, served in the order of arrival. It is not reentrant. */
import type { Ports, WaitOptions } from './contract.ts'
import type { Guard } from './guard.ts'
import { Semaphore } from './semaphore.ts'

export class Mutex {
  readonly #semaphore: Semaphore

  constructor(ports: Ports) {
    this.#semaphore = new Semaphore(1, ports)
  }

  get locked(): boolean {
    return this.#semaphore.available === 0
  }

  /** Calls that wait. */
  get waiting(): number {
    return this.#semaphore.waiting
  }

  /** `using guard = await mutex.lock()` holds it to the end of the block. */
  lock(options?: WaitOptions): Promise<Guard> {
    return this.#semaphore.acquire(options)
  }

  tryLock(): Guard | undefined {
    return this.#semaphore.tryAcquire()
  }

  /** Runs the task while holding the lock. */
  run<T>(task: () => T | Promise<T>, options?: WaitOptions): Promise<T> {
    return this.#semaphore.run(task, options)
  }
}

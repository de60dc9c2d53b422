/** The semaphore and the mutex between threads. What a thread held when it died comes free. */
import type { WaitOptions } from '../contract.ts'
import type { AcquireOptions } from '../semaphore.ts'
import { SyncMisuse } from '../sync-errors.ts'
import type { Holdings } from './holdings.ts'
import type { SharedHandle } from './seating.ts'
import {
  LockClaim,
  newLock,
  type ThreadGuard,
  ThreadLock,
  type ThreadLockOptions,
} from './thread-lock.ts'

export type ThreadSemaphoreHandle = SharedHandle<'naru/thread-semaphore'>

/** So many permits, beside what all parties hold. */
class PermitClaim extends LockClaim {
  constructor(permits: number) {
    super(permits, 'waits')
  }

  override mayHold({ words, heldAt, countAt, roster }: Holdings): boolean {
    let sum = this.amount
    for (let seat = 0; seat < roster.seats; seat++) sum += words[heldAt + seat]!
    return sum <= words[countAt]!
  }
}

export class ThreadSemaphore extends ThreadLock<'naru/thread-semaphore'> {
  readonly permits: number
  protected override readonly waking: 'one' | 'all'

  private constructor(handle: ThreadSemaphoreHandle) {
    super(handle, 'naru/thread-semaphore')
    this.permits = this.holdings.words[this.holdings.countAt]!
    this.waking = this.permits === 1 ? 'one' : 'all'
  }

  static create(permits: number, options: ThreadLockOptions = {}): ThreadSemaphore {
    if (!Number.isSafeInteger(permits) || permits < 1 || permits >= 2 ** 31) {
      throw new SyncMisuse(`a semaphore has at least one permit, not ${permits}`)
    }
    return new ThreadSemaphore(newLock('naru/thread-semaphore', options, permits))
  }

  static attach(handle: ThreadSemaphoreHandle): ThreadSemaphore {
    return new ThreadSemaphore(handle)
  }

  acquire(options?: AcquireOptions): Promise<ThreadGuard> {
    try {
      return this.acquireClaim(this.#claim(options?.permits), options)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Blocks this thread, which must be a Worker. */
  acquireSync(options?: AcquireOptions): ThreadGuard {
    return this.acquireClaimSync(this.#claim(options?.permits), options)
  }

  tryAcquire(permits = 1): ThreadGuard | undefined {
    return this.tryClaim(this.#claim(permits))
  }

  #claim(permits = 1): PermitClaim {
    if (!Number.isSafeInteger(permits) || permits < 1 || permits > this.permits) {
      throw new SyncMisuse(`of ${this.permits} permits nobody can hold ${permits}`)
    }
    return new PermitClaim(permits)
  }
}

/** One holder at a time. It is not reentrant. */
export class ThreadMutex implements Disposable {
  readonly #semaphore: ThreadSemaphore

  private constructor(semaphore: ThreadSemaphore) {
    this.#semaphore = semaphore
  }

  static create(options: ThreadLockOptions = {}): ThreadMutex {
    return new ThreadMutex(ThreadSemaphore.create(1, { name: 'thread-mutex', ...options }))
  }

  static attach(handle: ThreadSemaphoreHandle): ThreadMutex {
    return new ThreadMutex(ThreadSemaphore.attach(handle))
  }

  /** What another thread attaches by. */
  get handle(): ThreadSemaphoreHandle {
    return this.#semaphore.handle
  }

  /** `using guard = await mutex.lock()` holds it to the end of the block. */
  lock(options?: WaitOptions): Promise<ThreadGuard> {
    return this.#semaphore.acquire(options)
  }

  /** Blocks this thread, which must be a Worker. */
  lockSync(options?: WaitOptions): ThreadGuard {
    return this.#semaphore.acquireSync(options)
  }

  tryLock(): ThreadGuard | undefined {
    return this.#semaphore.tryAcquire()
  }

  /** Ends this thread's part: what it holds comes free, and its calls that wait are refused. Idempotent. */
  detach(): void {
    this.#semaphore.detach()
  }

  [Symbol.dispose](): void {
    this.detach()
  }
}

/**
 * Runs a task once for all threads; the others wait until it is done. If it fails or its thread dies, the next
 * one runs it.
 */
import type { WaitOptions } from '../contract.ts'
import type { AnyOnce } from '../sync-contract.ts'
import { checkBlocking } from './blocking.ts'
import type { Holdings } from './holdings.ts'
import type { SharedHandle } from './seating.ts'
import {
  LockClaim,
  newLock,
  type ThreadGuard,
  ThreadLock,
  type ThreadLockOptions,
} from './thread-lock.ts'

export type ThreadOnceHandle = SharedHandle<'naru/thread-once'>

const DONE = 1

/** To be the one who runs it, or to find that it has been run. */
class RunClaim extends LockClaim {
  found: 'undone' | 'done' = 'undone'

  constructor() {
    super(1, 'waits')
  }

  override mayHold({ words, heldAt, countAt, roster }: Holdings): boolean {
    this.found = words[countAt] === DONE ? 'done' : 'undone'
    if (this.found === 'done') return true
    for (let seat = 0; seat < roster.seats; seat++) if (words[heldAt + seat] !== 0) return false
    return true
  }
}

export class ThreadOnce extends ThreadLock<'naru/thread-once'> implements AnyOnce {
  protected override readonly waking = 'all'

  private constructor(handle: ThreadOnceHandle) {
    super(handle, 'naru/thread-once')
  }

  static create(options: ThreadLockOptions = {}): ThreadOnce {
    return new ThreadOnce(newLock('naru/thread-once', options, 0))
  }

  static attach(handle: ThreadOnceHandle): ThreadOnce {
    return new ThreadOnce(handle)
  }

  get done(): boolean {
    return Atomics.load(this.holdings.words, this.holdings.countAt) === DONE
  }

  /** Resolves when the task has been run by somebody: `ran` if that was this call. */
  async run(task: () => void | Promise<void>, options?: WaitOptions): Promise<'ran' | 'waited'> {
    options?.signal?.throwIfAborted()
    if (this.done) return 'waited'
    const claim = new RunClaim()
    using _guard: ThreadGuard = await this.acquireClaim(claim, options)
    if (claim.found === 'done') return 'waited'
    await task()
    this.#finish()
    return 'ran'
  }

  /** The same for a thread that blocks, which must be a Worker. */
  runSync(task: () => void, options?: WaitOptions): 'ran' | 'waited' {
    checkBlocking('run', options)
    if (this.done) return 'waited'
    const claim = new RunClaim()
    using _guard: ThreadGuard = this.acquireClaimSync(claim, options)
    if (claim.found === 'done') return 'waited'
    task()
    this.#finish()
    return 'ran'
  }

  /** Before the guard is released: whoever it wakes finds it done. */
  #finish(): void {
    Atomics.store(this.holdings.words, this.holdings.countAt, DONE)
  }
}

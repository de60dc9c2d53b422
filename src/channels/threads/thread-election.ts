/**
 * The election between threads: at most one leader; when it resigns or dies, another one is elected. Terms grow
 * across all threads, so that what comes with an older term than the newest seen is from a leader of before.
 */
import type { WaitOptions } from '../contract.ts'
import type { Leadership } from '../election.ts'
import type { Holdings } from './holdings.ts'
import type { SharedHandle } from './seating.ts'
import {
  LockClaim,
  newLock,
  type ThreadGuard,
  ThreadLock,
  type ThreadLockOptions,
} from './thread-lock.ts'

export type ThreadElectionHandle = SharedHandle<'naru/thread-election'>

class LeadClaim extends LockClaim {
  term = 0

  constructor() {
    super(1, 'waits')
  }

  override mayHold({ words, heldAt, countAt, roster }: Holdings): boolean {
    for (let seat = 0; seat < roster.seats; seat++) if (words[heldAt + seat] !== 0) return false
    words[countAt]! += 1
    this.term = words[countAt]!
    return true
  }
}

class ThreadLeadership implements Leadership {
  readonly candidate: string
  readonly term: number
  readonly #guard: ThreadGuard
  readonly #controller = new AbortController()

  constructor(candidate: string, term: number, guard: ThreadGuard) {
    this.candidate = candidate
    this.term = term
    this.#guard = guard
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  resign(): void {
    // Those who act for it hear of it before there is another leader.
    this.#controller.abort()
    this.#guard.release()
  }

  [Symbol.dispose](): void {
    this.resign()
  }
}

export class ThreadElection extends ThreadLock<'naru/thread-election'> {
  protected override readonly waking = 'one'

  private constructor(handle: ThreadElectionHandle) {
    super(handle, 'naru/thread-election')
  }

  static create(options: ThreadLockOptions = {}): ThreadElection {
    return new ThreadElection(newLock('naru/thread-election', options, 0))
  }

  static attach(handle: ThreadElectionHandle): ThreadElection {
    return new ThreadElection(handle)
  }

  /** Resolves when this candidate is elected. */
  async campaign(candidate: string, options?: WaitOptions): Promise<Leadership> {
    const claim = new LeadClaim()
    const guard = await this.acquireClaim(claim, options)
    return new ThreadLeadership(candidate, claim.term, guard)
  }

  /** Blocks this thread, which must be a Worker. */
  campaignSync(candidate: string, options?: WaitOptions): Leadership {
    const claim = new LeadClaim()
    const guard = this.acquireClaimSync(claim, options)
    return new ThreadLeadership(candidate, claim.term, guard)
  }
}

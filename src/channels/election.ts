/**
 * An election keeps at most one leader among those who campaign, in the order of arrival. Every leadership
 * has a term, a number that only grows: whoever acts for the leader sends it along, and what comes with an
 * older term than the newest seen is from a leader that has been replaced.
 */
import type { Scheduler } from '../base/ports.ts'
import type { Ports, WaitOptions } from './contract.ts'
import { SyncClosed } from './sync-errors.ts'
import { SyncWaiter } from './sync-waiter.ts'
import { Turn } from './turn.ts'
import { WaitList } from './waiter.ts'

/** The proof of being the leader, until `signal` fires. */
export interface Leadership extends Disposable {
  readonly candidate: string
  /** 1 for the first leader of this election. */
  readonly term: number
  /** Fires when the leadership has ended, however it did. */
  readonly signal: AbortSignal
  /** Ends it; the next candidate is elected. Idempotent. */
  resign(): void
}

class Campaign extends SyncWaiter<Leadership> {
  readonly candidate: string

  constructor(candidate: string) {
    super()
    this.candidate = candidate
  }
}

class Term implements Leadership {
  readonly candidate: string
  readonly term: number
  readonly #controller: AbortController = new AbortController()
  readonly #resign: (term: Term) => void

  constructor(candidate: string, term: number, resign: (term: Term) => void) {
    this.candidate = candidate
    this.term = term
    this.#resign = resign
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  resign(): void {
    this.#resign(this)
  }

  [Symbol.dispose](): void {
    this.resign()
  }

  /** Ended by the election. */
  end(reason: unknown): void {
    this.#controller.abort(reason)
  }
}

export class Election implements AsyncDisposable {
  readonly #scheduler: Scheduler
  readonly #turn: Turn
  readonly #campaigns: WaitList<Campaign> = new WaitList()
  /** Invariant: while nobody leads, nobody campaigns. */
  #leading: Term | null = null
  #terms = 0
  #closed: boolean = false

  constructor(ports: Ports) {
    this.#scheduler = ports.scheduler
    this.#turn = Turn.of(ports.scheduler)
  }

  /** Who leads now, if anybody does. */
  get leader(): Leadership | null {
    return this.#leading
  }

  /** Candidates that wait. */
  get waiting(): number {
    return this.#campaigns.size
  }

  /** Resolves when this candidate is elected. */
  campaign(candidate: string, options?: WaitOptions): Promise<Leadership> {
    if (options?.signal?.aborted === true) return Promise.reject(options.signal.reason)
    if (this.#closed) return Promise.reject(closedError())
    if (this.#leading === null) return this.#turn.with<Leadership>(this.#elect(candidate))
    const campaign = new Campaign(candidate)
    this.#campaigns.enter(campaign, options, this.#scheduler)
    return campaign.answer.promise
  }

  /** Ends the present leadership from outside, and elects the next candidate. */
  depose(reason?: unknown): void {
    if (this.#leading !== null) this.#end(this.#leading, reason)
  }

  /** Ends the leadership and every campaign. Idempotent. */
  close(): void {
    this.#closed = true
    for (const campaign of this.#campaigns.takeAll()) campaign.lose(closedError())
    this.depose(closedError())
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close()
    return Promise.resolve()
  }

  #elect(candidate: string): Term {
    this.#terms += 1
    this.#leading = new Term(candidate, this.#terms, (term) => this.#end(term, undefined))
    return this.#leading
  }

  #end(term: Term, reason: unknown): void {
    if (this.#leading !== term) return
    this.#leading = null
    const next = this.#campaigns.take()
    const elected = next === null ? null : this.#elect(next.candidate)
    // The old leader hears of it before the new one does; what it does then finds the new one in place.
    term.end(reason)
    if (elected !== null) next?.answer.resolve(elected)
  }
}

function closedError(): SyncClosed {
  return new SyncClosed('the election is closed')
}

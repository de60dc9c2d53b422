/**
 * What every lock between threads is: a seat, a line of calls that wait, and holdings. Each kind says what may be
 * held beside what. Waits are served in order within a thread; between threads whoever is faster comes first.
 */
import type { WaitOptions } from '../contract.ts'
import { Guard } from '../guard.ts'
import { SyncClosed, SyncMisuse, SyncTimeout } from '../sync-errors.ts'
import { SyncWaiter } from '../sync-waiter.ts'
import { Blocking, checkBlocking, spinTurnsForOne } from './blocking.ts'
import { Desk, type Line, turn } from './desk.ts'
import {
  type Claim,
  Holdings,
  hold,
  holdingsName,
  letGo,
  ownHeld,
  takeLegacy,
  want,
} from './holdings.ts'
import { life, type Resident } from './life.ts'
import { threadLimits } from './limits.ts'
import { bury, leave, READY, type Seat } from './roster.ts'
import { type SharedHandle, takeAnySeat } from './seating.ts'
import { sleepUntilReady } from './sleep.ts'

export interface ThreadLockOptions {
  /** How many threads may attach at a time; 32 unless told. */
  readonly seats?: number
  /** For people: errors name it. */
  readonly name?: string
}

/** A guard that also says whether its predecessor died holding: then what the lock protects may be half done. */
export class ThreadGuard extends Guard {
  readonly afterDeath: boolean

  constructor(release: () => void, predecessor: 'lived' | 'died') {
    super(release)
    this.afterDeath = predecessor === 'died'
  }
}

/** One kind of claim: how much more it makes its party hold, when it may, and whom its end concerns. */
export abstract class LockClaim implements Claim {
  /** Added to the party's word. */
  readonly amount: number
  /** Set under the lock by a claim that succeeded. */
  predecessor: 'lived' | 'died' = 'lived'
  /** Whether others should make room while it waits. */
  readonly manners: 'waits' | 'asks'

  constructor(amount: number, manners: 'waits' | 'asks') {
    this.amount = amount
    this.manners = manners
  }

  abstract mayHold(holdings: Holdings): boolean

  claim(holdings: Holdings): number | null {
    if (!this.mayHold(holdings)) return null
    this.predecessor = takeLegacy(holdings) ? 'died' : 'lived'
    return ownHeld(holdings) + this.amount
  }
}

/** One call that waits for its claim. */
class LockCall extends SyncWaiter<ThreadGuard> {
  readonly claim: LockClaim
  readonly #gaveUp: () => void

  constructor(claim: LockClaim, gaveUp: () => void) {
    super()
    this.claim = claim
    this.#gaveUp = gaveUp
  }

  override lose(error: unknown): void {
    super.lose(error)
    this.#gaveUp()
  }
}

export abstract class ThreadLock<Kind extends string> implements Resident, Disposable {
  readonly name: string
  readonly seat: Seat
  readonly #handle: SharedHandle<Kind>
  readonly #desk: Desk
  readonly #calls: Line<LockCall>
  #isRetired: boolean = false
  /** Calls of this thread that wait and ask others to make room. */
  #asking = 0
  protected readonly holdings: Holdings

  protected constructor(handle: SharedHandle<Kind>, kind: Kind) {
    checkHandle(handle, kind)
    const seat = takeAnySeat(handle, { roles: 0, holds: holdingsName })
    this.name = handle.name
    this.seat = seat
    this.#handle = handle
    this.holdings = new Holdings(seat)
    this.#desk = new Desk(seat, () => life.sweep(seat.roster))
    this.#calls = this.#desk.line({ serve: (call) => this.#serve(call), keepsAlive: true })
    life.watch(this, holdingsName)
  }

  /** What another thread attaches by. It may be sent any number of times. */
  get handle(): SharedHandle<Kind> {
    return this.#handle
  }

  /** Calls of this thread that wait. */
  get waiting(): number {
    return this.#calls.waiters.size
  }

  /** Whether what is released concerns one of those who wait, or perhaps several. */
  protected abstract readonly waking: 'one' | 'all'

  protected acquireClaim(claim: LockClaim, options: WaitOptions | undefined): Promise<ThreadGuard> {
    if (options?.signal?.aborted === true) return Promise.reject(options.signal.reason)
    if (this.#isRetired) return Promise.reject(this.#detached())
    const guard = this.tryClaim(claim)
    if (guard !== undefined) return turn.with(guard)
    const call = new LockCall(claim, () => this.#ask(claim, -1))
    this.#ask(claim, 1)
    this.#desk.enter(this.#calls, call, options)
    return call.answer.promise
  }

  protected acquireClaimSync(claim: LockClaim, options: WaitOptions | undefined): ThreadGuard {
    checkBlocking('acquire', options)
    if (this.#isRetired) throw this.#detached()
    const guard = this.tryClaim(claim)
    if (guard !== undefined) return guard
    const patience = new Blocking(options, spinTurnsForOne, () => life.sweep(this.seat.roster))
    const attempt = (): number => {
      const set = this.#calls.serveAll()
      return set === READY ? hold(this.holdings, claim) : set
    }
    this.#ask(claim, 1)
    const isOver = sleepUntilReady(this.seat, { attempt }, patience)
    this.#ask(claim, -1)
    this.#desk.refresh()
    if (!isOver) throw new SyncTimeout(options?.timeoutMs ?? Number.POSITIVE_INFINITY)
    return this.#guard(claim)
  }

  protected tryClaim(claim: LockClaim): ThreadGuard | undefined {
    if (this.#isRetired || this.#calls.waiters.size > 0) return undefined
    return hold(this.holdings, claim) === READY ? this.#guard(claim) : undefined
  }

  /** Ends this thread's part: what it holds comes free, and its calls that wait are refused. Idempotent. */
  detach(): void {
    this.retire()
    for (const call of this.#calls.waiters.takeAll()) call.lose(this.#detached())
  }

  [Symbol.dispose](): void {
    this.detach()
  }

  /** Gives the seat back; a party that still holds something is missed instead, as if it had died. */
  retire(): void {
    if (this.#isRetired) return
    this.#isRetired = true
    life.forget(this)
    if (ownHeld(this.holdings) === 0) leave(this.seat)
    else bury(this.seat.roster, this.seat.index)
  }

  #guard(claim: LockClaim): ThreadGuard {
    const release = (): void => {
      if (this.#isRetired) return
      letGo(this.holdings, ownHeld(this.holdings) - claim.amount, this.waking)
      this.#desk.refresh()
    }
    return new ThreadGuard(release, claim.predecessor)
  }

  #detached(): SyncClosed {
    return new SyncClosed(`this thread has detached from ${this.name}`)
  }

  #serve(call: LockCall): number {
    const set = hold(this.holdings, call.claim)
    if (set !== READY) return set
    call.leave()
    this.#ask(call.claim, -1)
    call.answer.resolve(this.#guard(call.claim))
    return READY
  }

  /** Counts those who ask others to make room; the last to stop lets them go on. */
  #ask(claim: LockClaim, by: 1 | -1): void {
    if (claim.manners === 'waits') return
    this.#asking += by
    want(this.holdings, this.#asking)
    if (by < 0 && this.#asking === 0) letGo(this.holdings, ownHeld(this.holdings), 'all')
  }
}

/** The memory and the handle of a new lock. */
export function newLock<Kind extends string>(
  kind: Kind,
  options: ThreadLockOptions,
  count: number,
): SharedHandle<Kind> {
  const { seats = threadLimits.seats, name = kind.slice('naru/'.length) } = options
  if (!Number.isSafeInteger(seats) || seats < 1 || seats > threadLimits.seatsMax) {
    throw new SyncMisuse(`seats must be a whole number from 1 to ${threadLimits.seatsMax}`)
  }
  return { kind, name, memory: Holdings.allocate({ seats, count }) }
}

/** The memory of something else would be taken for this one's own. */
export function checkHandle(handle: SharedHandle<string>, kind: string): void {
  if (handle?.kind === kind) return
  throw new SyncMisuse(`this is no handle of a ${kind.slice('naru/'.length)}`)
}

/** The latch between threads: it counts down to zero, once, and then lets everyone pass for ever. */
import type { WaitOptions } from '../contract.ts'
import type { AnyLatch } from '../sync-contract.ts'
import { SyncClosed, SyncMisuse, SyncTimeout } from '../sync-errors.ts'
import { SyncWaiter } from '../sync-waiter.ts'
import { Blocking, checkBlocking, spinTurnsForOne } from './blocking.ts'
import { Desk, type Line, turn } from './desk.ts'
import { Holdings, holdingSets } from './holdings.ts'
import { life, type Resident } from './life.ts'
import { leave, READY, type Seat, wakeAll } from './roster.ts'
import { type SharedHandle, takeAnySeat } from './seating.ts'
import { sleepUntilReady } from './sleep.ts'
import { checkHandle, newLock, type ThreadLockOptions } from './thread-lock.ts'

export type ThreadLatchHandle = SharedHandle<'naru/thread-latch'>

/** Nobody holds a latch. */
const holdsNothing = (): boolean => false

export class ThreadLatch implements AnyLatch, Resident, Disposable {
  readonly seat: Seat
  readonly handle: ThreadLatchHandle
  readonly #holdings: Holdings
  readonly #desk: Desk
  readonly #waits: Line<SyncWaiter<void>>
  #isRetired: boolean = false

  private constructor(handle: ThreadLatchHandle) {
    checkHandle(handle, 'naru/thread-latch')
    const seat = takeAnySeat(handle, { roles: 0, holds: holdsNothing })
    this.seat = seat
    this.handle = handle
    this.#holdings = new Holdings(seat)
    this.#desk = new Desk(seat, () => life.sweep(seat.roster))
    this.#waits = this.#desk.line({ serve: (wait) => this.#serve(wait), keepsAlive: true })
    life.watch(this, holdsNothing)
  }

  static create(count: number, options: ThreadLockOptions = {}): ThreadLatch {
    if (!Number.isSafeInteger(count) || count < 0 || count >= 2 ** 31) {
      throw new SyncMisuse(`a latch counts down from a whole number, not from ${count}`)
    }
    return new ThreadLatch(newLock('naru/thread-latch', options, count))
  }

  static attach(handle: ThreadLatchHandle): ThreadLatch {
    return new ThreadLatch(handle)
  }

  /** What is left to count. */
  get count(): number {
    return Atomics.load(this.#holdings.words, this.#holdings.countAt)
  }

  /** Throws `SyncMisuse` where it would go below zero: somebody counted twice. */
  countDown(by = 1): void {
    const { words, countAt, roster } = this.#holdings
    for (;;) {
      const { count } = this
      if (!Number.isSafeInteger(by) || by < 0 || by > count) {
        throw new SyncMisuse(`a latch at ${count} cannot count down by ${by}`)
      }
      if (Atomics.compareExchange(words, countAt, count, count - by) !== count) continue
      if (count === by) wakeAll(roster, holdingSets.held)
      return
    }
  }

  /** Resolves when it is at zero. */
  wait(options?: WaitOptions): Promise<void> {
    if (options?.signal?.aborted === true) return Promise.reject(options.signal.reason)
    if (this.count === 0) return turn.over()
    if (this.#isRetired) return Promise.reject(this.#detached())
    const waiter = new SyncWaiter<void>()
    this.#desk.enter(this.#waits, waiter, options)
    return waiter.answer.promise
  }

  /** Blocks this thread, which must be a Worker. */
  waitSync(options?: WaitOptions): void {
    checkBlocking('wait', options)
    if (this.#isRetired) throw this.#detached()
    const patience = new Blocking(options, spinTurnsForOne, () => life.sweep(this.seat.roster))
    const attempt = (): number => (this.count === 0 ? READY : holdingSets.held)
    const isOver = sleepUntilReady(this.seat, { attempt }, patience)
    this.#desk.refresh()
    if (!isOver) throw new SyncTimeout(options?.timeoutMs ?? Number.POSITIVE_INFINITY)
  }

  /** Ends this thread's part: its calls that wait are refused. Idempotent. */
  detach(): void {
    this.retire()
    for (const wait of this.#waits.waiters.takeAll()) wait.lose(this.#detached())
  }

  [Symbol.dispose](): void {
    this.detach()
  }

  /** Gives the seat back. */
  retire(): void {
    if (this.#isRetired) return
    this.#isRetired = true
    life.forget(this)
    leave(this.seat)
  }

  #detached(): SyncClosed {
    return new SyncClosed(`this thread has detached from ${this.handle.name}`)
  }

  #serve(waiter: SyncWaiter<void>): number {
    if (this.count > 0) return holdingSets.held
    waiter.leave()
    waiter.answer.resolve()
    return READY
  }
}

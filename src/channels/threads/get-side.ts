/** The receiving half of one party's thread channel: tries, then waits in line. The channel owns it. */

import type { Iterated } from '../channel-iterator.ts'
import { type GetWaiter, NextGet, PlainGet } from '../channel-waiters.ts'
import type { Sendable, Unwatch, WaitOptions } from '../contract.ts'
import { done } from '../turn.ts'
import { WaitList } from '../waiter.ts'
import { Blocking, checkBlocking, spinTurnsForOne } from './blocking.ts'
import { CollectCall, WatchCall } from './channel-calls.ts'
import { type Desk, type Line, scheduler, turn } from './desk.ts'
import type { Endpoint } from './endpoint.ts'
import { threadLimits } from './limits.ts'
import { ending, endingOf, sets } from './ring.ts'
import { READY, wakeOne } from './roster.ts'
import { Share } from './share.ts'
import { type Attempt, sleepUntilReady } from './sleep.ts'

export class GetSide<T extends Sendable> implements Attempt {
  readonly #endpoint: Endpoint
  readonly #desk: Desk
  readonly #calls: Line<GetWaiter<T>>
  readonly #watches: Line<WatchCall>
  readonly #collects: Line<CollectCall>
  readonly #share: Share
  /** Calls that have not begun to ask, because this party lets others catch up. They are before those in line. */
  readonly #held: WaitList<GetWaiter<T>> = new WaitList()
  /** Values that came out to this party. */
  count: number = 0

  constructor(endpoint: Endpoint, desk: Desk) {
    this.#endpoint = endpoint
    this.#desk = desk
    this.#share = new Share(endpoint.seat)
    const emptied = (): void => {
      this.#share.stops()
      this.#bringIn()
    }
    const bringIn = (): void => this.#bringIn()
    const serveCall = (call: GetWaiter<T>): number => this.#serveCall(call)
    const serveWatch = (call: WatchCall): number => this.#serveWatch(call)
    this.#calls = desk.line({ serve: serveCall, keepsAlive: true }, emptied)
    this.#watches = desk.line({ serve: serveWatch, keepsAlive: true }, bringIn)
    this.#collects = desk.line({ serve: (call) => this.#serveCollect(call), keepsAlive: false })
  }

  get waiting(): number {
    return this.#calls.waiters.size + this.#held.size
  }

  tryGet(): T | undefined {
    if (this.waiting > 0 || this.#endpoint.pull() !== READY) return this.#nothing()
    const value = this.#endpoint.value as T | undefined
    if (value !== undefined) this.#counted(value)
    return value
  }

  get(options: WaitOptions | undefined): Promise<T> {
    if (options?.signal?.aborted === true) return Promise.reject(options.signal.reason)
    try {
      const value = this.#tryNext(options)
      if (value !== undefined) return turn.with(value)
    } catch (error) {
      return Promise.reject(error)
    }
    const call = new PlainGet<T>()
    this.enter(call, options)
    return call.answer.promise
  }

  getSync(options: WaitOptions | undefined): T {
    checkBlocking('get', options)
    const patience = new Blocking(options, spinTurnsForOne, () => this.#endpoint.lookUp())
    if (this.#share.isAhead) this.#share.restSync(patience.leftMs())
    const value = this.tryGet()
    if (value !== undefined) return value
    if (this.#endpoint.pullFailure() === null) this.#endpoint.tell?.('get-waits', undefined)
    const isOver = this.#sleep(patience)
    const { failure } = this.#endpoint
    const got = this.#endpoint.value as T | undefined
    this.#desk.refresh()
    if (!isOver) {
      this.#nothing()
      throw patience.timedOut()
    }
    if (got === undefined) throw failure
    this.#counted(got)
    return got
  }

  #sleep(patience: Blocking): boolean {
    this.#share.asks()
    try {
      return sleepUntilReady(this.#endpoint.seat, this, patience)
    } finally {
      if (this.#calls.waiters.size === 0) this.#share.stops()
    }
  }

  /** For `getSync`: those who wait in this thread came first, and nobody else would serve them meanwhile. */
  attempt(): number {
    const set = this.#calls.serveAll()
    return set === READY ? this.#endpoint.pull() : set
  }

  /** Waits for a value that `tryGet` did not have. */
  enter(call: GetWaiter<T>, options: WaitOptions | undefined): void {
    if (this.#rests(options) || this.#held.size > 0) {
      this.#hold(call, options)
      return
    }
    const before = this.#calls.waiters.size
    if (before === 0) this.#share.asks()
    this.#desk.enter(this.#calls, call, options)
    if (this.#calls.waiters.size > before) this.#endpoint.tell?.('get-waits', undefined)
  }

  /** Ends every wait of one iterator. */
  finish(owner: object): void {
    for (const call of [...this.#held, ...this.#calls.waiters]) {
      if (!(call instanceof NextGet) || call.owner !== owner) continue
      call.leave()
      call.finish()
    }
  }

  /** What a `for await` needs: it asks, and does not only try. */
  iterated(): Iterated<T> {
    return {
      tryGet: () => this.#tryNext(undefined),
      enterGet: (call) => this.enter(call, undefined),
      finishGets: (owner) => this.finish(owner),
    }
  }

  /** The first try of a call that will wait; a party that is ahead does not even try. */
  #tryNext(options: WaitOptions | undefined): T | undefined {
    return this.#rests(options) ? undefined : this.tryGet()
  }

  /** Whoever has less time than a rest may take does not rest: its time would be up with a value in reach. */
  #rests(options: WaitOptions | undefined): boolean {
    return (
      this.#share.isAhead && !((options?.timeoutMs ?? threadLimits.restMs) < threadLimits.restMs)
    )
  }

  #hold(call: GetWaiter<T>, options: WaitOptions | undefined): void {
    const isFirst = this.#held.size === 0
    this.#held.enter(call, options, scheduler)
    if (isFirst) void this.#share.rest().then(() => this.#letGo())
  }

  /** The rest is over: whoever was held asks now, in the order of arrival. */
  #letGo(): void {
    for (let call = this.#held.head; call !== null; call = this.#held.head) {
      this.#held.remove(call)
      if (this.#calls.waiters.size === 0) this.#share.asks()
      this.#desk.enter(this.#calls, call, undefined)
    }
  }

  watch(wake: () => void): Unwatch {
    const call = new WatchCall(wake)
    this.#desk.enter(this.#watches, call, undefined)
    return () => call.leave()
  }

  #counted(value: T): void {
    this.count += 1
    this.#share.taken()
    this.#endpoint.tell?.('get', value)
  }

  /** There is nothing to take now. */
  #nothing(): undefined {
    this.#bringIn()
    return undefined
  }

  /** Whoever began a message may wait no longer; but it must be brought in, because no other party can pass it. */
  #bringIn(): void {
    if (!this.#endpoint.receiver.isCollecting || this.#collects.waiters.size > 0) return
    this.#desk.enter(this.#collects, new CollectCall(), undefined)
  }

  #serveCall(call: GetWaiter<T>): number {
    const endpoint = this.#endpoint
    let set: number
    try {
      set = endpoint.pull()
    } catch (error) {
      // Taken from the ring, but not to be made into a value here.
      call.leave()
      call.lose(error)
      return READY
    }
    if (set !== READY) return set
    call.leave()
    const { failure } = endpoint
    if (failure === null) {
      const value = endpoint.value as T
      this.#counted(value)
      call.give(value)
    } else call.ended(failure.name === 'ChannelClosed' ? 'closed' : 'failed', failure)
    return READY
  }

  #serveWatch(call: WatchCall): number {
    const { receiver, ring } = this.#endpoint
    if (!this.#endpoint.readable() && this.#endpoint.pullFailure() === null)
      return receiver.waitsFor
    call.leave()
    // A hint uses nothing up: whoever sleeps for the same message is told as well.
    wakeOne(ring.roster, sets.items)
    void done.then(call.wake)
    return READY
  }

  #serveCollect(call: CollectCall): number {
    const { receiver, ring } = this.#endpoint
    // Who throws away what is inside waits until nobody takes parts of it.
    if (endingOf(ring) >= ending.now) receiver.stop()
    if (!receiver.bringIn()) return sets.items
    call.leave()
    // Given up by its sender: what has come instead is for whoever asks for it.
    if (!receiver.hasArrived) wakeOne(ring.roster, sets.items)
    return READY
  }
}

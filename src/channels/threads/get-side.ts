/** The receiving half of one party's thread channel: tries, then waits in line. The channel owns it. */
import { type GetWaiter, NextGet, PlainGet } from '../channel-waiters.ts'
import type { Sendable, Unwatch, WaitOptions } from '../contract.ts'
import { done } from '../turn.ts'
import { Blocking, checkBlocking, spinTurnsForOne } from './blocking.ts'
import { CollectCall, WatchCall } from './channel-calls.ts'
import { type Desk, type Line, turn } from './desk.ts'
import type { Endpoint } from './endpoint.ts'
import { sets } from './ring.ts'
import { READY, wakeOne } from './roster.ts'
import { type Attempt, sleepUntilReady } from './sleep.ts'

export class GetSide<T extends Sendable> implements Attempt {
  readonly #endpoint: Endpoint
  readonly #desk: Desk
  readonly #calls: Line<GetWaiter<T>>
  readonly #watches: Line<WatchCall>
  readonly #collects: Line<CollectCall>
  /** Values that came out to this party. */
  count: number = 0

  constructor(endpoint: Endpoint, desk: Desk) {
    this.#endpoint = endpoint
    this.#desk = desk
    const bringIn = (): void => this.#bringIn()
    const serveCall = (call: GetWaiter<T>): number => this.#serveCall(call)
    const serveWatch = (call: WatchCall): number => this.#serveWatch(call)
    this.#calls = desk.line({ serve: serveCall, keepsAlive: true }, bringIn)
    this.#watches = desk.line({ serve: serveWatch, keepsAlive: true }, bringIn)
    this.#collects = desk.line({ serve: (call) => this.#serveCollect(call), keepsAlive: false })
  }

  get waiting(): number {
    return this.#calls.waiters.size
  }

  tryGet(): T | undefined {
    if (this.#calls.waiters.size > 0 || this.#endpoint.pull() !== READY) return this.#nothing()
    const value = this.#endpoint.value as T | undefined
    if (value !== undefined) this.#counted(value)
    return value
  }

  get(options: WaitOptions | undefined): Promise<T> {
    if (options?.signal?.aborted === true) return Promise.reject(options.signal.reason)
    try {
      const value = this.tryGet()
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
    const value = this.tryGet()
    if (value !== undefined) return value
    if (this.#endpoint.pullFailure() === null) this.#endpoint.tell?.('get-waits', undefined)
    const patience = new Blocking(options, spinTurnsForOne, () => this.#endpoint.lookUp())
    const isOver = sleepUntilReady(this.#endpoint.seat, this, patience)
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

  /** For `getSync`: those who wait in this thread came first, and nobody else would serve them meanwhile. */
  attempt(): number {
    const set = this.#calls.serveAll()
    return set === READY ? this.#endpoint.pull() : set
  }

  /** Waits for a value that `tryGet` did not have. */
  enter(call: GetWaiter<T>, options: WaitOptions | undefined): void {
    const before = this.#calls.waiters.size
    this.#desk.enter(this.#calls, call, options)
    if (this.#calls.waiters.size > before) this.#endpoint.tell?.('get-waits', undefined)
  }

  /** Ends every wait of one iterator. */
  finish(owner: object): void {
    for (const call of this.#calls.waiters) {
      if (!(call instanceof NextGet) || call.owner !== owner) continue
      call.leave()
      call.finish()
    }
  }

  watch(wake: () => void): Unwatch {
    const call = new WatchCall(wake)
    this.#desk.enter(this.#watches, call, undefined)
    return () => call.leave()
  }

  #counted(value: T): void {
    this.count += 1
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
    if (!receiver.bringIn()) return sets.items
    call.leave()
    // Given up by its sender: what has come instead is for whoever asks for it.
    if (!receiver.hasArrived) wakeOne(ring.roster, sets.items)
    return READY
  }
}

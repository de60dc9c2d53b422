/**
 * One end of a channel to other processes: the callers of this process, who put, get and wait. What carries
 * the values is a link, a hub of links or one half of a pipe; a channel adds nothing to them but patience.
 */
import { assert } from '../../base/assert.ts'
import type { Scheduler } from '../../base/ports.ts'
import { ChannelIterator } from '../channel-iterator.ts'
import type { ChannelEvent } from '../channel-options.ts'
import { type GetWaiter, NextGet, PlainGet, PlainPut, Watchers } from '../channel-waiters.ts'
import {
  ChannelClosed,
  ChannelMisuse,
  type Duplex,
  type Ending,
  type Joinable,
  type Ports,
  type SelectableReceiver,
  type SelectableSender,
  type Sendable,
  type Unwatch,
  type WaitOptions,
} from '../contract.ts'
import { tellProgram } from '../told.ts'
import { Turn } from '../turn.ts'
import { WaitList } from '../waiter.ts'
import { Joining, type Tally } from './joining.ts'
import type { LinkUser } from './link-user.ts'

/** What moves the values of a channel. */
export interface Carrier {
  user: LinkUser
  /** Whether a value can be received now, and how many. */
  readonly readable: boolean
  readonly ready: number
  /** Whether a value can be sent now. */
  readonly writable: boolean
  /** No value will arrive any more; those that are ready can still be received. */
  readonly inEnded: boolean
  /** No value can be sent any more. */
  readonly outEnded: boolean
  /** Why it is over, if not by both sides' will. */
  readonly failure: Error | null
  /** The connection is gone. */
  readonly over: boolean
  /** Values sent, and of them those that the other side's program has not been seen to receive. */
  readonly sent: number
  readonly underWay: number
  readonly received: number
  /** Values that arrived and that nobody will receive. */
  readonly dropped: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly capacity: number
  /** What is done; `null` where nothing comes back. */
  readonly tally: Tally | null
  send(value: Sendable): boolean
  receive(): Sendable | undefined
  finish(): void
  stop(ending: Ending): void
}

export interface ProcessChannelStats {
  readonly name: string
  readonly capacity: number
  /** Values that have arrived and wait to be received. */
  readonly size: number
  readonly put: number
  readonly got: number
  readonly dropped: number
  /** Values put that the other side's program has not been seen to receive. */
  readonly underWay: number
  /** Values put that are not done over there, and values got that are not done here. */
  readonly unfinished: number
  readonly undone: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly waitingToPut: number
  readonly waitingToGet: number
  readonly closed: boolean
}

export interface ProcessChannelOptions<T extends Sendable> {
  readonly name: string
  readonly trace: ((event: ChannelEvent<T>) => void) | null
  readonly ports: Ports
}

export class ProcessChannel<T extends Sendable>
  implements Duplex<T>, Joinable, SelectableReceiver<T>, SelectableSender<T>, LinkUser
{
  readonly name: string
  readonly #carrier: Carrier
  readonly #scheduler: Scheduler
  readonly #turn: Turn
  readonly #trace: ((event: ChannelEvent<T>) => void) | null
  readonly #getters = new WaitList<GetWaiter<T>>()
  readonly #putters = new WaitList<PlainPut<T>>()
  readonly #readWatchers = new Watchers()
  readonly #roomWatchers = new Watchers()
  /** Those who wait until all is received over there, and until the connection is gone. */
  readonly #settleWatchers = new Watchers()
  readonly #overWatchers = new Watchers()
  readonly #joining: Joining
  #state: 'open' | Ending = 'open'
  #toldClose = false

  constructor(carrier: Carrier, options: ProcessChannelOptions<T>) {
    this.name = options.name
    this.#carrier = carrier
    this.#scheduler = options.ports.scheduler
    this.#turn = Turn.of(options.ports.scheduler)
    this.#trace = options.trace
    this.#joining = new Joining(carrier.tally, options)
    carrier.user = this
  }

  get size(): number {
    return this.#carrier.ready
  }

  /** How many values the other side lets us have under way. */
  get capacity(): number {
    return this.#carrier.capacity
  }

  get closed(): boolean {
    return this.#state !== 'open' || this.#carrier.outEnded || this.#carrier.failure !== null
  }

  get ended(): boolean {
    const { readable, inEnded, failure, over } = this.#carrier
    return !readable && (inEnded || over || failure !== null || this.#state === 'now')
  }

  get failure(): Error | null {
    // What ended well before the connection was lost has not failed.
    return this.#carrier.inEnded || this.#state === 'now' ? null : this.#carrier.failure
  }

  put(value: T, options?: WaitOptions): Promise<void> {
    if (options?.signal?.aborted === true) return Promise.reject(options.signal.reason)
    try {
      if (this.tryPut(value)) return this.#turn.over()
    } catch (error) {
      return Promise.reject(error)
    }
    if (this.closed) return Promise.reject(this.#putError())
    const waiter = new PlainPut(value)
    this.#putters.enter(waiter, options, this.#scheduler)
    if (waiter.home !== null) this.#tell('put-waits', value)
    return waiter.answer.promise
  }

  tryPut(value: T): boolean {
    if (value === undefined) throw new ChannelMisuse('undefined cannot be sent: it means nothing')
    if (this.#putters.head !== null || !this.#carrier.send(value)) return false
    this.#tell('put', value)
    return true
  }

  get(options?: WaitOptions): Promise<T> {
    if (options?.signal?.aborted === true) return Promise.reject(options.signal.reason)
    const value = this.tryGet()
    if (value !== undefined) return this.#turn.with(value)
    const waiter = new PlainGet<T>()
    this.#enterGet(waiter, options)
    return waiter.answer.promise
  }

  tryGet(): T | undefined {
    const value = this.#carrier.receive() as T | undefined
    if (value === undefined) return undefined
    this.#tell('get', value)
    if (this.ended) this.changed()
    return value
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<T, undefined> {
    const iterated = {
      tryGet: () => this.tryGet(),
      enterGet: (waiter: GetWaiter<T>) => this.#enterGet(waiter, undefined),
      finishGets: (owner: object) => this.#finishGets(owner),
    }
    return new ChannelIterator<T>(iterated, this.#turn)
  }

  /** Says that no value follows from here; values can still be received. Idempotent. */
  finish(): void {
    this.#carrier.finish()
    this.changed()
  }

  /**
   * Ends both directions: no value goes in any more, here or there. What is under way or has arrived can still
   * be received, or is thrown away with `now`, which may also follow an earlier `drain`.
   */
  close(ending: Ending = 'drain'): void {
    if (this.#state === ending || this.#state === 'now') return
    this.#state = ending
    this.#carrier.finish()
    this.#carrier.stop(ending)
    this.changed()
  }

  /**
   * Resolves when the other side's program has received all that was put, or, once both sides have ended, when
   * all has arrived there. Rejects with `ChannelPeerLost` when that cannot be known.
   */
  settled(options?: WaitOptions): Promise<void> {
    if (options?.signal?.aborted === true) return Promise.reject(options.signal.reason)
    const { underWay, failure, over } = this.#carrier
    if (this.#putters.head === null && underWay === 0) return this.#turn.over()
    if (over) return failure === null ? this.#turn.over() : Promise.reject(failure)
    return this.#settleWatchers.wait(options, this.#scheduler)
  }

  /**
   * Says that the value which was got first, of those that are not done, is dealt with; whoever put it hears of it.
   * Throws `ChannelMisuse` when said more often than values were got.
   */
  taskDone(): void {
    this.#joining.taskDone(this.#carrier.received)
  }

  /**
   * Resolves when all that was put here is done over there, or was thrown away. Rejects with `ChannelPeerLost` as soon
   * as that can never be, because whoever had some of it is gone, and from then on. One that begins together with a
   * close keeps the connection until all is done; one that begins later finds it gone.
   */
  join(options?: WaitOptions): Promise<void> {
    return this.#joining.join(options)
  }

  /** Resolves when the connection is gone: with what it was lost of, or `null` if both sides had ended. */
  async gone(options?: WaitOptions): Promise<Error | null> {
    options?.signal?.throwIfAborted()
    if (!this.#carrier.over) await this.#overWatchers.wait(options, this.#scheduler)
    return this.#carrier.failure
  }

  /** Closes it, and resolves when the connection is gone: the other side has all that was put. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
    this.#joining.quit()
    await this.gone()
  }

  stats(): ProcessChannelStats {
    const { ready, sent, received, dropped, underWay, bytesIn, bytesOut } = this.#carrier
    return {
      name: this.name,
      capacity: this.capacity,
      size: ready,
      put: sent,
      got: received,
      dropped,
      underWay,
      bytesIn,
      bytesOut,
      unfinished: this.#joining.unfinished,
      undone: received - this.#joining.done,
      waitingToPut: this.#putters.size,
      waitingToGet: this.#getters.size,
      closed: this.closed,
    }
  }

  onReadable(wake: () => void): Unwatch {
    const possible = this.#carrier.readable || this.ended
    return this.#readWatchers.watch(wake, possible ? 'possible' : 'later')
  }

  onWritable(wake: () => void): Unwatch {
    const possible = this.#carrier.writable || this.closed
    return this.#roomWatchers.watch(wake, possible ? 'possible' : 'later')
  }

  // What the carrier tells.

  readable(): void {
    while (this.#getters.head !== null) {
      const value = this.#carrier.receive() as T | undefined
      if (value === undefined) break
      this.#getters.take()?.give(value)
      this.#tell('get', value)
    }
    if (this.#carrier.readable) this.#readWatchers.wakeAll()
    if (this.ended) this.changed()
  }

  writable(): void {
    while (this.#putters.head !== null && this.#carrier.writable) {
      const putter = this.#putters.take()
      assert(putter !== null, 'a list with a head has a first')
      try {
        const taken = this.#carrier.send(putter.value)
        assert(taken, 'a writable carrier takes a value')
      } catch (error) {
        // A value that cannot be sent is its sender's business alone.
        putter.lose(error)
        continue
      }
      putter.taken()
      this.#tell('put', putter.value)
    }
    if (this.#carrier.writable) this.#roomWatchers.wakeAll()
    this.changed()
  }

  changed(): void {
    if (this.closed) this.#endPuts()
    if (this.ended) this.#endGets()
    this.#joining.changed()
    const { over, underWay, failure } = this.#carrier
    if (underWay === 0 && this.#putters.head === null) this.#settleWatchers.wakeAll()
    if (!over) return
    if (failure === null) this.#settleWatchers.wakeAll()
    else this.#settleWatchers.endAll(failure)
    this.#overWatchers.wakeAll()
  }

  #enterGet(waiter: GetWaiter<T>, options: WaitOptions | undefined): void {
    if (this.ended) {
      this.#endGet(waiter)
      return
    }
    this.#getters.enter(waiter, options, this.#scheduler)
    if (waiter.home !== null) this.#tell('get-waits', undefined)
  }

  #finishGets(owner: object): void {
    for (const waiter of this.#getters) {
      if (!(waiter instanceof NextGet) || waiter.owner !== owner) continue
      waiter.leave()
      waiter.finish()
    }
  }

  #endPuts(): void {
    if (this.#putters.head !== null) {
      for (const putter of this.#putters.takeAll()) putter.lose(this.#putError())
    }
    if (this.#roomWatchers.head !== null) this.#roomWatchers.endAll(this.#putError())
    if (this.#toldClose) return
    this.#toldClose = true
    this.#tell('close', undefined)
  }

  #endGets(): void {
    for (const getter of this.#getters.takeAll()) this.#endGet(getter)
    this.#readWatchers.wakeAll()
  }

  #endGet(getter: GetWaiter<T>): void {
    const { failure } = this
    if (failure === null) getter.ended('closed', new ChannelClosed(`${this.name} is closed`))
    else getter.ended('failed', failure)
  }

  #putError(): Error {
    const { failure } = this.#carrier
    const lost = failure !== null && this.#state === 'open'
    return lost ? failure : new ChannelClosed(`${this.name} is closed`)
  }

  /** Tells the trace. */
  #tell(kind: ChannelEvent<T>['kind'], value: T | undefined): void {
    const trace = this.#trace
    if (trace === null) return
    const { name: channel, size } = this
    tellProgram(() => trace({ kind, channel, value, size }), this.#scheduler)
  }
}

/**
 * The channel of one process: bounded, a rendezvous (capacity 0) or unbounded; any number of senders and
 * receivers, served in the order in which they came. It never copies a value and starts no macrotask but
 * for time-outs, delays and the turn (see turn.ts).
 *
 * At any moment, unless a value's own delay holds it back:
 *   receivers wait  =>  the shelf is empty
 *   senders wait    =>  the shelf is full
 * so whoever comes finds either the other side waiting or the shelf, and nobody is overtaken.
 */
import { assert } from '../base/assert.ts'
import type { Scheduler } from '../base/ports.ts'
import { ChannelIterator } from './channel-iterator.ts'
import { Ledger } from './channel-ledger.ts'
import {
  type ChannelOptions,
  type ChannelStats,
  capacityDefault,
  checkOptions,
  type WhenFull,
} from './channel-options.ts'
import {
  type GetWaiter,
  NextGet,
  PlainGet,
  PlainPut,
  type PutWaiter,
  Watchers,
} from './channel-waiters.ts'
import {
  ChannelClosed,
  ChannelFull,
  ChannelMisuse,
  type Duplex,
  type Ending,
  type Joinable,
  type Offer,
  type Ports,
  type SelectableReceiver,
  type SelectableSender,
  type Sendable,
  type Unwatch,
  type WaitOptions,
} from './contract.ts'
import { DelayShelf, Line, PriorityShelf, type Shelf } from './shelf.ts'
import { done, Turn } from './turn.ts'
import { WaitList } from './waiter.ts'
import { Wakeup } from './wakeup.ts'

export class Channel<T extends Sendable>
  implements Duplex<T>, Joinable, SelectableReceiver<T>, SelectableSender<T>
{
  readonly name: string
  readonly capacity: number
  readonly #whenFull: WhenFull
  readonly #conflate: (inside: T, value: T) => T
  readonly #scheduler: Scheduler
  readonly #turn: Turn
  readonly #ledger: Ledger<T>

  readonly #shelf: Shelf<T>
  /** The shelf again, if it is a plain line: `conflate` needs its newest. */
  readonly #line: Line<T> | null
  /** The shelf again, if it holds values back. */
  readonly #delays: DelayShelf<T> | null
  /** Set while somebody waits for a value that is not due yet. */
  readonly #due: Wakeup

  readonly #getters: WaitList<GetWaiter<T>>
  readonly #putters: WaitList<PutWaiter<T>> = new WaitList()
  readonly #readWatchers: Watchers
  readonly #roomWatchers: Watchers = new Watchers()

  #state: 'open' | Ending = 'open'
  #failure: Error | null = null

  constructor(options: ChannelOptions<T>, ports: Ports) {
    checkOptions(options)
    const { priority, delayMs } = options
    this.name = options.name ?? 'channel'
    this.capacity = options.capacity ?? capacityDefault
    this.#whenFull = options.whenFull ?? 'block'
    this.#conflate = options.conflate ?? ((_inside, value) => value)
    this.#scheduler = ports.scheduler
    this.#turn = Turn.of(ports.scheduler)
    this.#ledger = new Ledger(this.name, options.trace ?? null, ports.scheduler)
    this.#delays = delayMs === undefined ? null : new DelayShelf(delayMs, ports.clock)
    this.#line = delayMs === undefined && priority === undefined ? new Line() : null
    this.#shelf = this.#line ?? this.#delays ?? new PriorityShelf(priority ?? (() => 0))
    this.#due = new Wakeup(ports.scheduler, () => this.#serveDue())
    const nobodyWaits = this.#delays === null ? null : (): void => this.#setDue()
    this.#getters = new WaitList(nobodyWaits)
    this.#readWatchers = new Watchers(nobodyWaits)
  }

  get size(): number {
    return this.#shelf.size
  }

  get closed(): boolean {
    return this.#state !== 'open'
  }

  get ended(): boolean {
    return this.#state !== 'open' && this.#shelf.size === 0
  }

  get failure(): Error | null {
    return this.#failure
  }

  put(value: T, options?: WaitOptions): Promise<void> {
    if (options?.signal?.aborted === true) return Promise.reject(options.signal.reason)
    try {
      if (this.tryPut(value)) return this.#turn.over()
      return this.#putFull(value, options)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  tryPut(value: T): boolean {
    if (this.#state !== 'open') return false
    if (value === undefined) throw new ChannelMisuse('undefined cannot be sent: it means nothing')
    if (this.#getters.head !== null && this.#delays === null) {
      this.#handOver(value)
      return true
    }
    if (this.#shelf.size >= this.capacity) return false
    this.#store(value)
    if (this.#delays !== null) this.#serveDue()
    return true
  }

  /** Takes the value, or does at once what the policy for a full channel says. Never waits. */
  offer(value: T): Offer {
    if (this.#state !== 'open') return 'closed'
    if (this.tryPut(value)) return 'taken'
    if (this.#whenFull === 'block' || this.#whenFull === 'reject') return 'full'
    if (this.#whenFull === 'drop-newest') {
      this.#ledger.refuse(value, this.size)
      return 'dropped'
    }
    if (this.#whenFull === 'drop-oldest') this.#replaceOldest(value)
    else this.#replaceNewest(value)
    return 'replaced'
  }

  /** Resolves when `tryPut` may succeed: a hint, since another may be faster. Rejects with `ChannelClosed`. */
  room(options?: WaitOptions): Promise<void> {
    if (options?.signal?.aborted === true) return Promise.reject(options.signal.reason)
    if (this.#state !== 'open') return Promise.reject(this.#closedError())
    if (this.#writable()) return this.#turn.over()
    return this.#roomWatchers.wait(options, this.#scheduler)
  }

  get(options?: WaitOptions): Promise<T> {
    if (options?.signal?.aborted === true) return Promise.reject(options.signal.reason)
    const value = this.tryGet()
    if (value !== undefined) return this.#turn.with(value)
    const waiter = new PlainGet<T>()
    this.enterGet(waiter, options)
    return waiter.answer.promise
  }

  tryGet(): T | undefined {
    if (this.#delays !== null && this.#getters.head !== null) {
      // Its timer may be late: whoever waits for a value that is due comes first.
      this.#serveDue()
      if (this.#getters.head !== null) return undefined
    }
    return this.#take()
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<T, undefined> {
    return new ChannelIterator<T>(this, this.#turn)
  }

  /** Says that a value got before is dealt with. Throws `ChannelMisuse` when said more often than values were got. */
  taskDone(): void {
    this.#ledger.taskDone()
  }

  /** Resolves when `taskDone` has been said for every value that went in and was not thrown away. */
  join(options?: WaitOptions): Promise<void> {
    if (options?.signal?.aborted === true) return Promise.reject(options.signal.reason)
    return this.#ledger.unfinished === 0 ? this.#turn.over() : this.#ledger.join(options)
  }

  /**
   * No value goes in any more; senders that wait are refused. What is inside can still be received, or is
   * thrown away with `now`, which may also follow an earlier `drain`.
   */
  close(ending: Ending = 'drain'): void {
    if (this.#state === ending || this.#state === 'now') return
    const wasOpen = this.#state === 'open'
    this.#state = ending
    const thrownAway = ending === 'now' ? this.#shelf.drain() : []
    for (const putter of this.#putters.takeAll()) putter.lose(this.#closedError())
    if (this.ended) this.#endGetters()
    this.#roomWatchers.endAll(this.#closedError())
    this.#readWatchers.wakeAll()
    for (const value of thrownAway) this.#ledger.discard(value, 0)
    if (wasOpen) this.#ledger.tell('close', undefined, this.size)
  }

  /** Closes it with an error, which every receiver gets once it has received what is inside. */
  fail(error: Error): void {
    if (this.#state !== 'open') return
    this.#failure = error
    this.close('drain')
  }

  /** Closes it, and lets what is inside be received. */
  [Symbol.asyncDispose](): Promise<void> {
    this.close()
    return done
  }

  stats(): ChannelStats {
    return {
      ...this.#ledger.counts(),
      name: this.name,
      capacity: this.capacity,
      size: this.size,
      waitingToPut: this.#putters.size,
      waitingToGet: this.#getters.size,
      closed: this.closed,
    }
  }

  onReadable(wake: () => void): Unwatch {
    const possible = this.closed || this.#readable()
    const unwatch = this.#readWatchers.watch(wake, possible ? 'possible' : 'later')
    this.#setDue()
    return unwatch
  }

  onWritable(wake: () => void): Unwatch {
    const possible = this.closed || this.#writable()
    return this.#roomWatchers.watch(wake, possible ? 'possible' : 'later')
  }

  /** For `select` and iterators, which bring their own waiters: waits for a value that `tryGet` did not have. */
  enterGet(waiter: GetWaiter<T>, options?: WaitOptions): void {
    if (this.ended) {
      this.#end(waiter)
      return
    }
    this.#getters.enter(waiter, options, this.#scheduler)
    if (waiter.home === null) return
    this.#ledger.tell('get-waits', undefined, this.size)
    if (this.capacity === 0) this.#roomWatchers.wakeAll()
    this.#setDue()
  }

  /** For `select`: waits until the channel takes a value for which `tryPut` had no room. */
  enterPut(waiter: PutWaiter<T>, options?: WaitOptions): void {
    if (this.closed) {
      waiter.lose(this.#closedError())
      return
    }
    this.#putters.enter(waiter, options, this.#scheduler)
    if (waiter.home === null) return
    this.#ledger.tell('put-waits', waiter.value, this.size)
    if (this.capacity === 0) this.#readWatchers.wakeAll()
  }

  /** For iterators: ends every wait of this one. */
  finishGets(owner: object): void {
    for (const waiter of this.#getters) {
      if (!(waiter instanceof NextGet) || waiter.owner !== owner) continue
      waiter.leave()
      waiter.finish()
    }
  }

  #putFull(value: T, options: WaitOptions | undefined): Promise<void> {
    if (this.closed) return Promise.reject(this.#closedError())
    if (this.#whenFull === 'reject') return Promise.reject(new ChannelFull(this.capacity))
    if (this.#whenFull !== 'block') {
      this.offer(value)
      return this.#turn.over()
    }
    const waiter = new PlainPut(value)
    this.enterPut(waiter, options)
    return waiter.answer.promise
  }

  /** Puts a value for which there is room on the shelf. */
  #store(value: T): void {
    this.#shelf.push(value)
    this.#ledger.entered(value, this.#shelf.size)
    if (this.#readWatchers.head !== null && this.#delays === null) this.#readWatchers.wakeAll()
  }

  /** Gives a value to the receiver that has waited longest. */
  #handOver(value: T): void {
    const getter = this.#getters.take()
    getter?.give(value)
    this.#ledger.entered(value, this.#shelf.size)
    this.#ledger.received(value, this.#shelf.size)
  }

  /** The next value from the shelf, or from a sender that waits at a rendezvous. */
  #take(): T | undefined {
    const value = this.#shelf.shift()
    if (value === undefined) return this.capacity === 0 ? this.#takeFromSender() : undefined
    this.#ledger.received(value, this.#shelf.size)
    if (this.#putters.head !== null) this.#admit()
    else if (this.#roomWatchers.head !== null) this.#roomWatchers.wakeAll()
    if (this.ended) this.#endGetters()
    return value
  }

  #takeFromSender(): T | undefined {
    const putter = this.#putters.take()
    if (putter === null) return undefined
    putter.taken()
    this.#ledger.entered(putter.value, 0)
    this.#ledger.received(putter.value, 0)
    return putter.value
  }

  /** Fills the room that a receiver made with the values of those who wait for it. */
  #admit(): void {
    while (this.#shelf.size < this.capacity) {
      const putter = this.#putters.take()
      if (putter === null) return
      try {
        this.#store(putter.value)
      } catch (error) {
        // A priority or delay that cannot be computed is the sender's business, not the receiver's.
        putter.lose(error)
        continue
      }
      putter.taken()
    }
  }

  #replaceOldest(value: T): void {
    const oldest = this.#shelf.shift()
    assert(oldest !== undefined, 'a full line has an oldest')
    this.#store(value)
    this.#ledger.discard(oldest, this.size)
  }

  #replaceNewest(value: T): void {
    const line = this.#line
    const inside = line?.newest()
    assert(line !== null && inside !== undefined, 'only a full line conflates')
    line.replaceNewest(this.#conflate(inside, value))
    this.#ledger.entered(value, this.size)
    this.#ledger.discard(inside, this.size)
  }

  /** Hands out what has become due, as long as somebody waits for it. */
  #serveDue(): void {
    while (this.#getters.head !== null && this.#readable()) {
      const getter = this.#getters.take()
      const value = this.#take()
      assert(value !== undefined, 'what is due can be taken')
      getter?.give(value)
    }
    if (this.#readable()) this.#readWatchers.wakeAll()
    this.#setDue()
  }

  /** Keeps the timer set exactly while somebody waits for a value that is not due. */
  #setDue(): void {
    if (this.#delays === null) return
    const awaited = this.#getters.head !== null || this.#readWatchers.head !== null
    const dueInMs = awaited ? this.#delays.dueInMs() : Number.POSITIVE_INFINITY
    if (dueInMs === Number.POSITIVE_INFINITY) this.#due.cancel()
    else this.#due.set(dueInMs)
  }

  #readable(): boolean {
    if (this.#delays !== null) return this.#delays.dueInMs() === 0
    return this.#shelf.size > 0 || (this.capacity === 0 && this.#putters.head !== null)
  }

  #writable(): boolean {
    return this.#shelf.size < this.capacity || (this.capacity === 0 && this.#getters.head !== null)
  }

  #endGetters(): void {
    for (const getter of this.#getters.takeAll()) this.#end(getter)
  }

  #end(getter: GetWaiter<T>): void {
    if (this.#failure === null) getter.ended('closed', this.#closedError())
    else getter.ended('failed', this.#failure)
  }

  #closedError(): ChannelClosed {
    const why = this.#failure === null ? {} : { cause: this.#failure }
    return new ChannelClosed(`${this.name} is closed`, why)
  }
}

/**
 * The channel between threads: values through a ring of bytes in shared memory, any number of threads at
 * either side. Make it in one thread, send its `handle` to the others by `workerData` or `postMessage`, and
 * attach there: then all have the same channel. Each instance is one party, and belongs to its thread.
 *
 * What is received is a copy. The room is bounded in bytes (`ringBytes`) and, if asked, in values (`capacity`).
 * A value larger than half the ring goes through it in parts while its `put` is pending; `tryPut` refuses it.
 */
import { untilAborted } from '../../base/abort.ts'
import { ChannelIterator } from '../channel-iterator.ts'
import {
  ChannelClosed,
  ChannelMisuse,
  type Duplex,
  type Ending,
  type Joinable,
  type Offer,
  type SelectableReceiver,
  type SelectableSender,
  type Sendable,
  type Unwatch,
  type WaitOptions,
} from '../contract.ts'
import { done } from '../turn.ts'
import {
  type AttachOptions,
  checkShape,
  type KeptPlace,
  keepSeat,
  type PartyOptions,
  type ThreadChannelHandle,
  type ThreadChannelOptions,
  type ThreadChannelStats,
  takeSeat,
} from './channel-handle.ts'
import { Desk, turn } from './desk.ts'
import { Endpoint } from './endpoint.ts'
import { GetSide } from './get-side.ts'
import { JoinSide } from './join-side.ts'
import { PutSide } from './put-side.ts'
import { ending, endingOf, endRing, messages, Ring } from './ring.ts'
import { LARGE } from './ring-write.ts'
import { type Role, roleBit } from './roles.ts'
import { addRoles, READY, reserveFor, type Seat } from './roster.ts'

export class ThreadChannel<T extends Sendable>
  implements Duplex<T>, Joinable, SelectableReceiver<T>, SelectableSender<T>
{
  readonly name: string
  readonly capacity: number
  readonly #memory: SharedArrayBuffer
  readonly #endpoint: Endpoint
  readonly #desk: Desk
  readonly #puts: PutSide
  readonly #gets: GetSide<T>
  readonly #joins: JoinSide

  private constructor(handle: ThreadChannelHandle, seat: Seat, options: PartyOptions) {
    const endpoint = new Endpoint(handle, seat, options)
    this.name = handle.name
    this.capacity = endpoint.ring.capacity || Number.POSITIVE_INFINITY
    this.#memory = handle.memory
    this.#endpoint = endpoint
    this.#desk = new Desk(seat, () => endpoint.lookUp())
    this.#puts = new PutSide(endpoint, this.#desk)
    this.#gets = new GetSide(endpoint, this.#desk)
    this.#joins = new JoinSide(endpoint, this.#desk, this.#gets)
  }

  static create<T extends Sendable>(options: ThreadChannelOptions = {}): ThreadChannel<T> {
    const memory = Ring.allocate(checkShape(options))
    const name = options.name ?? 'thread channel'
    const handle: ThreadChannelHandle = { kind: 'naru/thread-channel', name, memory, seat: null }
    const seat = takeSeat(handle, undefined)
    addRoles(seat.roster, seat.index, roleBit.looksOn)
    return new ThreadChannel<T>(handle, seat, options)
  }

  /** Takes part in a channel made elsewhere: in another thread, or in this one once more. */
  static attach<T extends Sendable>(
    handle: ThreadChannelHandle,
    options: AttachOptions = {},
  ): ThreadChannel<T> {
    if (handle?.kind !== 'naru/thread-channel') throw new ChannelMisuse('this is no channel handle')
    return new ThreadChannel<T>(handle, takeSeat(handle, options.role), options)
  }

  /** What another thread attaches by. It may be sent any number of times. */
  get handle(): ThreadChannelHandle {
    return { kind: 'naru/thread-channel', name: this.name, memory: this.#memory, seat: null }
  }

  /**
   * A handle for one thread that is still to be made, and how to say which it became: then it is missed when it
   * dies, even if it never attaches.
   */
  keepPlace(role: Role): KeptPlace {
    const seat = keepSeat(this.#endpoint.seat.roster, role)
    return {
      handle: { ...this.handle, seat: seat.index },
      isFor: (thread) => reserveFor(seat, thread),
    }
  }

  get size(): number {
    return messages(this.#endpoint.ring)
  }

  get closed(): boolean {
    return endingOf(this.#endpoint.ring) !== ending.open
  }

  get ended(): boolean {
    return this.#endpoint.pullFailure() !== null
  }

  get failure(): Error | null {
    const failure = this.#endpoint.pullFailure() ?? this.#endpoint.pushFailure()
    return failure instanceof ChannelClosed ? null : failure
  }

  put(value: T, options?: WaitOptions): Promise<void> {
    return this.#puts.put(value, options)
  }

  /** False also while another party writes, and while an earlier `put` of this one waits. */
  tryPut(value: T): boolean {
    const result = this.#puts.offer(value)
    if (result !== LARGE) return result === READY
    throw new ChannelMisuse(
      `${this.name} takes a value larger than half its ring by put alone; or raise ringBytes`,
    )
  }

  /** Resolves when no `put` of this party waits any more, whatever became of it. */
  async flushed({ signal }: Pick<WaitOptions, 'signal'> = {}): Promise<void> {
    signal?.throwIfAborted()
    while (this.#puts.waiting > 0) {
      await untilAborted<void>(signal, (resolve) => this.onWritable(resolve))
    }
  }

  /** `tryPut` that tells full from closed. */
  offer(value: T): Offer {
    if (this.tryPut(value)) return 'taken'
    return this.#endpoint.pushFailure() === null ? 'full' : 'closed'
  }

  /** Blocks this thread, which must be a Worker, until the channel has taken the value. */
  putSync(value: T, options?: WaitOptions): void {
    this.#puts.putSync(value, options)
  }

  get(options?: WaitOptions): Promise<T> {
    return this.#gets.get(options)
  }

  tryGet(): T | undefined {
    return this.#gets.tryGet()
  }

  /** Blocks this thread, which must be a Worker, until there is a value. */
  getSync(options?: WaitOptions): T {
    return this.#gets.getSync(options)
  }

  /**
   * Says that a value which this party got is dealt with. Throws `ChannelMisuse` when said more often than it got
   * values.
   */
  taskDone(): void {
    this.#joins.taskDone()
  }

  /**
   * Resolves when `taskDone` has been said for every value that any party put and that was not thrown away. Rejects
   * with `ChannelPeerLost` as soon as that can never be: a party is gone with values that it had got.
   */
  join(options?: WaitOptions): Promise<void> {
    return this.#joins.join(options)
  }

  /** Blocks this thread, which must be a Worker, until all is done. */
  joinSync(options?: WaitOptions): void {
    this.#joins.joinSync(options)
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<T, undefined> {
    return new ChannelIterator<T>(this.#gets.iterated(), turn)
  }

  /** For every party: no value goes in any more; what is inside is received, or thrown away with `now`. */
  close(how: Ending = 'drain'): void {
    const wasClosed = this.closed
    endRing(this.#endpoint.ring, ending[how])
    if (!wasClosed) this.#endpoint.tell?.('close', undefined)
  }

  /**
   * Ends this party's part and leaves the channel to the others. Its calls that wait are refused. Idempotent.
   */
  detach(): void {
    this.#endpoint.retire()
    this.#desk.refresh()
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close()
    return done
  }

  stats(): ThreadChannelStats {
    return {
      name: this.name,
      capacity: this.capacity,
      size: this.size,
      put: this.#puts.count,
      got: this.#gets.count,
      undone: this.#gets.count - this.#joins.count,
      waitingToPut: this.#puts.waiting,
      waitingToGet: this.#gets.waiting,
      closed: this.closed,
    }
  }

  onReadable(wake: () => void): Unwatch {
    return this.#gets.watch(wake)
  }

  onWritable(wake: () => void): Unwatch {
    return this.#puts.watch(wake)
  }
}

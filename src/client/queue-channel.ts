/**
 * A queue of a broker as a channel: the interface of `naru/channels`, over messages that outlive the program.
 * Several channels, in this program or another, may stand on one queue. The channel owns what it has taken ahead
 * and who waits; closing it never closes or empties the queue.
 */
import { MiB } from '../base/bytes.ts'
import type { ChannelEvent } from '../channels/channel-options.ts'
import { Watchers } from '../channels/channel-waiters.ts'
import {
  ChannelClosed,
  ChannelMisuse,
  ChannelPeerLost,
  type Duplex,
  type Ending,
  type Joinable,
  type Ports,
  type SelectableReceiver,
  type SelectableSender,
  type Sendable,
  type Unwatch,
  type WaitOptions,
} from '../channels/contract.ts'
import { tellProgram } from '../channels/told.ts'
import { done } from '../channels/turn.ts'
import { Wakeup } from '../channels/wakeup.ts'
import {
  bodyCodec,
  type ChannelQueue,
  type MessageUnreadable,
  type QueueCodec,
} from './channel-queue.ts'
import { QueueInbox } from './queue-inbox.ts'
import { QueueOutbox } from './queue-outbox.ts'

export interface QueueChannelOptions<T extends Sendable> {
  /** Strings, bytes and what JSON can hold unless told otherwise. */
  readonly codec?: QueueCodec<T>
  /** Messages taken ahead of `get`, which nobody else gets meanwhile. 100 unless told. */
  readonly prefetch?: number
  /**
   * Bytes of messages taken ahead: so many and two messages more at the most. 16 MiB unless told. What was handed over
   * and is not done counts by `prefetch` alone.
   */
  readonly prefetchBytes?: number
  /** `put` waits while so many messages are in the queue, whoever sent them. Infinity unless told. */
  readonly capacity?: number
  /**
   * When a message leaves the queue. `on-get`, unless told: when it is handed over, so that a receiver that dies
   * loses what it was working on. `on-task-done`: when `taskDone` is called, so that somebody else gets it then.
   */
  readonly acks?: 'on-get' | 'on-task-done'
  /**
   * Awaited before a message leaves the queue that the codec cannot read, to put it aside; such a message was not got,
   * and the call that asked rejects with the same error. What it throws ends the channel, and the message goes back.
   */
  readonly onUnreadable?: (error: MessageUnreadable) => Promise<void> | void
  /** Called after every event of this channel, in order; `drop` is a message that cannot be read. It must not throw. */
  readonly trace?: (event: ChannelEvent<T>) => void
}

/** What this channel itself has done; others may stand on the same queue. */
export interface QueueChannelStats {
  readonly name: string
  readonly capacity: number
  /** Messages that nobody has been handed. */
  readonly size: number
  /** Values that the broker took from us, and that we handed over. */
  readonly put: number
  readonly got: number
  /** Messages that could not be read, and left the queue. */
  readonly dropped: number
  /** Values that were handed over and are not done. */
  readonly undone: number
  readonly waitingToPut: number
  readonly waitingToGet: number
  readonly closed: boolean
}

/** Enough to keep a receiver busy while acknowledgements travel, few enough to share with others. */
const prefetchDefault = 100

/** Some milliseconds of work; a hundred of the largest messages would be 12 GiB. */
const prefetchBytesDefault = 16 * MiB

/** Others take from the queue, and do not tell us: while somebody waits for that, we look so often. */
const lookMs = 20

export class QueueChannel<T extends Sendable>
  implements Duplex<T>, Joinable, SelectableReceiver<T>, SelectableSender<T>
{
  readonly name: string
  readonly capacity: number
  readonly #queue: ChannelQueue
  readonly #codec: QueueCodec<T>
  readonly #ports: Ports
  readonly #trace: ((event: ChannelEvent<T>) => void) | null
  readonly #outbox: QueueOutbox
  readonly #inbox: QueueInbox<T>
  readonly #joiners = new Watchers()
  /** Set exactly while somebody waits for what others do. */
  readonly #lookLater: Wakeup
  #isLooking = false
  #state: 'open' | Ending = 'open'
  #failure: Error | null = null
  #putCount = 0

  constructor(queue: ChannelQueue, options: QueueChannelOptions<T>, ports: Ports) {
    const { codec = bodyCodec<T>(), acks = 'on-get', onUnreadable = null } = options
    const { prefetch = prefetchDefault, prefetchBytes = prefetchBytesDefault } = options
    const { capacity = Number.POSITIVE_INFINITY } = options
    checkQueue(queue)
    if (acks !== 'on-get' && acks !== 'on-task-done') {
      throw new ChannelMisuse(`acks is on-get or on-task-done, not ${String(acks)}`)
    }
    checkCount('prefetch', prefetch)
    checkCountOrInfinity('prefetchBytes', prefetchBytes)
    checkCountOrInfinity('capacity', capacity)
    this.name = queue.name
    this.capacity = capacity
    this.#queue = queue
    this.#codec = codec
    this.#ports = ports
    this.#trace = options.trace ?? null
    const onLost = (error: unknown): Error => this.#lost(error)
    this.#outbox = new QueueOutbox(queue, { capacity, onLost }, ports)
    const receiving = {
      prefetch,
      prefetchBytes,
      acks,
      decode: (body: unknown) => codec.decode(body),
      onUnreadable,
      onLost,
      onStuck: (error: unknown) => this.#end(toError(error)),
      tell: (kind: ChannelEvent<T>['kind'], value: T | undefined) => {
        this.#tell(kind, value)
        this.#lookSoon()
      },
    }
    this.#inbox = new QueueInbox<T>(queue, receiving, ports)
    this.#lookLater = new Wakeup(ports.scheduler, () => this.#look())
  }

  /** Messages that nobody has been handed: those in the queue, and those taken ahead by us. */
  get size(): number {
    return this.#queue.readyCount + this.#inbox.size
  }

  get closed(): boolean {
    return this.#state !== 'open'
  }

  get ended(): boolean {
    return this.#inbox.ended
  }

  get failure(): Error | null {
    return this.#failure
  }

  /**
   * Resolves when the message is as safe as the broker's durability says. The options end the wait for room;
   * a message that the broker has taken is taken.
   */
  put(value: T, options?: WaitOptions): Promise<void> {
    if (options?.signal?.aborted === true) return Promise.reject(options.signal.reason)
    try {
      const body = this.#encode(value)
      if (this.closed) return Promise.reject(this.#closedError())
      const taken = (): void => this.#taken(value)
      let sent = this.#outbox.trySend(body)
      if (sent !== null) taken()
      else {
        this.#tell('put-waits', value)
        sent = this.#outbox.wait({ body, taken }, options)
      }
      this.#lookSoon()
      return sent
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Whether the broker has it: not yet whether it is safe. If it never will be, the channel fails. */
  tryPut(value: T): boolean {
    if (this.closed) return false
    const body = this.#encode(value)
    try {
      const sent = this.#outbox.trySend(body)
      sent?.catch(() => {}) // the channel has failed, and says so to whoever asks next
      if (sent !== null) this.#taken(value)
      return sent !== null
    } catch (error) {
      if (error !== this.#failure) throw error
      return false
    }
  }

  get(options?: WaitOptions): Promise<T> {
    return this.#inbox.get(options)
  }

  tryGet(): T | undefined {
    return this.#inbox.tryGet()
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<T, undefined> {
    return this.#inbox.values()
  }

  onReadable(wake: () => void): Unwatch {
    const unwatch = this.#inbox.onReadable(wake)
    this.#lookSoon()
    return unwatch
  }

  onWritable(wake: () => void): Unwatch {
    const unwatch = this.#outbox.onWritable(wake, this.closed ? 'closed' : 'open')
    this.#lookSoon()
    return unwatch
  }

  /**
   * The oldest value that was got and is not done is done, and leaves the queue if `get` has not settled it. Exact
   * where one worker works on one value at a time; workers who overlap have a channel each. Throws `ChannelMisuse`
   * when said more often than values were got.
   */
  taskDone(): void {
    this.#inbox.taskDone()
    this.#lookSoon()
  }

  /** Resolves when every message in the queue, whoever sent or got it, is settled, and every value we got is done. */
  join(options?: WaitOptions): Promise<void> {
    if (options?.signal?.aborted === true) return Promise.reject(options.signal.reason)
    if (this.#failure !== null) return Promise.reject(this.#failure)
    if (this.#isDone()) return done
    const joined = this.#joiners.wait(options, this.#ports.scheduler)
    this.#lookSoon()
    return joined
  }

  /**
   * We send no more. With `drain` what is in the queue can still be received, until a moment comes when it has
   * nothing for us; with `now` we receive no more, and what we took and did not settle goes back. The messages stay.
   */
  close(ending: Ending = 'drain'): void {
    if (this.#state === ending || this.#state === 'now') return
    const wasOpen = this.#state === 'open'
    this.#state = ending
    this.#outbox.close(this.#closedError())
    if (ending === 'now') {
      this.#inbox.stop()
      this.#lookLater.cancel()
      this.#joiners.endAll(this.#closedError())
    } else this.#inbox.drain()
    if (wasOpen) this.#tell('close', undefined)
    this.#lookSoon()
  }

  stats(): QueueChannelStats {
    const { got, unreadable, undone, waiting } = this.#inbox
    return {
      name: this.name,
      capacity: this.capacity,
      size: this.size,
      put: this.#putCount,
      got,
      dropped: unreadable,
      undone,
      waitingToPut: this.#outbox.waiting,
      waitingToGet: waiting,
      closed: this.closed,
    }
  }

  /** Closes it now: all that nobody settled stays in the queue. */
  [Symbol.asyncDispose](): Promise<void> {
    this.close('now')
    return done
  }

  #encode(value: T): unknown {
    if (value === undefined) throw new ChannelMisuse('undefined cannot be sent: it means nothing')
    return this.#codec.encode(value)
  }

  /** The broker has it. */
  #taken(value: T): void {
    this.#putCount++
    this.#tell('put', value)
  }

  #tell(kind: ChannelEvent<T>['kind'], value: T | undefined): void {
    const trace = this.#trace
    if (trace === null) return
    const { name: channel, size } = this
    tellProgram(() => trace({ kind, channel, value, size }), this.#ports.scheduler)
  }

  /** Looks once this turn is over: what we settle is settled then. */
  #lookSoon(): void {
    if (this.#isLooking || this.#state === 'now' || !this.#isAwaited()) return
    this.#isLooking = true
    this.#ports.scheduler.soon(() => {
      this.#isLooking = false
      this.#look()
    })
  }

  #look(): void {
    this.#outbox.look()
    this.#inbox.look()
    if (this.#joiners.size > 0 && this.#isDone()) this.#joiners.wakeAll()
    if (this.#isAwaited()) this.#lookLater.set(lookMs)
    else this.#lookLater.cancel()
  }

  #isAwaited(): boolean {
    if (this.#state === 'now') return false
    if (this.#outbox.isAwaited || this.#joiners.size > 0) return true
    return this.#inbox.isDraining && this.#inbox.isAwaited
  }

  #isDone(): boolean {
    return this.#queue.readyCount + this.#queue.heldCount + this.#inbox.undone === 0
  }

  /** The queue or its broker is gone: what was under way is unknown. Answers what callers are told. */
  #lost(cause: unknown): Error {
    if (this.#failure !== null) return this.#failure
    const why = cause instanceof Error ? cause.message : String(cause)
    const failure = new ChannelPeerLost(`${this.name}: ${why}`, { cause })
    this.#end(failure)
    return failure
  }

  /** Ends it with an error: what is not settled goes back, if there is anything to go back to. */
  #end(failure: Error): void {
    if (this.#state === 'now') return
    const wasOpen = this.#state === 'open'
    this.#failure = failure
    this.#state = 'now'
    this.#lookLater.cancel()
    this.#outbox.close(this.#closedError())
    this.#inbox.fail(failure)
    this.#joiners.endAll(failure)
    if (wasOpen) this.#tell('close', undefined)
  }

  #closedError(): ChannelClosed {
    const why = this.#failure === null ? {} : { cause: this.#failure }
    return new ChannelClosed(`${this.name} is closed`, why)
  }
}

/** A promise of a queue is easily taken for one. */
function checkQueue(queue: ChannelQueue): void {
  if (typeof queue?.trySend === 'function') return
  throw new ChannelMisuse('this is no queue: await what broker.queue answers')
}

function checkCount(name: string, count: number): void {
  if (Number.isSafeInteger(count) && count >= 1) return
  throw new ChannelMisuse(`${name} is a whole number from 1, not ${count}`)
}

function checkCountOrInfinity(name: string, count: number): void {
  if (count !== Number.POSITIVE_INFINITY) checkCount(name, count)
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error), { cause: error })
}

/**
 * The receiving side of a channel over a queue: the messages that were taken ahead, who waits for one, and what was
 * handed over and is not done. It takes the first message when somebody asks for one, and gives back what nobody got.
 */
import { Ring } from '../base/ring.ts'
import { Channel } from '../channels/channel.ts'
import {
  ChannelClosed,
  ChannelMisuse,
  type Ports,
  type Sendable,
  type Unwatch,
  type WaitOptions,
} from '../channels/contract.ts'
import {
  type ChannelQueue,
  MessageUnreadable,
  type QueueConsumption,
  type QueueMessage,
} from './channel-queue.ts'

export interface InboxOptions<T extends Sendable> {
  readonly prefetch: number
  readonly prefetchBytes: number
  readonly acks: 'on-get' | 'on-task-done'
  readonly decode: (body: unknown) => T
  /** Where a message goes that is no value, before it leaves the queue. */
  readonly onUnreadable: ((error: MessageUnreadable) => Promise<void> | void) | null
  /** The queue or its broker is gone. */
  readonly onLost: (error: unknown) => void
  /** What cannot be read could not be put aside either: it goes back with all that is ours. */
  readonly onStuck: (error: unknown) => void
  /** What happened here, for the trace. */
  readonly tell: (kind: 'get' | 'drop' | 'get-waits', value: T | undefined) => void
}

export class QueueInbox<T extends Sendable> {
  readonly #queue: ChannelQueue
  readonly #options: InboxOptions<T>
  readonly #ports: Ports
  /** Taken ahead. Bounded by the prefetch, because nothing in it is settled, and by #aheadBytesMax. */
  readonly #ahead: Channel<QueueMessage>
  #aheadBytes = 0
  /**
   * From so many bytes on nothing more is taken. A third of what may be ahead: as much may come at one time, and as
   * much may wait in the consumption.
   */
  readonly #aheadBytesMax: number
  /** Called when there is room ahead again; set while there is none. */
  #onRoom: (() => void) | null = null
  /** Handed over and not settled, oldest first; stays empty where a hand-over settles. */
  readonly #unsettled = new Ring<QueueMessage>()
  /** Handed over, and nobody has said that it is done. */
  #undone = 0
  /** Messages that are no values and are being put aside. */
  #leaving = 0
  #consumption: QueueConsumption | null = null
  /** Watches that have neither woken nor been ended. */
  #watches = 0
  /** Draining: no more comes than there is. Stopped: what nobody was handed has gone back. */
  #state: 'open' | 'draining' | 'ended' | 'stopped' = 'open'
  /** Values handed over, and messages that were none. */
  got = 0
  unreadable = 0

  constructor(queue: ChannelQueue, options: InboxOptions<T>, ports: Ports) {
    this.#queue = queue
    this.#options = options
    this.#ports = ports
    this.#aheadBytesMax = Math.ceil(options.prefetchBytes / 3)
    const shape = { name: queue.name, capacity: Number.POSITIVE_INFINITY }
    this.#ahead = new Channel<QueueMessage>(shape, ports)
  }

  /** Messages that are here, or on their way. */
  get size(): number {
    return this.#ahead.size + (this.#consumption?.waitingCount ?? 0)
  }

  /** Closed, and all is received. */
  get ended(): boolean {
    return this.#ahead.ended
  }

  /** Calls that wait for a value. */
  get waiting(): number {
    return this.#ahead.stats().waitingToGet
  }

  /** Somebody waits for a message, or for the end. */
  get isAwaited(): boolean {
    return this.#watches > 0 || this.waiting > 0
  }

  get isDraining(): boolean {
    return this.#state === 'draining'
  }

  /** Values that were handed over and are not done. */
  get undone(): number {
    return this.#undone
  }

  get(options: WaitOptions | undefined): Promise<T> {
    this.#begin()
    const isEmpty = this.#ahead.size === 0
    const got = this.#ahead.get(options).then((message) => this.#handOver(message))
    if (isEmpty) this.#tellWait(options)
    return got
  }

  tryGet(): T | undefined {
    this.#begin()
    const message = this.#ahead.tryGet()
    return message === undefined ? undefined : this.#handOver(message)
  }

  values(): AsyncIterableIterator<T, undefined> {
    const messages = this.#ahead[Symbol.asyncIterator]()
    const loop: AsyncIterableIterator<T, undefined> = {
      next: async () => {
        this.#begin()
        const isEmpty = this.#ahead.size === 0
        const next = messages.next()
        if (isEmpty) this.#tellWait(undefined)
        const result = await next
        if (result.done === true) return result
        if (this.#state === 'stopped' && this.#ahead.failure === null) {
          return { value: undefined, done: true }
        }
        return { value: this.#handOver(result.value), done: false }
      },
      return: async () => {
        await messages.return?.()
        return { value: undefined, done: true }
      },
      [Symbol.asyncIterator]: () => loop,
    }
    return loop
  }

  onReadable(wake: () => void): Unwatch {
    this.#begin()
    this.#watches++
    let isWatching = true
    const end = (): void => {
      if (isWatching) this.#watches--
      isWatching = false
    }
    const unwatch = this.#ahead.onReadable(() => {
      end()
      wake()
    })
    return () => {
      end()
      unwatch()
    }
  }

  taskDone(): void {
    if (this.#undone === 0) throw new ChannelMisuse('taskDone, and no value that was got is left')
    this.#undone--
    this.#unsettled.shift()?.ack()
    this.#letGo()
  }

  /** What is there can still be received; `look` finds the end. */
  drain(): void {
    if (this.#state === 'open') this.#state = 'draining'
  }

  /** Nothing more is received, and what was not settled goes back to the queue. */
  stop(): void {
    this.#state = 'stopped'
    this.#ahead.close('now')
    this.#unsettled.clear()
    this.#undone = 0
    this.#leaving = 0
    this.#letGo()
  }

  /** The same, and whoever receives is told why. */
  fail(error: Error): void {
    this.#ahead.fail(error)
    this.stop()
  }

  /** Ends it if it is draining and there is nothing left for us. */
  look(): void {
    if (this.#state !== 'draining' || !this.#isEmpty()) return
    // What was handed out in this turn is on its way to us, and arrives before the next.
    this.#ports.scheduler.soon(() => {
      if (this.#state !== 'draining' || !this.#isEmpty()) return
      this.#state = 'ended'
      this.#ahead.close()
      this.#letGo()
    })
  }

  #hasEnded(): boolean {
    return this.#state === 'ended' || this.#state === 'stopped'
  }

  #isEmpty(): boolean {
    return this.#queue.readyCount === 0 && this.size === 0
  }

  #begin(): void {
    if (this.#consumption !== null || this.#hasEnded()) return
    const { prefetch } = this.#options
    try {
      this.#consumption = this.#queue.consume({ prefetch, prefetchBytes: this.#aheadBytesMax })
      void this.#take(this.#consumption, prefetch)
    } catch (error) {
      this.#options.onLost(error)
    }
  }

  async #take(consumption: QueueConsumption, max: number): Promise<void> {
    try {
      for await (const { messages } of consumption.batches(max)) {
        for (const message of messages) {
          this.#aheadBytes += message.bytes.length
          this.#ahead.tryPut(message)
        }
        if (this.#aheadBytes >= this.#aheadBytesMax) await this.#room()
      }
    } catch (error) {
      this.#options.onLost(error)
    }
  }

  #room(): Promise<void> {
    if (this.#hasEnded()) return Promise.resolve()
    return new Promise((resolve) => {
      this.#onRoom = resolve
    })
  }

  #makeRoom(): void {
    const onRoom = this.#onRoom
    this.#onRoom = null
    onRoom?.()
  }

  /** Nothing was ahead: the call waits, unless it has ended at once. */
  #tellWait(options: WaitOptions | undefined): void {
    if (this.#ahead.ended || options?.timeoutMs === 0 || options?.signal?.aborted === true) return
    this.#options.tell('get-waits', undefined)
  }

  #handOver(message: QueueMessage): T {
    this.#aheadBytes -= message.bytes.length
    if (this.#aheadBytes < this.#aheadBytesMax) this.#makeRoom()
    // It was given to whoever waits, and before he could run it went back with all the others.
    if (this.#state === 'stopped') {
      throw this.#ahead.failure ?? new ChannelClosed(`${this.#queue.name} is closed`)
    }
    const value = this.#read(message)
    this.got++
    this.#undone++
    if (this.#options.acks === 'on-get') message.ack()
    else this.#unsettled.push(message)
    this.#options.tell('get', value)
    return value
  }

  /** What cannot be read was not got: nobody says `taskDone` for it, and it leaves the queue by itself. */
  #read(message: QueueMessage): T {
    let body: unknown = message.bytes
    try {
      body = message.body
      const value = this.#options.decode(body)
      if (value === undefined) throw new TypeError('undefined is none')
      return value
    } catch (cause) {
      const error = new MessageUnreadable(this.#queue.name, body, cause)
      this.unreadable++
      this.#leaving++
      this.#options.tell('drop', undefined)
      void this.#remove(message, error)
      throw error
    }
  }

  async #remove(message: QueueMessage, error: MessageUnreadable): Promise<void> {
    try {
      await this.#options.onUnreadable?.(error)
      message.ack()
    } catch (stuck) {
      this.#options.onStuck(stuck)
    }
    if (this.#leaving > 0) this.#leaving--
    this.#letGo()
  }

  /** Ends the consumption once nothing is ours any more: closing it gives back what is not settled. */
  #letGo(): void {
    if (!this.#hasEnded()) return
    this.#makeRoom()
    if (this.#unsettled.size === 0 && this.#leaving === 0) void this.#consumption?.close()
  }
}

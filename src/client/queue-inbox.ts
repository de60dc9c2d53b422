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
  type Unwatch,
  type WaitOptions,
} from '../channels/contract.ts'
import type { ChannelQueue, QueueConsumption, QueueMessage } from './channel-queue.ts'

export interface InboxOptions {
  readonly prefetch: number
  readonly acks: 'on-get' | 'on-task-done'
  /** The queue or its broker is gone. */
  readonly onLost: (error: unknown) => void
}

export class QueueInbox {
  readonly #queue: ChannelQueue
  readonly #options: InboxOptions
  readonly #ports: Ports
  /** Taken ahead. Bounded by the prefetch, because nothing in it is settled. */
  readonly #ahead: Channel<QueueMessage>
  /** Handed over and not settled, oldest first; stays empty where a hand-over settles. */
  readonly #unsettled = new Ring<QueueMessage>()
  /** Handed over, and nobody has said that it is done. */
  #undone = 0
  #consumption: QueueConsumption | null = null
  /** Watches that have neither woken nor been ended. */
  #watches = 0
  /** Draining: no more comes than there is. Stopped: what nobody was handed has gone back. */
  #state: 'open' | 'draining' | 'ended' | 'stopped' = 'open'

  constructor(queue: ChannelQueue, options: InboxOptions, ports: Ports) {
    this.#queue = queue
    this.#options = options
    this.#ports = ports
    const shape = { name: queue.name, capacity: Number.POSITIVE_INFINITY }
    this.#ahead = new Channel<QueueMessage>(shape, ports)
  }

  get size(): number {
    return this.#ahead.size
  }

  /** Closed, and all is received. */
  get ended(): boolean {
    return this.#ahead.ended
  }

  /** Somebody waits for a message, or for the end. */
  get isAwaited(): boolean {
    return this.#watches > 0 || this.#ahead.stats().waitingToGet > 0
  }

  get isDraining(): boolean {
    return this.#state === 'draining'
  }

  /** Values that were handed over and are not done. */
  get undone(): number {
    return this.#undone
  }

  get(options: WaitOptions | undefined): Promise<unknown> {
    this.#begin()
    return this.#ahead.get(options).then((message) => this.#handOver(message))
  }

  /** The next body, if there is one, in a list of one or none: a body may be anything. */
  tryGet(): readonly unknown[] {
    this.#begin()
    const message = this.#ahead.tryGet()
    return message === undefined ? [] : [this.#handOver(message)]
  }

  bodies(): AsyncIterator<unknown, undefined> {
    const messages = this.#ahead[Symbol.asyncIterator]()
    return {
      next: async () => {
        this.#begin()
        const result = await messages.next()
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
    }
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
    return this.#queue.readyCount === 0 && this.#ahead.size === 0
  }

  #begin(): void {
    if (this.#consumption !== null || this.#hasEnded()) return
    const { prefetch } = this.#options
    try {
      this.#consumption = this.#queue.consume({ prefetch })
      void this.#take(this.#consumption, prefetch)
    } catch (error) {
      this.#options.onLost(error)
    }
  }

  async #take(consumption: QueueConsumption, max: number): Promise<void> {
    try {
      for await (const { messages } of consumption.batches(max)) {
        for (const message of messages) this.#ahead.tryPut(message)
      }
    } catch (error) {
      this.#options.onLost(error)
    }
  }

  #handOver(message: QueueMessage): unknown {
    // It was given to whoever waits, and before he could run it went back with all the others.
    if (this.#state === 'stopped') {
      throw this.#ahead.failure ?? new ChannelClosed(`${this.#queue.name} is closed`)
    }
    this.#undone++
    if (this.#options.acks === 'on-get') message.ack()
    else this.#unsettled.push(message)
    return message.body
  }

  /** Ends the consumption once nothing is ours any more: closing it gives back what is not settled. */
  #letGo(): void {
    if (!this.#hasEnded() || this.#unsettled.size > 0) return
    void this.#consumption?.close()
  }
}

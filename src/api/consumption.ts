/**
 * A Consumption is one consumer of a queue as a program has it: an async iterator of messages, or of batches
 * of those that are there. It holds at most `prefetch` messages that are not settled; closing it gives them
 * back. A large body is read into memory when it comes, and nothing behind it until the program has taken it.
 */
import { EMPTY, KiB, MiB } from '../base/bytes.ts'
import { List } from '../base/list.ts'
import { Ring } from '../base/ring.ts'
import { Consumer, type Receiver } from '../broker/consumer.ts'
import type { Delivery } from '../broker/delivery.ts'
import type { Reading } from '../broker/reading.ts'
import type { Runtime } from '../broker/runtime.ts'
import { FORMAT_PLAIN } from '../machine/message.ts'
import type { Queue } from '../machine/queue.ts'
import { type BodyKind, bodyKindOf } from '../wire/plain/body.ts'
import { textOf } from './body.ts'
import { queueMissing } from './errors.ts'
import { Message, type MessageOwner } from './message.ts'
import type { OpenEnd, OpenEnds } from './open-ends.ts'
import { checkCount } from './options.ts'

export type ConsumeOptions = {
  /** Messages that may be handed out and not settled. 1,000 unless told. */
  readonly prefetch?: number
  /**
   * Bytes of messages that may be here before the program takes them; the one that goes beyond comes still. 16 MiB
   * unless told.
   */
  readonly prefetchBytes?: number
  /** Ends the consumption; what it holds goes back. */
  readonly signal?: AbortSignal
}

export type ConsumptionPlace = {
  readonly runtime: Runtime
  readonly queue: Queue
  readonly ends: OpenEnds
}

const encoder = new TextEncoder()

const prefetchUsual = 1_000 // enough to keep a loop busy while acknowledgements travel; nothing for memory

const prefetchBytesUsual = 16 * MiB // some milliseconds of work; a thousand bodies may be 256 MiB

const slabBytes = 16 * KiB // small bodies share memory: one allocation for many of them

export class Consumption<T = unknown>
  implements AsyncIterableIterator<Message<T>>, Receiver, MessageOwner, OpenEnd, AsyncDisposable
{
  readonly #runtime: Runtime
  readonly #ends: OpenEnds
  readonly #queue: Queue
  readonly #consumer: Consumer
  /** Handed to us, not yet to the program. */
  readonly #ready = new Ring<Message>()
  /** Bytes of what is in #ready, and how many there may be before no more comes. */
  #readyBytes = 0
  readonly #readyBytesMax: number
  /** Everything that is not settled, #ready included. */
  readonly #held = new List<Message>()
  /** One with a large body that the program has not taken; nothing comes behind it. */
  #large: Message | null = null
  /** That one is being read, and not in #ready yet. */
  #isReading = false
  /** What all who wait for a message wait for, and how it is told to them. */
  #coming: Promise<void> | null = null
  #tellComing: (() => void) | null = null
  #ended: Error | 'closed' | null = null
  #slab = EMPTY
  #slabAt = 0
  /** The queue's name as messages have it; made for the first of them, because most consumers wait. */
  #keyBytes = EMPTY
  readonly #signal: AbortSignal | undefined
  readonly #abort = (): void => {
    this.#end('closed')
  }

  constructor(place: ConsumptionPlace, options: ConsumeOptions) {
    const { ends, queue, runtime } = place
    const { prefetch = prefetchUsual, prefetchBytes = prefetchBytesUsual } = options
    checkCount('prefetch', prefetch)
    checkCount('prefetchBytes', prefetchBytes)
    this.#readyBytesMax = prefetchBytes
    this.#runtime = runtime
    this.#ends = ends
    ends.add(this)
    this.#queue = queue
    this.#signal = options.signal
    this.#consumer = new Consumer(this, 'by-consumer', prefetch)
    options.signal?.addEventListener('abort', this.#abort, { once: true })
    if (options.signal?.aborted === true) this.#end('closed')
    else runtime.join(queue, this.#consumer)
  }

  /** Messages that were handed to us, and not yet to the program. */
  get waitingCount(): number {
    return this.#ready.size + (this.#isReading ? 1 : 0)
  }

  /** The next message; done when it was closed. */
  async next(): Promise<IteratorResult<Message<T>, undefined>> {
    while (this.#isWaiting()) await this.#arrival()
    const message = this.#take()
    if (message !== undefined) return { value: message as Message<T>, done: false }
    if (this.#ended instanceof Error) throw this.#ended
    return { value: undefined, done: true }
  }

  async return(): Promise<IteratorResult<Message<T>, undefined>> {
    await this.close()
    return { value: undefined, done: true }
  }

  /** The messages that are there, as soon as there is one, `max` at most. */
  async *batches(max: number): AsyncGenerator<MessageBatch<T>> {
    try {
      checkCount('messagesMax', max)
      for (;;) {
        while (this.#isWaiting()) await this.#arrival()
        if (this.#ended instanceof Error) throw this.#ended
        if (this.#ready.size === 0) return
        const messages: Message<T>[] = []
        while (this.#ready.size > 0 && messages.length < max) {
          messages.push(this.#take() as Message<T>)
        }
        yield new MessageBatch(messages)
      }
    } finally {
      await this.close()
    }
  }

  /** Takes no more, and gives back what was not settled. Idempotent. */
  close(): Promise<void> {
    this.#end('closed')
    return Promise.resolve()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  deliver(delivery: Delivery): void {
    const { bodySize, format } = delivery
    const plain = format === FORMAT_PLAIN && delivery.propertiesSize > 0
    const kind: BodyKind = plain ? bodyKindOf(delivery.bytes[delivery.propertiesAt]!) : 'bytes'
    const { reading } = delivery
    const bytes =
      reading === null
        ? this.#copy(delivery.bytes, delivery.bodyAt, bodySize)
        : new Uint8Array(bodySize)
    const message = new Message(this, { bytes, kind, key: this.#keyOf(delivery) }, delivery)
    this.#held.push(message)
    if (reading === null) this.#arrived(message)
    else {
      this.#large = message
      this.#isReading = true
      this.#pace()
      void this.#read(message, reading)
    }
  }

  cancelled(): void {
    while (this.#held.size > 0) this.#held.shift()
    this.#end(queueMissing(this.#queue.name))
  }

  stop(error: Error): void {
    this.#end(error)
  }

  acknowledge(message: Message): void {
    if (message.list !== this.#held) return
    this.#held.remove(message)
    this.#runtime.settle(this.#queue, message.sequence, 1)
    this.#hasRoom()
  }

  giveBack(message: Message): void {
    if (message.list !== this.#held) return
    this.#held.remove(message)
    this.#runtime.giveBack(this.#queue, message.sequence, 1, 1)
    this.#hasRoom()
  }

  #arrived(message: Message): void {
    this.#isReading = false
    this.#ready.push(message)
    this.#readyBytes += message.bytes.length
    if (this.#readyBytes >= this.#readyBytesMax) this.#pace()
    if (this.#tellComing !== null) this.#wake()
  }

  /** Fills in a large body. What was settled or given back meanwhile, because we ended, nobody sees. */
  async #read(message: Message, reading: Reading): Promise<void> {
    try {
      for (let at = 0; !reading.isDone && message === this.#large; reading.advance()) {
        let piece = reading.peek()
        while (piece === null) {
          await reading.load().catch((error: unknown) => this.#readLater(message, error))
          piece = reading.peek()
        }
        const { bytes, bodyAt, bodySize } = piece
        message.bytes.set(bytes.subarray(bodyAt, bodyAt + bodySize), at)
        at += bodySize
      }
      if (message === this.#large) this.#arrived(message)
    } catch (error) {
      // Of a consumption that has ended nobody waits for it; otherwise what is kept is damaged.
      if (message === this.#large) this.#runtime.fail(error)
    } finally {
      reading.close()
    }
  }

  /** Resolves when it is worth another try. Throws when there will be none, or nobody waits for it. */
  #readLater(message: Message, error: unknown): Promise<void> {
    return new Promise((resolve, reject) => {
      const isWanted = (): boolean => message === this.#large
      const again = (): void => (isWanted() ? resolve() : reject(error))
      if (!isWanted() || !this.#runtime.readFailures.retry(error, again)) reject(error)
    })
  }

  #take(): Message | undefined {
    const message = this.#ready.shift()
    if (message === undefined) return undefined
    this.#readyBytes -= message.bytes.length
    if (message === this.#large) this.#large = null
    if (this.#consumer.paused) this.#pace()
    return message
  }

  /** Lets nothing come behind a large body, nor while there is too much here; then half of it must go first. */
  #pace(): void {
    const consumer = this.#consumer
    const wasPaused = consumer.paused
    const bytesMax = wasPaused ? this.#readyBytesMax / 2 : this.#readyBytesMax - 1
    consumer.paused = this.#large !== null || this.#readyBytes > bytesMax
    if (wasPaused && !consumer.paused) this.#runtime.wake(this.#queue)
  }

  #hasRoom(): void {
    const consumer = this.#consumer
    const wasStarved = consumer.credit <= 0
    consumer.credit++
    if (wasStarved) this.#runtime.wake(this.#queue)
  }

  /** Small bodies lie side by side in one slab; a large one has memory of its own. */
  #copy(from: Uint8Array, at: number, size: number): Uint8Array {
    if (size * 4 > slabBytes) return from.slice(at, at + size)
    if (this.#slabAt + size > this.#slab.length) {
      this.#slab = new Uint8Array(slabBytes)
      this.#slabAt = 0
    }
    const start = this.#slabAt
    this.#slabAt += size
    const slab = this.#slab
    for (let index = 0; index < size; index++) slab[start + index] = from[at + index]!
    return slab.subarray(start, start + size)
  }

  /** Nearly always the queue's own name, which needs no decoding. */
  #keyOf(delivery: Delivery): string {
    const { bytes, headAt } = delivery
    const sizeAt = headAt + 1 + bytes[headAt]!
    const size = bytes[sizeAt]!
    if (this.#keyBytes === EMPTY) this.#keyBytes = encoder.encode(this.#queue.name)
    const own = this.#keyBytes
    let same = size === own.length
    for (let index = 0; same && index < size; index++)
      same = bytes[sizeAt + 1 + index] === own[index]
    return same ? this.#queue.name : textOf(bytes.subarray(sizeAt + 1, sizeAt + 1 + size))
  }

  /** What the program never saw does not count as a delivery. */
  #returnHeld(unseen: ReadonlySet<Message>): void {
    for (let held = this.#held.shift(); held !== null; held = this.#held.shift()) {
      this.#runtime.giveBack(this.#queue, held.sequence, 1, unseen.has(held) ? 0 : 1)
    }
  }

  #isWaiting(): boolean {
    return this.#ready.size === 0 && this.#ended === null
  }

  /** Whoever has asked first looks first, and who finds nothing left waits again. */
  #arrival(): Promise<void> {
    this.#coming ??= new Promise((resolve) => {
      this.#tellComing = resolve
    })
    return this.#coming
  }

  #wake(): void {
    const tell = this.#tellComing
    this.#tellComing = null
    this.#coming = null
    tell?.()
  }

  #end(why: Error | 'closed'): void {
    if (this.#ended !== null) return
    this.#ended = why
    this.#ends.delete(this)
    this.#signal?.removeEventListener('abort', this.#abort)
    const unseen = new Set(this.#ready)
    if (this.#large !== null) unseen.add(this.#large)
    this.#large = null
    this.#isReading = false
    this.#ready.clear()
    this.#readyBytes = 0
    if (!this.#queue.deleted) {
      this.#runtime.leave(this.#queue, this.#consumer)
      this.#returnHeld(unseen)
    }
    this.#wake()
  }
}

/** Messages that were there together. */
export class MessageBatch<T> {
  readonly messages: readonly Message<T>[]

  constructor(messages: readonly Message<T>[]) {
    this.messages = messages
  }

  /** Acknowledges all of them. */
  ack(): void {
    for (const message of this.messages) message.ack()
  }
}

/** A queue as a program has it: send, consume, look, purge, delete. Many may be open on the same queue. */
import { unlessAborted, untilAborted } from '../base/abort.ts'
import type { Arrival } from '../broker/arrival.ts'
import { HELD } from '../broker/room.ts'
import type { Runtime } from '../broker/runtime.ts'
import { type DurabilityMode, durabilityIn } from '../machine/durability.ts'
import { Content, FORMAT_PLAIN, NO_TTL } from '../machine/message.ts'
import type { Queue } from '../machine/queue.ts'
import { isRefusal } from '../machine/refusal.ts'
import type { Route } from '../machine/route.ts'
import { propertiesOfKind } from '../wire/plain/body.ts'
import { type Body, BodyEncoder } from './body.ts'
import {
  type ConsumeOptions,
  Consumption,
  type ConsumptionPlace,
  type MessageBatch,
} from './consumption.ts'
import type { Durable } from './durable.ts'
import { BrokerError, closed, errorOf, queueMissing, SendAborted } from './errors.ts'
import {
  AS_USUAL,
  checkCount,
  checkOptions,
  checkSignal,
  checkTime,
  signalOf,
  type WaitOptions,
} from './options.ts'
import { roomIn } from './room.ts'

export type QueueOptions = {
  /** Whether it is there after a restart, and its messages with it. True unless told otherwise. */
  readonly durable?: boolean
  /** Deleted with its last consumer. */
  readonly autoDelete?: boolean
  /**
   * How safe a message is when `send` resolves: `fsync` (on the disk), `os` (given to the operating system) or `memory`
   * (transient, whatever it asks for). The broker's own unless told otherwise.
   */
  readonly durability?: DurabilityMode
  /** How long a message may wait in it at most, as `ttlMs` of `send` says of one; the shorter of both counts. */
  readonly messageTtlMs?: number
  /** Ends the wait for the declaration: it was not made if it waited for room, else it may be there. */
  readonly signal?: AbortSignal
}

export type SendOptions = {
  /** Whether a durable queue keeps the message across a restart. `persistent` unless told otherwise. */
  readonly persistence?: 'persistent' | 'transient'
  /**
   * How long it may wait for a consumer, in whole milliseconds up to ten years, before it is dropped. That happens at
   * the head of the queue: behind another it stays, until it gets there. 0: it goes to whoever waits, or to nobody.
   */
  readonly ttlMs?: number
  /**
   * Ends the wait. Aborted before the call, or while it waits for room, nothing was sent. What the queue has taken
   * cannot be taken back: aborted while the disk has it not yet, the call rejects, and the message may be there.
   */
  readonly signal?: AbortSignal
}

/** Messages that are sent one behind the other when there is room. */
type Sending<T> = {
  readonly bodies: readonly (T & Body)[]
  readonly options: SendOptions
  /** So many of them the queue has taken: counted in the very moment, for whoever aborts. */
  sentCount: number
}

export class BrokerQueue<T = unknown> {
  readonly name: string
  readonly #place: ConsumptionPlace
  readonly #runtime: Runtime
  readonly #queue: Queue
  readonly #durable: Durable
  readonly #encoder = new BodyEncoder()
  readonly #content = new Content()
  #route: Route
  /** Of the message that was published last; 0 for one that waits for nothing. */
  #ticket = 0
  /** Sends that found no room wait for their turn here. */
  #turn: Promise<void> | null = null

  constructor(place: ConsumptionPlace, durable: Durable) {
    const { queue, runtime } = place
    this.#place = place
    this.name = queue.name
    this.#runtime = runtime
    this.#queue = queue
    this.#durable = durable
    this.#content.format = FORMAT_PLAIN
    this.#route = this.#newRoute()
  }

  /** How safe a message is when `send` resolves. */
  get durability(): DurabilityMode {
    return durabilityIn(this.#runtime.durability, this.#queue.options)
  }

  /** Messages that nobody holds. */
  get readyCount(): number {
    return this.#queue.readyCount
  }

  /** Messages that somebody holds and has not settled. */
  get heldCount(): number {
    return this.#queue.heldCount
  }

  get consumerCount(): number {
    return this.#runtime.consumerCount(this.#queue)
  }

  /** Resolves when the message is as safe as `durability` says. Waits while there is no room. */
  send(body: T & Body, options: SendOptions = AS_USUAL): Promise<void> {
    checkSend(options, this.#runtime.limits.ttlMsMax)
    const { signal } = options
    if (signal === undefined) return this.#send(body, options)
    return this.#sendUntil(signal, body, options)
  }

  /**
   * Sends it if there is room right now: a promise of its safety, or null where it was not taken. A body in fragments
   * is taken when its turn is now, and waits for the rest of its room by itself.
   */
  trySend(body: T & Body, options: SendOptions = AS_USUAL): Promise<void> | null {
    checkSend(options, this.#runtime.limits.ttlMsMax)
    const { signal } = options
    if (signal?.aborted === true) return Promise.reject(signal.reason)
    // Whoever waits for room came first.
    if (this.#turn !== null) return null
    const ticket = this.#publish(body, options)
    if (ticket === HELD) return null
    const isLarge = ticket === LARGE
    const sent = isLarge ? this.#sendLater(sendingOf(body, options)) : this.#durable.after(ticket)
    return signal === undefined ? sent : orAborted(signal, sent)
  }

  /** Resolves when `trySend`, which has just had no room, is worth another try: another may be faster. */
  async room(options: WaitOptions = AS_USUAL): Promise<void> {
    const signal = signalOf('room', options)
    await unlessAborted(signal, () => this.#turn ?? this.#room(signal))
  }

  /**
   * Sends all of them, in this order; resolves when the last one is safe. Aborted when some were sent, it rejects with
   * SendAborted, which says how many; when none was, with the signal's reason.
   */
  sendMany(bodies: readonly (T & Body)[], options: SendOptions = AS_USUAL): Promise<void> {
    checkSend(options, this.#runtime.limits.ttlMsMax)
    if (options.signal !== undefined) return this.#sendManyUntil(options.signal, bodies, options)
    const sentCount = this.#sendNow(bodies, options)
    if (sentCount === bodies.length) return this.#durable.after(this.#ticket)
    return this.#sendLater({ bodies, options, sentCount })
  }

  /** Messages, one after the other; ask `batches` of it for many at once. */
  consume(options: ConsumeOptions = {}): Consumption<T> {
    this.#check()
    checkOptions('consume', options, consumeOptions)
    checkSignal(options.signal)
    return new Consumption<T>(this.#place, options)
  }

  /** Messages as they are there, up to `messagesMax` at a time. */
  consumeBatches(
    options: ConsumeOptions & { readonly messagesMax?: number } = {},
  ): AsyncGenerator<MessageBatch<T>> {
    this.#check()
    checkOptions('consumeBatches', options, [...consumeOptions, 'messagesMax'])
    checkSignal(options.signal)
    const { messagesMax = messagesUsual } = options
    checkCount('messagesMax', messagesMax)
    return new Consumption<T>(this.#place, options).batches(messagesMax)
  }

  /**
   * Removes the messages that nobody holds; answers how many, when that is durable. They go at once: an abort ends the
   * wait for the disk, and nothing else.
   */
  async purge(options: WaitOptions = AS_USUAL): Promise<number> {
    const signal = signalOf('purge', options)
    this.#check()
    return unlessAborted(signal, () => this.#runtime.declare.purge(this.#queue))
  }

  /**
   * The queue and its messages go; its consumers end with QueueMissing. Aborted while it waits for room, it stays;
   * later it is gone.
   */
  async delete(options: WaitOptions = AS_USUAL): Promise<void> {
    const signal = signalOf('delete', options)
    const answer = await unlessAborted(signal, async () =>
      this.#queue.deleted
        ? null
        : this.#runtime.declare.deleteQueue(this.#queue, undefined, signal),
    )
    if (answer !== null && isRefusal(answer)) throw errorOf(answer)
  }

  #send(body: T & Body, options: SendOptions): Promise<void> {
    if (this.#turn === null) {
      const ticket = this.#publish(body, options)
      if (ticket >= 0) return this.#durable.after(ticket)
    }
    return this.#sendLater(sendingOf(body, options))
  }

  /** By itself, because a closure costs every call of the function that it stands in. */
  #sendUntil(signal: AbortSignal, body: T & Body, options: SendOptions): Promise<void> {
    return unlessAborted(signal, () => this.#send(body, options))
  }

  /** Sends what there is room for right now; answers how many they were. Their last ticket stays in #ticket. */
  #sendNow(bodies: readonly (T & Body)[], options: SendOptions): number {
    this.#ticket = 0
    // Whoever waits for room came first.
    if (this.#turn !== null) return 0
    for (let sentCount = 0; sentCount < bodies.length; sentCount++) {
      const answer = this.#publish(bodies[sentCount]!, options)
      if (answer < 0) return sentCount
      this.#ticket = answer
    }
    return bodies.length
  }

  async #sendManyUntil(
    signal: AbortSignal,
    bodies: readonly (T & Body)[],
    options: SendOptions,
  ): Promise<void> {
    const sending: Sending<T> = { bodies, options, sentCount: 0 }
    const count = bodies.length
    try {
      await unlessAborted(signal, () => {
        sending.sentCount = this.#sendNow(bodies, options)
        const isDone = sending.sentCount === count
        return isDone ? this.#durable.after(this.#ticket) : this.#sendLater(sending)
      })
    } catch (error) {
      if (sending.sentCount === 0 || !signal.aborted || error !== signal.reason) throw error
      throw new SendAborted(sending.sentCount, count, error)
    }
  }

  /** The ticket, or HELD, or LARGE. */
  #publish(body: T & Body, options: SendOptions): number {
    this.#check()
    const { bodyBytes, bodyBytesMax } = this.#runtime.limits
    const encoder = this.#encoder
    encoder.encode(body)
    if (encoder.size > bodyBytes) {
      if (encoder.size <= bodyBytesMax) return LARGE
      const sentence = `a body of ${encoder.size} bytes; ${bodyBytesMax} are the most`
      throw new BrokerError('BODY_TOO_LARGE', sentence)
    }
    if (this.#route.stale) this.#route = this.#newRoute()
    const content = this.#content
    content.properties = propertiesOfKind[encoder.kind]
    content.propertiesSize = content.properties.length
    content.body = encoder.bytes
    content.bodySize = encoder.size
    content.ttlMs = options.ttlMs ?? NO_TTL
    return this.#runtime.publish(this.#route, content, options.persistence ?? 'persistent')
  }

  /** The body that was just encoded, in fragments, as room comes; counts it as sent. Answers the ticket. */
  async #publishLarge(sending: Sending<T>): Promise<number> {
    const { persistence = 'persistent', signal, ttlMs = NO_TTL } = sending.options
    const { arrivals } = this.#runtime
    const bytes = this.#encoder.kept()
    const { kind } = this.#encoder
    const arrival = arrivals.open({ sizeBytes: bytes.length, persistence, bringer: null })
    try {
      if (!arrival.isLetIn) await this.#turnOf(arrival, signal)
      for (let at = 0; at < bytes.length; ) {
        at += arrival.put(bytes, at, bytes.length - at)
        if (at < bytes.length) await this.#room(signal)
      }
      for (;;) {
        if (this.#route.stale) this.#route = this.#newRoute()
        const content = this.#content
        content.properties = propertiesOfKind[kind]
        content.propertiesSize = content.properties.length
        content.ttlMs = ttlMs
        const ticket = arrivals.publish(this.#route, content, arrival)
        if (ticket !== HELD) {
          sending.sentCount++
          return ticket
        }
        await this.#room(signal)
      }
    } finally {
      arrival.close()
    }
  }

  /** In the order of asking: whoever comes later waits for whoever waits already. */
  async #sendLater(sending: Sending<T>): Promise<void> {
    const turn = this.#sendInTurn(sending, this.#turn)
    const settled = turn.then(
      () => undefined,
      () => undefined,
    )
    this.#turn = settled
    let ticket = 0
    try {
      ticket = await turn
    } finally {
      if (this.#turn === settled) this.#turn = null
    }
    await this.#durable.after(ticket)
  }

  /** Whoever was aborted before his turn came lets it pass. Answers the last ticket. */
  async #sendInTurn(sending: Sending<T>, before: Promise<void> | null): Promise<number> {
    const { bodies, options } = sending
    await before
    let ticket = 0
    while (sending.sentCount < bodies.length) {
      options.signal?.throwIfAborted()
      ticket = this.#publish(bodies[sending.sentCount]!, options)
      if (ticket === LARGE) ticket = await this.#publishLarge(sending)
      else if (ticket === HELD) await this.#room(options.signal)
      else sending.sentCount++
    }
    return ticket
  }

  /** Throws when it will not come. Aborted, it leaves the line at once. */
  async #turnOf(arrival: Arrival, signal: AbortSignal | undefined): Promise<void> {
    await untilAborted<void>(signal, (resolve) => {
      arrival.whenLetIn(resolve)
      return () => arrival.close()
    })
    signal?.throwIfAborted()
    this.#check()
  }

  /** Throws when there will be none. */
  async #room(signal?: AbortSignal): Promise<void> {
    await roomIn(this.#runtime, signal)
    this.#check()
  }

  #check(): void {
    if (this.#runtime.failure !== null) throw closed()
    if (this.#queue.deleted) throw queueMissing(this.name)
  }

  #newRoute(): Route {
    const namespace = this.#runtime.namespace(this.#queue.namespace)
    if (namespace === undefined) throw closed()
    const route = this.#runtime.route(namespace, '', this.name)
    if (isRefusal(route)) throw errorOf(route)
    return route
  }
}

/** In place of a ticket: the body comes in fragments, which takes its time. */
const LARGE = -2

const sendOptions = ['persistence', 'ttlMs', 'signal']

const consumeOptions = ['prefetch', 'prefetchBytes', 'signal']

/** By itself, for the same reason. */
function orAborted(signal: AbortSignal, sent: Promise<void>): Promise<void> {
  return unlessAborted(signal, () => sent)
}

function sendingOf<T>(body: T & Body, options: SendOptions): Sending<T> {
  return { bodies: [body], options, sentCount: 0 }
}

function checkSend(options: SendOptions, timeMsMax: number): void {
  if (options === AS_USUAL) return
  checkOptions('send', options, sendOptions)
  checkSignal(options.signal)
  const { persistence, ttlMs } = options
  checkTime('ttlMs', ttlMs, timeMsMax)
  if (persistence === undefined || persistence === 'persistent' || persistence === 'transient')
    return
  const sentence = `persistence is 'persistent' or 'transient', not '${String(persistence)}'`
  throw new BrokerError('REFUSED', sentence)
}

const messagesUsual = 1_000 // as many as a consumption prefetches

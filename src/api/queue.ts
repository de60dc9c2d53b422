/** A queue as a program has it: send, consume, look, purge, delete. Many may be open on the same queue. */
import type { Arrival } from '../broker/arrival.ts'
import { HELD } from '../broker/room.ts'
import type { Runtime } from '../broker/runtime.ts'
import { Content, FORMAT_PLAIN } from '../machine/message.ts'
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
import { BrokerError, closed, errorOf, queueMissing } from './errors.ts'
import { checkCount, checkOptions } from './options.ts'

export type QueueOptions = {
  /** Whether it is there after a restart, and its messages with it. True unless told otherwise. */
  readonly durable?: boolean
  /** Deleted with its last consumer. */
  readonly autoDelete?: boolean
}

export type SendOptions = {
  /** Whether a durable queue keeps the message across a restart. `persistent` unless told otherwise. */
  readonly persistence?: 'persistent' | 'transient'
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

  /** Resolves when the message is as safe as the broker's durability says. Waits while there is no room. */
  send(body: T & Body, options: SendOptions = AS_USUAL): Promise<void> {
    checkSend(options)
    if (this.#turn === null) {
      const ticket = this.#publish(body, options)
      if (ticket >= 0) return this.#durable.after(ticket)
    }
    return this.#sendLater([body], 0, options)
  }

  /**
   * Sends it if there is room right now: a promise of its safety, or null where it was not taken. A body in fragments
   * is taken when its turn is now, and waits for the rest of its room by itself.
   */
  trySend(body: T & Body, options: SendOptions = AS_USUAL): Promise<void> | null {
    checkSend(options)
    // Whoever waits for room came first.
    if (this.#turn !== null) return null
    const ticket = this.#publish(body, options)
    if (ticket === LARGE) return this.#sendLater([body], 0, options)
    return ticket === HELD ? null : this.#durable.after(ticket)
  }

  /** Resolves when `trySend`, which has just had no room, is worth another try: another may be faster. */
  room(): Promise<void> {
    return this.#turn ?? this.#room()
  }

  /** Sends all of them, in this order; resolves when the last one is safe. */
  sendMany(bodies: readonly (T & Body)[], options: SendOptions = AS_USUAL): Promise<void> {
    checkSend(options)
    let sent = 0
    let ticket = 0
    if (this.#turn === null) {
      for (; sent < bodies.length; sent++) {
        const answer = this.#publish(bodies[sent]!, options)
        if (answer < 0) break
        ticket = answer
      }
    }
    if (sent === bodies.length) return this.#durable.after(ticket)
    return this.#sendLater(bodies, sent, options)
  }

  /** Messages, one after the other; ask `batches` of it for many at once. */
  consume(options: ConsumeOptions = {}): Consumption<T> {
    this.#check()
    checkOptions('consume', options, consumeOptions)
    return new Consumption<T>(this.#place, options)
  }

  /** Messages as they are there, up to `messagesMax` at a time. */
  consumeBatches(
    options: ConsumeOptions & { readonly messagesMax?: number } = {},
  ): AsyncGenerator<MessageBatch<T>> {
    this.#check()
    checkOptions('consumeBatches', options, [...consumeOptions, 'messagesMax'])
    const { messagesMax = messagesUsual } = options
    checkCount('messagesMax', messagesMax)
    return new Consumption<T>(this.#place, options).batches(messagesMax)
  }

  /** Removes the messages that nobody holds; answers how many, when that is durable. */
  async purge(): Promise<number> {
    this.#check()
    return this.#runtime.declare.purge(this.#queue)
  }

  /** The queue and its messages go; its consumers end with QueueMissing. */
  async delete(): Promise<void> {
    if (this.#queue.deleted) return
    const answer = await this.#runtime.declare.deleteQueue(this.#queue)
    if (isRefusal(answer)) throw errorOf(answer)
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
    return this.#runtime.publish(this.#route, content, options.persistence ?? 'persistent')
  }

  /** The body that was just encoded, in fragments, as room comes. Answers the ticket. */
  async #publishLarge({ persistence = 'persistent' }: SendOptions): Promise<number> {
    const { arrivals } = this.#runtime
    const bytes = this.#encoder.kept()
    const { kind } = this.#encoder
    const arrival = arrivals.open({ sizeBytes: bytes.length, persistence, bringer: null })
    try {
      if (!arrival.isLetIn) await this.#turnOf(arrival)
      for (let at = 0; at < bytes.length; ) {
        at += arrival.put(bytes, at, bytes.length - at)
        if (at < bytes.length) await this.#room()
      }
      for (;;) {
        if (this.#route.stale) this.#route = this.#newRoute()
        const content = this.#content
        content.properties = propertiesOfKind[kind]
        content.propertiesSize = content.properties.length
        const ticket = arrivals.publish(this.#route, content, arrival)
        if (ticket !== HELD) return ticket
        await this.#room()
      }
    } finally {
      arrival.close()
    }
  }

  /** In the order of asking: whoever comes later waits for whoever waits already. */
  async #sendLater(
    bodies: readonly (T & Body)[],
    from: number,
    options: SendOptions,
  ): Promise<void> {
    const before = this.#turn
    let ticket = 0
    const turn = (async () => {
      await before
      for (let index = from; index < bodies.length; ) {
        ticket = this.#publish(bodies[index]!, options)
        if (ticket === LARGE) ticket = await this.#publishLarge(options)
        if (ticket === HELD) await this.#room()
        else index++
      }
    })()
    const settled = turn.then(
      () => undefined,
      () => undefined,
    )
    this.#turn = settled
    try {
      await turn
    } finally {
      if (this.#turn === settled) this.#turn = null
    }
    await this.#durable.after(ticket)
  }

  /** Throws when it will not come. */
  async #turnOf(arrival: Arrival): Promise<void> {
    await new Promise<void>((resolve) => arrival.whenLetIn(resolve))
    this.#check()
  }

  /** Throws when there will be none. */
  async #room(): Promise<void> {
    await new Promise<void>((resolve) => this.#runtime.whenRoom(resolve))
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

const consumeOptions = ['prefetch', 'prefetchBytes', 'signal']

/** One object: who says nothing has nothing to be checked. */
const AS_USUAL: SendOptions = {}

function checkSend(options: SendOptions): void {
  if (options === AS_USUAL) return
  checkOptions('send', options, ['persistence'])
  const { persistence } = options
  if (persistence === undefined || persistence === 'persistent' || persistence === 'transient')
    return
  const sentence = `persistence is 'persistent' or 'transient', not '${String(persistence)}'`
  throw new BrokerError('REFUSED', sentence)
}

const messagesUsual = 1_000 // as many as a consumption prefetches

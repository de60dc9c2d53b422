/** A client that publishes, persistent and transient messages, to one and to many queues, and counts confirms. */
import assert from 'node:assert/strict'
import { below, pick } from '../../src/base/random.ts'
import type { Arrival } from '../../src/broker/arrival.ts'
import type { Persistence } from '../../src/broker/publisher.ts'
import { HELD } from '../../src/broker/room.ts'
import { Content, NO_TTL } from '../../src/machine/message.ts'
import type { Queue } from '../../src/machine/queue.ts'
import { isRefusal } from '../../src/machine/refusal.ts'
import type { Route } from '../../src/machine/route.ts'
import type { HistoryMessage } from '../sim/history.ts'
import { bodyOf } from './bodies.ts'
import { limitOf, ttlOf } from './limited.ts'
import type { Client, Session } from './session.ts'
import { isLoose, namespaceOf, type ROUTES } from './topology.ts'
import type { Witness } from './witness.ts'

type Pending = {
  readonly ticket: number
  readonly messages: readonly HistoryMessage[]
  /** Whether it is kept when the power goes. */
  readonly promise: 'firm' | 'loose'
}

/** How many messages go where. */
export type Publishing = { readonly messages: number; readonly routes: typeof ROUTES }

function publishWhole(
  { runtime }: Session,
  message: {
    readonly route: Route
    readonly content: Content
    readonly persistence: Persistence
    readonly arrival: Arrival | null
  },
): number {
  const { route, content, persistence, arrival } = message
  if (arrival === null) return runtime.publish(route, content, persistence)
  return runtime.arrivals.publish(route, content, arrival)
}

const BURST_MAX = 9 // at once: enough for two commits of the tiny journal

export class Publisher implements Client {
  readonly name: string
  readonly #witness: Witness
  readonly #routes: typeof ROUTES
  #left: number
  #counter = 0
  /** Not confirmed yet, by this run of the broker. Ascending by ticket. */
  #pending: Pending[] = []

  constructor(name: string, { messages, routes }: Publishing, witness: Witness) {
    this.name = name
    this.#left = messages
    this.#routes = routes
    this.#witness = witness
  }

  get isDone(): boolean {
    return this.#left === 0
  }

  async serve(session: Session): Promise<void> {
    this.#pending = []
    while (!this.isDone && !session.isEnding) {
      const burst = Math.min(this.#left, 1 + below(session.random, BURST_MAX))
      for (let count = 0; count < burst && !session.isEnding; count++) await this.#publish(session)
      await session.sleep(below(session.random, 40) / 8)
    }
    while (this.#pending.length > 0) await session.sleep(1)
  }

  async #publish(session: Session): Promise<void> {
    const { random, runtime } = session
    const counter = this.#counter++
    const body = bodyOf({ producer: this.name, counter }, random)
    const persistence = below(random, 2) === 0 ? 'transient' : 'persistent'
    const [exchange, key] = pick(random, this.#routes)
    const isLarge = body.length > runtime.limits.bodyBytes
    const arrival = isLarge ? await this.#bring(session, body, persistence) : null
    if (isLarge && arrival === null) return
    for (;;) {
      const route = runtime.route(namespaceOf(runtime), exchange, key)
      assert(!isRefusal(route), 'the exchange is there')
      const content = new Content()
      content.body = body
      content.bodySize = body.length
      content.ttlMs = ttlOf(counter) ?? NO_TTL
      const targets = [...route.durable, ...route.passing]
      const messages = targets.map(({ name: queue }) => ({ queue, producer: this.name, counter }))
      for (const message of messages) this.#witness.history.attempted(message)
      const before = targets.map(({ nextSequence }) => nextSequence)
      this.#witness.limited.check(runtime)
      const fromMs = runtime.time.nowMs()
      const ticket = publishWhole(session, { route, content, persistence, arrival })
      if (ticket !== HELD) {
        this.#left--
        session.operation()
        this.#written(session, { ticket, targets, before, counter, fromMs })
        return
      }
      assert.deepEqual(
        targets.map(({ nextSequence }) => nextSequence),
        before,
        'what is held is held whole',
      )
      await session.room()
      if (!session.isEnding) continue
      arrival?.close()
      return
    }
  }

  /** Brings a large body in, in pieces as they come; null when it was given up. */
  async #bring(
    session: Session,
    body: Uint8Array,
    persistence: Persistence,
  ): Promise<Arrival | null> {
    const { random, runtime } = session
    const announcement = { sizeBytes: body.length, persistence, bringer: null }
    const arrival = runtime.arrivals.open(announcement)
    if (!arrival.isLetIn) await session.turn(arrival)
    if (session.isEnding || !arrival.isLetIn) {
      arrival.close()
      return null
    }
    const givesUp = !session.run.isLast && below(random, 8) === 0
    for (let at = 0; at < body.length; ) {
      const size = Math.min(body.length - at, 1 + below(random, 200))
      const taken = arrival.put(body, at, size)
      at += taken
      if (taken < size) await session.room()
      else if (below(random, 3) === 0) await session.sleep(below(random, 16) / 8)
      if (!session.isEnding && !(givesUp && at > body.length / 2)) continue
      arrival.close()
      session.operation()
      return null
    }
    return arrival
  }

  #written(
    session: Session,
    published: {
      readonly ticket: number
      readonly targets: readonly Queue[]
      readonly before: readonly number[]
      readonly counter: number
      readonly fromMs: number
    },
  ): void {
    const { ticket, targets, before, counter, fromMs } = published
    const { history, limited } = this.#witness
    const untilMs = session.runtime.time.nowMs()
    const kept: HistoryMessage[] = []
    for (const [index, queue] of targets.entries()) {
      const message = { queue: queue.name, producer: this.name, counter }
      // Without room in memory a part of what is transient may be dropped.
      if (queue.nextSequence === before[index]) continue
      const ttlMs = limitOf(counter, queue.name)
      if (ttlMs !== null) {
        const times = { ttlMs, fromMs, untilMs }
        history.expires(message, limited.published(queue, before[index]!, times))
      }
      if (ticket > 0 && queue.keepsMessages) {
        kept.push(message)
        this.#witness.written(message, ticket)
      } else this.#witness.passing(message)
    }
    if (ticket === 0) return
    assert(ticket > session.runtime.commits.through, 'a ticket is settled later')
    // Where one of its queues is synced, so is the message.
    const allLoose = kept.every(({ queue }) => isLoose(queue))
    this.#pending.push({ ticket, messages: kept, promise: allLoose ? 'loose' : 'firm' })
    if (this.#pending.length > 1) return
    const { run } = session
    session.runtime.commits.watch({ settled: (through) => !run.isOver && this.#settled(through) })
  }

  /** Answers whether more is waited for. */
  #settled(through: number): boolean {
    while (this.#pending.length > 0 && this.#pending[0]!.ticket <= through) {
      const { messages, promise } = this.#pending.shift()!
      for (const message of messages) {
        if (promise === 'loose') this.#witness.ackedLoosely(message)
        else this.#witness.history.acked(message)
      }
    }
    return this.#pending.length > 0
  }
}

/**
 * A client that consumes from one queue in its own manner: with little credit or much, acknowledging one or many,
 * giving back, pausing, or dying with what it holds. It reads from an inbox, as from a socket: what it never read
 * goes back as if it had not been delivered.
 */
import assert from 'node:assert/strict'
import { below, pick } from '../../src/base/random.ts'
import { Consumer, type Settling } from '../../src/broker/consumer.ts'
import type { Delivery } from '../../src/broker/delivery.ts'
import { GONE } from '../../src/machine/page.ts'
import type { Queue } from '../../src/machine/queue.ts'
import { type Stamp, stampOf } from './bodies.ts'
import type { Client, Session } from './session.ts'
import { queueOf } from './topology.ts'
import type { Witness } from './witness.ts'

type Got = Stamp & {
  readonly sequence: number
  readonly redelivered: 'redelivered' | 'new'
  readonly through: number
  readonly bytes: number
}

/** A message that came; null while its body is being read. */
type Slot = { got: Got | null }

const STEPS_MAX = 40 // of a stay: several stays in each run of the broker

export class ConsumerClient implements Client {
  readonly name: string
  readonly isDone: boolean = false
  readonly #queueName: string
  readonly #witness: Witness
  #life = 0

  constructor(name: string, queue: string, witness: Witness) {
    this.name = name
    this.#queueName = queue
    this.#witness = witness
  }

  async serve(session: Session): Promise<void> {
    while (!session.isEnding) {
      this.#life++
      const queue = queueOf(session.runtime, this.#queueName)
      await new Seat(session, queue, `${this.name} ${this.#life}`, this.#witness).sit()
    }
  }
}

/** One time at the queue, from joining to leaving. */
class Seat {
  readonly #session: Session
  readonly #queue: Queue
  readonly #name: string
  readonly #witness: Witness
  readonly #consumer: Consumer
  readonly #inbox: Slot[] = []
  #held: Got[] = []
  #bytesBefore: number

  constructor(session: Session, queue: Queue, name: string, witness: Witness) {
    this.#session = session
    this.#queue = queue
    this.#name = name
    this.#witness = witness
    const { random } = session
    const settling: Settling = below(random, 5) === 0 ? 'on-delivery' : 'by-consumer'
    const credit = pick(random, [1, 2, 5, Number.POSITIVE_INFINITY])
    const receiver = {
      deliver: (delivery: Delivery) => this.#deliver(delivery),
      cancelled: () => assert.fail('nobody deletes this queue'),
    }
    this.#consumer = new Consumer(receiver, settling, credit)
    if (below(random, 3) === 0) this.#consumer.creditBytes = pick(random, [1, 100, 500])
    this.#bytesBefore = this.#consumer.creditBytes
  }

  async sit(): Promise<void> {
    const { random, runtime } = this.#session
    runtime.join(this.#queue, this.#consumer)
    const steps = 1 + below(random, STEPS_MAX)
    for (let step = 0; step < steps && !this.#session.isEnding; step++) {
      await this.#session.sleep(below(random, 60) / 8)
      await this.#act()
    }
    await this.#leave()
  }

  #deliver(delivery: Delivery): void {
    const consumer = this.#consumer
    assert(consumer.joined || consumer.settling === 'on-delivery', 'nothing comes after leaving')
    assert(consumer.credit >= 0, 'more than the credit came')
    assert(!consumer.paused, 'something came while paused')
    assert(this.#bytesBefore > 0, 'more bytes than the credit came')
    const bytes = this.#bytesBefore - consumer.creditBytes
    this.#bytesBefore = consumer.creditBytes
    const { bytes: memory, bodyAt, bodySize, reading, sequence } = delivery
    this.#witness.limited.handed(this.#session.runtime, this.#queue, sequence)
    const place = {
      sequence,
      redelivered: delivery.redelivered ? ('redelivered' as const) : ('new' as const),
      through: this.#session.runtime.commits.through,
      bytes: Number.isNaN(bytes) ? 0 : bytes,
    }
    this.#session.operation()
    const slot: Slot = { got: null }
    this.#inbox.push(slot)
    const isSettled = consumer.settling === 'on-delivery'
    if (isSettled) this.#witness.history.unseen(this.#queue.name, 1)
    const come = (body: Uint8Array): void => {
      slot.got = { ...stampOf(body), ...place }
      if (isSettled) this.#settleRead()
    }
    if (reading === null) come(memory.subarray(bodyAt, bodyAt + bodySize))
    else this.#session.read(reading, come)
  }

  /** Those at the front of the inbox whose body is there are settled already. */
  #settleRead(): void {
    for (let got = this.#next(); got !== null; got = this.#next()) {
      this.#see(got)
      this.#witness.history.unseen(this.#queue.name, -1)
      this.#witness.history.settling(this.#messageOf(got))
      this.#credit(got)
    }
  }

  /** The next from the inbox, or null while there is none whose body is there. */
  #next(): Got | null {
    const got = this.#inbox[0]?.got ?? null
    if (got !== null) this.#inbox.shift()
    return got
  }

  async #act(): Promise<void> {
    const { random, run, runtime } = this.#session
    this.#read(1 + below(random, 6))
    const action = run.isLast ? 0 : below(random, 10)
    if (action < 6) {
      const all = run.isLast || below(random, 2) === 0
      await this.#settle(this.#pickHeld(all ? this.#held.length : 1))
    } else if (action === 6) this.#giveBack(this.#pickHeld(1 + below(random, 3)))
    else if (action === 7) this.#consumer.paused = !this.#consumer.paused
    if (run.isLast) this.#consumer.paused = false
    runtime.wake(this.#queue)
  }

  /** Takes some from the inbox: now they were seen. */
  #read(count: number): void {
    for (let left = count; left > 0; left--) {
      const got = this.#next()
      if (got === null) return
      this.#see(got)
      this.#held.push(got)
    }
  }

  #see({ producer, counter, redelivered, through }: Got): void {
    const place = { queue: this.#queue.name, consumer: this.#name }
    this.#witness.delivered({
      ...{ ...place, producer, counter, redelivered, through },
      told: 'at-once',
    })
  }

  /** Some that are held, in any order. */
  #pickHeld(count: number): readonly Got[] {
    const picked: Got[] = []
    while (picked.length < count && this.#held.length > 0) {
      const place = below(this.#session.random, this.#held.length)
      picked.push(...this.#held.splice(place, 1))
    }
    return picked
  }

  async #settle(chosen: readonly Got[]): Promise<void> {
    const { random, runtime } = this.#session
    for (const got of chosen) {
      this.#witness.history.settling(this.#messageOf(got))
      runtime.settle(this.#queue, got.sequence, 1)
      this.#session.operation()
      this.#credit(got)
    }
    if (chosen.length === 0 || below(random, 3) > 0) return
    // Now and then it makes sure that they are gone for good.
    const isThere = ({ sequence }: Got): boolean => this.#queue.stateOf(sequence) !== GONE
    while (chosen.some(isThere)) await this.#session.sleep(1)
    await this.#session.durable()
    for (const got of chosen) this.#witness.history.settled(this.#messageOf(got))
  }

  #giveBack(chosen: readonly Got[]): void {
    for (const got of chosen) {
      this.#session.runtime.giveBack(this.#queue, got.sequence, 1, 1)
      this.#session.operation()
      this.#credit(got)
    }
  }

  #credit({ bytes }: Got): void {
    this.#consumer.credit++
    this.#consumer.creditBytes += bytes
    this.#bytesBefore = this.#consumer.creditBytes
  }

  async #leave(): Promise<void> {
    const { runtime } = this.#session
    runtime.leave(this.#queue, this.#consumer)
    while (this.#inbox.some(({ got }) => got === null)) await this.#session.sleep(1)
    for (let got = this.#next(); got !== null; got = this.#next()) {
      this.#witness.displaced(this.#messageOf(got))
      runtime.giveBack(this.#queue, got.sequence, 1, 0)
    }
    this.#giveBack(this.#held)
    this.#held = []
  }

  #messageOf({ producer, counter }: Stamp): { queue: string } & Stamp {
    return { queue: this.#queue.name, producer, counter }
  }
}

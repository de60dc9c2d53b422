/**
 * A client that consumes over AMQP in its own manner: with a window or without, acknowledging one or many, giving
 * back, dropping, asking for single messages, and losing its connection with what it holds.
 */
import assert from 'node:assert/strict'
import { below, pick } from '../../src/base/random.ts'
import { ack, consume, get, method, qos } from '../amqp/amqp-world.ts'
import { AmqpLine, CHANNEL } from './amqp-line.ts'
import { declareOver } from './amqp-topology.ts'
import { type Stamp, stampOf } from './bodies.ts'
import { Cut } from './line.ts'
import type { Client, Session } from './session.ts'
import type { Witness } from './witness.ts'

type Held = Stamp & { readonly tag: number }

const STEPS_MAX = 40 // of a connection: several in each run of the broker

export class AmqpConsumer implements Client {
  readonly name: string
  readonly isDone: boolean = false
  readonly #queue: string
  readonly #witness: Witness
  #life = 0
  /** On this connection, in the order of their tags. */
  #held: Held[] = []

  constructor(name: string, queue: string, witness: Witness) {
    this.name = name
    this.#queue = queue
    this.#witness = witness
  }

  async serve(session: Session): Promise<void> {
    while (!session.isEnding) {
      await session.sleep(below(session.random, 40) / 8)
      await this.#live(session)
    }
  }

  async #live(session: Session): Promise<void> {
    this.#life++
    this.#held = []
    let line: AmqpLine | null = null
    try {
      line = await AmqpLine.open(session)
      if (line === null) return
      await declareOver(line)
      await this.#subscribe(session, line)
      await this.#work(session, line)
    } catch (error) {
      if (!(error instanceof Cut)) throw error
    } finally {
      line?.cut()
    }
  }

  async #subscribe({ random, run }: Session, line: AmqpLine): Promise<void> {
    const window = run.isLast ? 0 : pick(random, [0, 1, 2, 10])
    line.send(qos(CHANNEL, window, pick(random, ['consumer', 'channel'])))
    await line.answer('basic.qos-ok')
    // Some only ask.
    if (!run.isLast && below(random, 5) === 0) return
    line.send(consume(CHANNEL, this.#queue))
    await line.answer('basic.consume-ok')
  }

  async #work(session: Session, line: AmqpLine): Promise<void> {
    const { random, run } = session
    const steps = run.isLast ? Number.POSITIVE_INFINITY : below(random, STEPS_MAX)
    for (let step = 0; step < steps && !session.isEnding; step++) {
      await session.sleep(below(random, 60) / 8)
      if (line.isOver) return
      this.#read(session, line, run.isLast ? Number.POSITIVE_INFINITY : 1 + below(random, 6))
      const action = run.isLast ? 0 : below(random, 12)
      if (action < 7) this.#settle(session, line, run.isLast || below(random, 2) === 0)
      else if (action < 9) this.#return(session, line)
      else if (action === 9) await this.#get(line)
      else if (action === 10) await this.#recover(line)
    }
    if (run.isLast || below(random, 2) === 0) await line.close()
  }

  /** Takes some of what came: now it was seen. */
  #read(session: Session, line: AmqpLine, count: number): void {
    for (const { tag, redelivered, body } of line.arrivals.splice(0, count)) {
      const stamp = stampOf(body)
      session.operation()
      this.#witness.delivered({
        ...{ ...stamp, queue: this.#queue, consumer: `${this.name} ${this.#life}`, redelivered },
        ...{ told: 'late', through: session.runtime.commits.through },
      })
      this.#held.push({ ...stamp, tag })
    }
  }

  #settle(session: Session, line: AmqpLine, many: boolean): void {
    if (this.#held.length === 0) return
    const place = many ? this.#held.length - 1 : below(session.random, this.#held.length)
    const { tag } = this.#held[place]!
    const going = this.#held.splice(many ? 0 : place, many ? place + 1 : 1)
    for (const held of going) this.#settling(session, held)
    line.send(ack(CHANNEL, tag, many ? 'many' : 'one'))
  }

  #settling(session: Session, { producer, counter }: Held): void {
    session.operation()
    this.#witness.history.settling({ queue: this.#queue, producer, counter })
  }

  /** To its queue, or away. */
  #return(session: Session, line: AmqpLine): void {
    const { random } = session
    if (this.#held.length === 0) return
    const [held] = this.#held.splice(below(random, this.#held.length), 1)
    assert(held !== undefined)
    const requeue = below(random, 3) > 0
    if (requeue) session.operation()
    else this.#settling(session, held)
    const deliveryTag = BigInt(held.tag)
    line.send(
      below(random, 2) === 0
        ? method(CHANNEL, 'basic.reject', { deliveryTag, requeue })
        : method(CHANNEL, 'basic.nack', { deliveryTag, requeue, multiple: false }),
    )
  }

  /** Asks for one, and waits until it was told. */
  async #get(line: AmqpLine): Promise<void> {
    const before = line.getCount
    line.send(get(CHANNEL, this.#queue))
    while (line.getCount === before) await line.news()
  }

  /** Everything goes back to its queue and comes again; what was under way to us goes back too. */
  async #recover(line: AmqpLine): Promise<void> {
    line.send(method(CHANNEL, 'basic.recover', { requeue: true }))
    await line.answer('basic.recover-ok')
    // Their tags are no longer ours.
    this.#held = []
  }
}

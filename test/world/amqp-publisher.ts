/**
 * A client that publishes over AMQP with confirms, a few messages at a time, and loses its connection now and then:
 * what was confirmed is promised, what was refused may not come, of the rest nobody knows.
 */
import { below, pick } from '../../src/base/random.ts'
import { method, publish } from '../amqp/amqp-world.ts'
import type { HistoryMessage } from '../sim/history.ts'
import { AmqpLine, CHANNEL } from './amqp-line.ts'
import { AMQP_ROUTES, declareOver, isKept } from './amqp-topology.ts'
import { textOf } from './bodies.ts'
import { limitOf, ttlOf } from './limited.ts'
import { Cut } from './line.ts'
import type { Client, Session } from './session.ts'
import type { Witness } from './witness.ts'

type Sent = {
  readonly messages: readonly HistoryMessage[]
  readonly persistence: 'persistent' | 'transient'
}

const BURST_MAX = 9 // at once: enough for two commits of the tiny journal
const STEPS_MAX = 30 // of a connection: several in each run of the broker
const PERSISTENT = 2

export class AmqpPublisher implements Client {
  readonly name: string
  readonly #witness: Witness
  #left: number
  /** Messages keep their order on one connection, so each is a producer of its own. */
  #life = 0
  #counter = 0
  /** Not confirmed on this connection, by the number of its publishing. */
  readonly #sent = new Map<number, Sent>()
  #tag = 0

  constructor(name: string, messages: number, witness: Witness) {
    this.name = name
    this.#left = messages
    this.#witness = witness
  }

  /** What waits for its confirm may be held, and is only let in while consumers drain. */
  get isDone(): boolean {
    return this.#left === 0 && this.#sent.size === 0
  }

  async serve(session: Session): Promise<void> {
    while (!this.isDone && !session.isEnding) {
      await session.sleep(below(session.random, 40) / 8)
      await this.#live(session)
    }
  }

  /** One connection. */
  async #live(session: Session): Promise<void> {
    this.#sent.clear()
    this.#life++
    this.#counter = 0
    this.#tag = 0
    let line: AmqpLine | null = null
    try {
      line = await AmqpLine.open(session)
      if (line === null) return
      await declareOver(line)
      line.send(method(CHANNEL, 'confirm.select', { noWait: false }))
      await line.answer('confirm.select-ok')
      await this.#work(session, line)
    } catch (error) {
      if (!(error instanceof Cut)) throw error
    } finally {
      line?.cut()
    }
  }

  async #work(session: Session, line: AmqpLine): Promise<void> {
    const { random } = session
    const steps = session.run.isLast ? Number.POSITIVE_INFINITY : below(random, STEPS_MAX)
    for (let step = 0; step < steps && !this.isDone && !session.isEnding; step++) {
      const burst = Math.min(this.#left, 1 + below(random, BURST_MAX))
      for (let count = 0; count < burst; count++) this.#publish(session, line)
      await session.sleep(below(random, 40) / 8)
      this.#hear(line)
    }
    // Gone in the middle of it, or once everything was confirmed.
    if (!session.run.isLast && below(random, 2) === 0) return
    while (this.#sent.size > 0 && !line.isOver && !session.isEnding) {
      await session.sleep(2)
      this.#hear(line)
    }
    if (!line.isOver) await line.close()
  }

  #publish(session: Session, line: AmqpLine): void {
    const { random } = session
    const stamp = { producer: `${this.name}.${this.#life}`, counter: this.#counter++ }
    const { exchange, key, queues } = pick(random, AMQP_ROUTES)
    const persistence = below(random, 3) === 0 ? 'transient' : 'persistent'
    const messages = queues.map((queue) => ({ queue, ...stamp }))
    const ttlMs = ttlOf(stamp.counter)
    const fromMs = session.runtime.time.nowMs()
    for (const message of messages) {
      this.#witness.history.attempted(message)
      const limitMs = limitOf(stamp.counter, message.queue)
      if (limitMs !== null) this.#witness.history.expires(message, fromMs + limitMs)
    }
    this.#tag++
    this.#left--
    this.#sent.set(this.#tag, { messages, persistence })
    session.operation()
    line.send(
      publish(CHANNEL, {
        ...{ exchange, key, body: textOf(stamp, random) },
        properties: {
          deliveryMode: persistence === 'persistent' ? PERSISTENT : null,
          expiration: ttlMs === null ? null : `${ttlMs}`,
        },
        ...(below(random, 4) === 0 ? { pieceSize: 1 + below(random, 50) } : {}),
      }),
    )
  }

  #hear(line: AmqpLine): void {
    for (const { tag, many, verdict } of line.confirms.splice(0)) {
      for (const [each, sent] of this.#sent) {
        if (many ? each > tag : each !== tag) continue
        this.#sent.delete(each)
        this.#told(sent, verdict)
      }
    }
  }

  #told({ messages, persistence }: Sent, verdict: 'ack' | 'nack'): void {
    const { history } = this.#witness
    if (verdict === 'nack') {
      for (const message of messages) history.refused(message)
      return
    }
    for (const message of messages) {
      if (persistence === 'persistent' && isKept(message.queue)) history.acked(message)
      // What goes to several may lose a part that is only in memory.
      else if (messages.length === 1) this.#witness.passing(message)
    }
  }
}

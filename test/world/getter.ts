/** A client that asks for one message at a time, and is told when there is none. */
import assert from 'node:assert/strict'
import { below } from '../../src/base/random.ts'
import { Consumer } from '../../src/broker/consumer.ts'
import type { Delivery } from '../../src/broker/delivery.ts'
import { type Stamp, stampOf } from './bodies.ts'
import type { Client, Session } from './session.ts'
import { queueOf } from './topology.ts'
import type { Witness } from './witness.ts'

type Got = Stamp & { readonly sequence: number }

export class Getter implements Client {
  readonly name: string
  readonly isDone: boolean = false
  readonly #queueName: string
  readonly #witness: Witness

  constructor(name: string, queue: string, witness: Witness) {
    this.name = name
    this.#queueName = queue
    this.#witness = witness
  }

  async serve(session: Session): Promise<void> {
    while (!session.isEnding) {
      await session.sleep(1 + below(session.random, 200) / 8)
      const got = await this.#get(session)
      session.operation()
      if (got === null) continue
      const queue = queueOf(session.runtime, this.#queueName)
      if (session.run.isLast || below(session.random, 4) > 0) {
        const { producer, counter } = got
        this.#witness.history.settling({ queue: queue.name, producer, counter })
        session.runtime.settle(queue, got.sequence, 1)
      } else session.runtime.giveBack(queue, got.sequence, 1, 1)
    }
  }

  /** null: there was none, or the time to leave came first. */
  async #get(session: Session): Promise<Got | null> {
    const { runtime, run } = session
    const queue = queueOf(runtime, this.#queueName)
    let isAnswered: boolean = false
    let isReading: boolean = false
    let answer: Got | null = null
    const deliver = (delivery: Delivery): void => {
      assert(!isAnswered, 'one answer')
      isAnswered = true
      const { bytes, bodyAt, bodySize, reading, sequence } = delivery
      this.#witness.limited.handed(runtime, queue, sequence)
      const place = {
        ...{ queue: queue.name, consumer: `${this.name} ${run.number}` },
        redelivered: delivery.redelivered ? ('redelivered' as const) : ('new' as const),
        through: runtime.commits.through,
      }
      const see = (body: Uint8Array): void => {
        isReading = false
        const stamp = stampOf(body)
        this.#witness.delivered({ ...stamp, ...place, told: 'at-once' })
        answer = { ...stamp, sequence }
      }
      isReading = reading !== null
      if (reading === null) see(bytes.subarray(bodyAt, bodyAt + bodySize))
      else session.read(reading, see)
    }
    const cancelled = (): void => assert.fail('nobody deletes this queue')
    const consumer = new Consumer({ deliver, cancelled }, 'by-consumer')
    runtime.get(queue, consumer, () => {
      assert(!isAnswered, 'one answer')
      isAnswered = true
    })
    while (isReading || (!isAnswered && !session.isEnding)) await session.sleep(0.5)
    if (!isAnswered) runtime.leave(queue, consumer)
    return answer
  }
}

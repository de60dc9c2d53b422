/** A getter asks a queue for one message, as basic.get does, and answers that there is one or none. */
import { Consumer, type Receiver } from '../../broker/consumer.ts'
import type { Delivery } from '../../broker/delivery.ts'
import type { Queue } from '../../machine/queue.ts'
import type { Consumption, Origin } from './consumption.ts'
import { amqpContent } from './foreign-content.ts'
import { writeGetOk } from './write-content.ts'

export class Getter implements Receiver, Origin {
  readonly queue: Queue
  readonly consumer: Consumer
  readonly #acks: 'by-client' | 'none'
  readonly #owner: Consumption

  constructor(owner: Consumption, queue: Queue, acks: 'by-client' | 'none') {
    this.queue = queue
    this.#acks = acks
    this.#owner = owner
    this.consumer = new Consumer(this, acks === 'none' ? 'on-delivery' : 'by-consumer', 1)
  }

  deliver(delivery: Delivery): void {
    const owner = this.#owner
    const tag = ++owner.tag
    if (this.#acks === 'by-client') owner.hold(tag, delivery.sequence, this)
    const answer = {
      deliveryTag: BigInt(tag),
      redelivered: delivery.redelivered,
      messageCount: this.queue.readyCount,
    }
    writeGetOk(owner.link, owner.channel, answer, amqpContent(delivery))
    owner.answered(this)
  }

  empty(): void {
    this.#owner.link.send(this.#owner.channel, 'basic.get-empty', { clusterId: '' })
    this.#owner.answered(this)
  }

  /** The queue was deleted: `empty` is what is told. */
  cancelled(): void {}

  restore(): void {}
}

/**
 * A subscription is one consumer of a channel, as basic.consume made it. It writes what the broker hands it and
 * keeps the count of what it holds within its prefetch; what it holds is in the channel's list.
 */
import { Consumer, type Receiver } from '../../broker/consumer.ts'
import type { Delivery } from '../../broker/delivery.ts'
import type { Queue } from '../../machine/queue.ts'
import { deliverPrefix } from '../../wire/amqp/content.ts'
import { UNCOUNTED } from '../../wire/amqp/delivery-count.ts'
import { keepsAll } from './arguments.ts'
import type { Consumption, Origin } from './consumption.ts'
import { amqpContent, countedContent, countOf } from './foreign-content.ts'
import { type DeliveryHead, writeDelivery, writeDeliveryHeads } from './write-content.ts'

export interface SubscriptionOptions {
  readonly tag: string
  readonly queue: Queue
  readonly acks: 'by-client' | 'none'
  readonly share: 'exclusive' | 'shared'
  /** Messages it may hold; 0: any number. */
  readonly prefetch: number
}

export class Subscription implements Receiver, Origin {
  readonly tag: string
  readonly queue: Queue
  readonly consumer: Consumer
  readonly share: SubscriptionOptions['share']
  readonly #acks: SubscriptionOptions['acks']
  readonly #owner: Consumption
  readonly #prefix: Uint8Array
  readonly #head: DeliveryHead = { tag: 0, redelivered: 0, count: UNCOUNTED }
  readonly #isCounted: boolean

  constructor(owner: Consumption, options: SubscriptionOptions) {
    const { acks, prefetch } = options
    this.tag = options.tag
    this.queue = options.queue
    this.share = options.share
    this.#acks = acks
    this.#owner = owner
    this.#isCounted = keepsAll(options.queue)
    this.#prefix = deliverPrefix(owner.channel, options.tag)
    const credit = acks === 'none' || prefetch === 0 ? Number.POSITIVE_INFINITY : prefetch
    const settling = acks === 'none' ? 'on-delivery' : 'by-consumer'
    this.consumer = new Consumer(this, settling, credit)
  }

  deliver(delivery: Delivery): void {
    const owner = this.#owner
    const { link } = owner
    const tag = ++owner.tag
    if (this.#acks === 'by-client') {
      owner.hold(tag, delivery.sequence, this)
      owner.count(1)
    }
    const head = this.#head
    head.tag = tag
    head.redelivered = delivery.redelivered ? 1 : 0
    if (this.#isCounted) head.count = countOf(delivery)
    const content = this.#isCounted ? countedContent(delivery) : amqpContent(delivery)
    if (delivery.reading === null) {
      writeDelivery(link, owner.channel, this.#prefix, head, content)
    } else {
      writeDeliveryHeads(link, owner.channel, this.#prefix, head, content)
      owner.outlet.pour(delivery.reading)
    }
    if (link.outbox.isFull) link.choke()
  }

  cancelled(): void {
    this.#owner.cancelled(this)
  }

  /** So many of what it held are settled: it may have others. */
  restore(count: number): void {
    const { consumer } = this
    const wasEmpty = consumer.credit <= 0
    consumer.credit += count
    this.#owner.count(-count)
    if (wasEmpty && consumer.joined) this.#owner.link.broker.wake(this.queue)
  }
}

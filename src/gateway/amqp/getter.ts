/** A getter asks a queue for one message, as basic.get does, and answers that there is one or none. */
import { mark } from '../../base/mark.ts'
import { Writer } from '../../base/writer.ts'
import { Consumer, type Receiver } from '../../broker/consumer.ts'
import type { Delivery } from '../../broker/delivery.ts'
import type { Reading } from '../../broker/reading.ts'
import type { Queue } from '../../machine/queue.ts'
import type { ContentView } from '../../wire/amqp/content.ts'
import { UNCOUNTED } from '../../wire/amqp/delivery-count.ts'
import { keepsAll } from './arguments.ts'
import type { Consumption, Origin } from './consumption.ts'
import { amqpContent, countedContent, countOf } from './foreign-content.ts'
import { type GetAnswer, writeGetOk } from './write-content.ts'

export class Getter implements Receiver, Origin {
  readonly queue: Queue
  readonly consumer: Consumer
  readonly #acks: 'by-client' | 'none'
  readonly #owner: Consumption
  /** Gives out the body that is not sent yet, if it is a large one. */
  #reading: Reading | null = null
  #isClosed = false

  constructor(owner: Consumption, queue: Queue, acks: 'by-client' | 'none') {
    this.queue = queue
    this.#acks = acks
    this.#owner = owner
    this.consumer = new Consumer(this, acks === 'none' ? 'on-delivery' : 'by-consumer', 1)
  }

  deliver(delivery: Delivery): void {
    const owner = this.#owner
    const { outlet } = owner
    const tag = ++owner.tag
    if (this.#acks === 'by-client') owner.hold(tag, delivery.sequence, this)
    const { redelivered, reading } = delivery
    const messageCount = this.queue.readyCount
    const isCounted = keepsAll(this.queue)
    const count = isCounted ? countOf(delivery) : UNCOUNTED
    const answer = { deliveryTag: BigInt(tag), redelivered, messageCount, count }
    const content = isCounted ? countedContent(delivery) : amqpContent(delivery)
    this.#reading = reading
    if (!outlet.isBusy) {
      this.#answer(answer, content)
      return
    }
    mark('amqp/get-behind-a-body')
    const kept = copyOf(content, reading === null ? content.bodySize : 0)
    outlet.after(() => {
      if (!this.#isClosed) this.#answer(answer, kept)
    })
  }

  empty(): void {
    this.#owner.outlet.send('basic.get-empty', { clusterId: '' })
    this.#owner.answered(this)
  }

  /** The channel went before it was answered. */
  close(): void {
    this.#isClosed = true
    this.#reading?.close()
  }

  #answer(answer: GetAnswer, content: ContentView): void {
    const { channel, link, outlet } = this.#owner
    const reading = this.#reading
    const body = reading === null ? 'with-body' : 'body-follows'
    writeGetOk(link, channel, { ...answer, content, body })
    if (reading !== null) outlet.pour(reading)
    this.#owner.answered(this)
  }

  /** The queue was deleted: `empty` is what is told. */
  cancelled(): void {}

  restore(): void {}
}

/** A content in memory of its own, with so much of its body. */
function copyOf(content: ContentView, bodySize: number): ContentView {
  const { bytes, headAt, headSize, propertiesAt, propertiesSize, bodyAt } = content
  const parts = [
    bytes.subarray(headAt, headAt + headSize),
    bytes.subarray(propertiesAt, propertiesAt + propertiesSize),
    bytes.subarray(bodyAt, bodyAt + bodySize),
  ]
  const writer = new Writer()
  for (const part of parts) writer.bytes(part)
  const place = { headAt: 0, headSize, propertiesAt: headSize, propertiesSize }
  const size = content.bodySize
  return { bytes: writer.take(), ...place, bodyAt: headSize + propertiesSize, bodySize: size }
}

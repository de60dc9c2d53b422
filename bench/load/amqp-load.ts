/**
 * A publisher and a consumer of one queue, on one connection each: messages go in, come out and are counted.
 * It owns both connections; what the broker is, it does not know.
 */
import { assert } from '../../src/base/assert.ts'
import type { Address } from '../../src/base/ports.ts'
import { Histogram } from '../histogram.ts'
import { AmqpClient, type QueueKind } from './amqp-client.ts'
import { ConfirmReader } from './amqp-confirms.ts'
import { DeliveryCounter } from './amqp-deliveries.ts'
import { ackThrough, publish } from './amqp-frames.ts'
import { type LoadEnd, runLoad } from './load.ts'
import { type LoadSource, repeated } from './source.ts'

export type AmqpLoadKind = QueueKind & {
  readonly bodyBytes: number
  readonly persistence: 'persistent' | 'transient'
  /** What ends an operation: its confirm, or its delivery where nothing is confirmed. */
  readonly acknowledgedBy: 'confirm' | 'delivery'
  /** Deliveries settled at once; 0 is a consumer that settles nothing. */
  readonly ackEvery: number
}

export type AmqpRun = {
  readonly window: number
  readonly until: LoadEnd
  readonly latency: Histogram
}

const PREFETCH_ACKS = 4 // as many groups of deliveries are on their way while one is settled

export class AmqpLoad implements AsyncDisposable {
  readonly #kind: AmqpLoadKind
  readonly #publisher: AmqpClient
  readonly #consumer: AmqpClient
  readonly #source: LoadSource
  readonly #counter: DeliveryCounter
  /** Invariant: #settled <= #delivered. */
  #delivered = 0
  #settled = 0
  #onDelivery: () => void = () => {}

  private constructor(kind: AmqpLoadKind, publisher: AmqpClient, consumer: AmqpClient) {
    this.#kind = kind
    this.#publisher = publisher
    this.#consumer = consumer
    const { queue, persistence, bodyBytes } = kind
    const body = new Uint8Array(bodyBytes).fill(97)
    this.#source = repeated(publish({ queue, body, persistence }))
    this.#counter = new DeliveryCounter(bodyBytes)
  }

  /** Connects both, declares the queue and begins to consume. */
  static async open(address: Address, kind: AmqpLoadKind): Promise<AmqpLoad> {
    const publisher = await AmqpClient.connect(address)
    const consumer = await AmqpClient.connect(address)
    await publisher.declare(kind)
    if (kind.acknowledgedBy === 'confirm') await publisher.selectConfirms()
    if (kind.ackEvery > 0) await consumer.prefetch(PREFETCH_ACKS * kind.ackEvery)
    await consumer.consume(kind.queue, kind.ackEvery > 0 ? 'by-consumer' : 'on-delivery')
    return new AmqpLoad(kind, publisher, consumer)
  }

  /** Once. Resolves with the messages published, acknowledged, delivered and settled: all of them. */
  async run(options: AmqpRun): Promise<number> {
    const link = this.#publisher.link
    const consumer = this.#consumer.link
    const shared = { ...options, link, source: this.#source, late: new Histogram() }
    const pace = { kind: 'closed' } as const
    let count: number
    if (this.#kind.acknowledgedBy === 'confirm') {
      const confirms = new ConfirmReader()
      consumer.read((bytes) => this.#deliver(bytes))
      count = await runLoad({ ...shared, pace, acks: (bytes) => confirms.read(bytes) })
    } else {
      const acks = (bytes: Uint8Array): number => this.#deliver(bytes)
      count = await runLoad({ ...shared, pace, ackLink: consumer, acks })
    }
    await this.#deliveredAll(count)
    await this.#settleRest()
    return count
  }

  async close(): Promise<void> {
    await this.#publisher.close()
    await this.#consumer.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #deliver(bytes: Uint8Array): number {
    this.#delivered = this.#counter.read(bytes)
    const { ackEvery } = this.#kind
    if (ackEvery > 0 && this.#delivered - this.#settled >= ackEvery) this.#settle()
    this.#onDelivery()
    return this.#delivered
  }

  #settle(): void {
    this.#settled = this.#delivered
    this.#consumer.link.write(ackThrough(this.#settled))
  }

  async #deliveredAll(count: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#consumer.link.onLost(reject)
      this.#onDelivery = () => {
        if (this.#delivered >= count) resolve()
      }
      this.#onDelivery()
    })
    assert(this.#delivered === count, 'more was delivered than published')
    assert(this.#counter.isWhole, 'deliveries of different sizes')
  }

  /** An answer to the consumer's channel says that its settlements have been taken; then nothing is left. */
  async #settleRest(): Promise<void> {
    if (this.#kind.ackEvery > 0) {
      if (this.#settled < this.#delivered) this.#settle()
      await this.#consumer.prefetch(PREFETCH_ACKS * this.#kind.ackEvery)
    }
    const left = await this.#publisher.purge(this.#kind.queue)
    assert(left === 0, `${left} messages are left over`)
  }
}

/** What a case of the program for kafkajs works with: a topic and a group of its own, and clients that end with it. */
import type { Admin, Consumer, Kafka, KafkajsModule, Producer } from './kafkajs-types.ts'

/** What a case works with; everything that it opens is closed behind it. */
export class Setting {
  readonly kafka: Kafka
  readonly module: KafkajsModule
  readonly topic: string
  readonly group: string
  readonly #closing: (() => Promise<void>)[] = []

  constructor(kafka: Kafka, module: KafkajsModule, name: string) {
    this.kafka = kafka
    this.module = module
    this.topic = `topic-${name}`
    this.group = `group-${name}`
  }

  async admin(): Promise<Admin> {
    return this.#connected(this.kafka.admin())
  }

  async producer(options: Parameters<Kafka['producer']>[0] = {}): Promise<Producer> {
    return this.#connected(this.kafka.producer(options))
  }

  async consumer(options: { readonly maxBytesPerPartition?: number } = {}): Promise<Consumer> {
    const timing = { sessionTimeout: 6_000, heartbeatInterval: 200, maxWaitTimeInMs: 200 }
    return this.#connected(this.kafka.consumer({ groupId: this.group, ...timing, ...options }))
  }

  /** The topic with so many partitions and these records, one in each value's order of partitions. */
  async filled(numPartitions: number, values: readonly string[]): Promise<Producer> {
    const admin = await this.admin()
    await admin.createTopics({ topics: [{ topic: this.topic, numPartitions }] })
    const producer = await this.producer()
    const messages = values.map((value, index) => ({ value, partition: index % numPartitions }))
    await producer.send({ topic: this.topic, messages })
    return producer
  }

  async close(): Promise<void> {
    for (const close of this.#closing.reverse()) await close()
  }

  async #connected<T extends { connect(): Promise<void>; disconnect(): Promise<void> }>(
    client: T,
  ): Promise<T> {
    await client.connect()
    this.#closing.push(() => client.disconnect())
    return client
  }
}

export interface Case {
  readonly name: string
  readonly run: (setting: Setting) => Promise<void>
}

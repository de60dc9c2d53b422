/**
 * The library kafkajs as the client of a broker that is killed: produces with acks=all to two partitions and consumes
 * in a group beside it until the connection is gone (`load`), or reads everything from the first offset (`drain`).
 * What it says is in test/kill/client-lines.ts.
 */
import { clientBody, counterOf } from '../test/kill/client-bodies.ts'
import { say } from '../test/kill/say.ts'
import { realClient } from './real-client.ts'

interface Record {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly offset: string
}

interface Batch {
  readonly partition: number
  readonly messages: readonly Record[]
}

interface Producer {
  connect(): Promise<void>
  send(request: object): Promise<readonly { readonly baseOffset?: string }[]>
}

interface Consumer {
  connect(): Promise<void>
  subscribe(topic: object): Promise<void>
  run(options: {
    readonly autoCommit: boolean
    readonly eachBatch: (payload: { readonly batch: Batch }) => Promise<void>
  }): Promise<void>
  commitOffsets(
    places: readonly {
      readonly topic: string
      readonly partition: number
      readonly offset: string
    }[],
  ): Promise<void>
  disconnect(): Promise<void>
}

interface Admin {
  connect(): Promise<void>
  createTopics(request: object): Promise<boolean>
  fetchTopicOffsets(
    topic: string,
  ): Promise<readonly { readonly partition: number; readonly high: string }[]>
  fetchOffsets(request: object): Promise<
    readonly {
      readonly partitions: readonly { readonly partition: number; readonly offset: string }[]
    }[]
  >
  disconnect(): Promise<void>
}

interface Kafka {
  admin(): Admin
  producer(options: object): Producer
  consumer(options: object): Consumer
}

type Library = { readonly Kafka: new (options: object) => Kafka }

const [mode = '', port = '', round = '', firstText = '0,0'] = process.argv.slice(2)
const { Kafka } = realClient('kafkajs') as Library
const TOPIC = 'kill'
const GROUP = 'readers'
const PARTITIONS = 2
const RECORDS_MAX = 20 // of one batch: from a single record up
const ACKS_ALL = -1
const SILENT = 0

const kafka = new Kafka({ clientId: 'kill', brokers: [`127.0.0.1:${port}`], logLevel: SILENT })

function queueOf(partition: number): string {
  return `${TOPIC}/${partition}`
}

async function produce(producer: Producer, partition: number, first: number): Promise<never> {
  // One after the other: kafkajs does not keep the order of sends that overlap.
  for (let from = first; ; ) {
    const count = 1 + (from % RECORDS_MAX)
    const key = `p${partition}`
    const counters = Array.from({ length: count }, (_, index) => from + index)
    for (const each of counters) say('try', key, each, queueOf(partition))
    const messages = counters.map((each) => ({ key, value: clientBody(each), partition }))
    const [done] = await producer.send({ topic: TOPIC, acks: ACKS_ALL, messages })
    const base = Number(done?.baseOffset)
    for (const each of counters) say('ok', key, each, queueOf(partition), base + each - from)
    from += count
  }
}

/** Says what it reads; tells `reached` how far it came. */
async function consume(
  groupId: string,
  reached: (partition: number, next: number) => Promise<void> | void,
): Promise<Consumer> {
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 50 })
  await consumer.connect()
  await consumer.subscribe({ topics: [TOPIC], fromBeginning: true })
  const eachBatch = async ({ batch }: { readonly batch: Batch }): Promise<void> => {
    const { partition, messages } = batch
    for (const { key, value, offset } of messages) {
      const counter = counterOf(value ?? new Uint8Array(0))
      say('at', String(key), counter, queueOf(partition), offset)
    }
    const last = messages.at(-1)
    if (last !== undefined) await reached(partition, Number(last.offset) + 1)
  }
  await consumer.run({ autoCommit: false, eachBatch })
  return consumer
}

async function load(): Promise<void> {
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic: TOPIC, numPartitions: PARTITIONS }] })
  await admin.disconnect()
  // What is sent twice could be stored twice: without a producer's number that is the client's own doing.
  const retry = { retries: 0 }
  const producer = kafka.producer({ allowAutoTopicCreation: false, retry })
  await producer.connect()
  const consumer: Consumer = await consume(GROUP, async (partition, next) => {
    const place = { topic: TOPIC, partition, offset: String(next) }
    await consumer.commitOffsets([place])
    say('committed', queueOf(partition), next)
  })
  const firsts = firstText.split(',').map(Number)
  // The broker is killed under us: that is the end of the work, and no failure.
  await Promise.all(firsts.map((first, each) => produce(producer, each, first))).catch(() => {})
}

async function drain(): Promise<void> {
  const admin = kafka.admin()
  await admin.connect()
  const groups = await admin.fetchOffsets({ groupId: GROUP, topics: [TOPIC] })
  for (const { partition, offset } of groups[0]?.partitions ?? []) {
    say('resumed', queueOf(partition), Math.max(0, Number(offset)))
  }
  const missing = new Map<number, number>()
  for (const { partition, high } of await admin.fetchTopicOffsets(TOPIC)) {
    if (Number(high) > 0) missing.set(partition, Number(high))
  }
  await new Promise<void>((resolve, reject) => {
    if (missing.size === 0) resolve()
    consume(`drain-${round}`, (partition, next) => {
      if (next >= (missing.get(partition) ?? 0)) missing.delete(partition)
      if (missing.size === 0) resolve()
    }).catch(reject)
  })
  for (let partition = 0; partition < PARTITIONS; partition++) say('left', queueOf(partition), 0)
  await admin.disconnect()
}

await (mode === 'drain' ? drain() : load())
process.exit()

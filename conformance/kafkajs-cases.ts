/**
 * What kafkajs is asked to do against a broker: producers, consumers, groups, administration, each a case of its own
 * with topics of its own. It knows no broker; whoever runs it brings one.
 */
import assert from 'node:assert/strict'
import { type Case, Setting } from './kafkajs-setting.ts'
import type { Consumer, EachMessage, OutMessage } from './kafkajs-types.ts'

const WAIT_MS = 20_000 // for what a consumer should get; a rebalance takes seconds where sessions do

/** Gathers what a consumer gets until it has enough. */
class Gathering {
  readonly seen: EachMessage[] = []
  #wanted = 0
  #resolve: () => void = () => undefined

  readonly take = async (message: EachMessage): Promise<void> => {
    this.seen.push(message)
    if (this.seen.length >= this.#wanted) this.#resolve()
  }

  async until(count: number): Promise<string[]> {
    this.#wanted = count
    if (this.seen.length < count) {
      await within(
        `${count} messages`,
        new Promise<void>((resolve) => {
          this.#resolve = resolve
        }),
      )
    }
    return this.values
  }

  get values(): string[] {
    return this.seen.map(({ message }) => String(message.value))
  }
}

async function within<T>(what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${WAIT_MS} ms`)), WAIT_MS)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}

function numbers(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, index) => `${from + index}`)
}

async function started(setting: Setting, fromBeginning = true): Promise<[Consumer, Gathering]> {
  const consumer = await setting.consumer()
  const gathering = new Gathering()
  await consumer.subscribe({ topics: [setting.topic], fromBeginning })
  await consumer.run({ eachMessage: gathering.take })
  return [consumer, gathering]
}

const producing: readonly Case[] = [
  {
    name: 'producer > a topic is made by asking for it',
    run: async (setting) => {
      const producer = await setting.producer({ allowAutoTopicCreation: true })
      const [sent] = await producer.send({ topic: setting.topic, messages: [{ value: 'a' }] })
      assert.deepEqual([sent?.errorCode, sent?.baseOffset], [0, '0'])
    },
  },
  {
    name: 'producer > keys, values, headers and times come back as they were',
    run: async (setting) => {
      const producer = await setting.filled(1, [])
      const messages: OutMessage[] = [
        { key: 'k', value: 'v', headers: { h: 'x' }, timestamp: '1700000000000' },
        { key: null, value: null },
        { key: '', value: '' },
        { value: 'ö'.repeat(10_000) },
      ]
      await producer.send({ topic: setting.topic, messages })
      const [, gathering] = await started(setting)
      await gathering.until(4)
      const [first, second, third, last] = gathering.seen.map(({ message }) => message)
      assert.deepEqual([String(first?.key), String(first?.value)], ['k', 'v'])
      assert.deepEqual([String(first?.headers.h), first?.timestamp], ['x', '1700000000000'])
      assert.deepEqual([second?.key, second?.value], [null, null])
      assert.deepEqual([third?.key?.length, third?.value?.length], [0, 0])
      assert.equal(String(last?.value), 'ö'.repeat(10_000))
    },
  },
  {
    name: 'producer > acks of none, one and all',
    run: async (setting) => {
      const producer = await setting.filled(1, [])
      for (const acks of [0, 1, -1]) {
        await producer.send({ topic: setting.topic, acks, messages: [{ value: `${acks}` }] })
      }
      const [, gathering] = await started(setting)
      assert.deepEqual(await gathering.until(3), ['0', '1', '-1'])
    },
  },
  {
    name: 'producer > compressed with gzip',
    run: async (setting) => {
      const producer = await setting.filled(1, [])
      const compression = setting.module.CompressionTypes.GZIP
      const messages = numbers(1_000).map((value) => ({ value }))
      await producer.send({ topic: setting.topic, compression, messages })
      const [, gathering] = await started(setting)
      assert.deepEqual(await gathering.until(1_000), numbers(1_000))
    },
  },
  {
    name: 'producer > several topics at once',
    run: async (setting) => {
      const topics = [1, 2, 3].map((index) => `${setting.topic}-${index}`)
      const admin = await setting.admin()
      await admin.createTopics({ topics: topics.map((topic) => ({ topic })) })
      const producer = await setting.producer()
      const topicMessages = topics.map((topic) => ({ topic, messages: [{ value: topic }] }))
      const sent = await producer.sendBatch({ topicMessages })
      assert.deepEqual(
        sent.map(({ errorCode }) => errorCode),
        [0, 0, 0],
      )
    },
  },
  {
    name: 'producer > a message that is too large is refused, and the next one taken',
    run: async (setting) => {
      const producer = await setting.filled(1, [])
      const { topic } = setting
      const large = [{ value: 'x'.repeat(2_000_000) }]
      await assert.rejects(producer.send({ topic, messages: large }), { type: 'MESSAGE_TOO_LARGE' })
      const [sent] = await producer.send({ topic, messages: [{ value: 'small' }] })
      assert.equal(sent?.baseOffset, '0')
    },
  },
  {
    name: 'producer > idempotent',
    run: async (setting) => {
      await setting.filled(1, [])
      const producer = await setting.producer({ idempotent: true })
      await producer.send({ topic: setting.topic, messages: [{ value: 'a' }] })
    },
  },
  {
    name: 'producer > transactional',
    run: async (setting) => {
      const producer = await setting.producer({ idempotent: true, transactionalId: setting.group })
      await (await producer.transaction()).abort()
    },
  },
]

const consuming: readonly Case[] = [
  {
    name: 'consumer > each message, in the order of its partition',
    run: async (setting) => {
      await setting.filled(3, numbers(300))
      const [, gathering] = await started(setting)
      await gathering.until(300)
      for (const partition of [0, 1, 2]) {
        const own = gathering.seen.filter((each) => each.partition === partition)
        assert.deepEqual(
          own.map(({ message }) => Number(message.value)),
          numbers(100).map((index) => 3 * Number(index) + partition),
        )
        assert.deepEqual(
          own.map(({ message }) => message.offset),
          numbers(100),
        )
      }
    },
  },
  {
    name: 'consumer > hears at once of what is produced later',
    run: async (setting) => {
      const producer = await setting.filled(1, ['early'])
      const [, gathering] = await started(setting)
      await gathering.until(1)
      for (const value of ['a', 'b', 'c']) {
        await producer.send({ topic: setting.topic, messages: [{ value }] })
      }
      assert.deepEqual(await gathering.until(4), ['early', 'a', 'b', 'c'])
    },
  },
  {
    name: 'consumer > goes on where its group has committed',
    run: async (setting) => {
      const producer = await setting.filled(1, numbers(10))
      const [first, gathering] = await started(setting)
      await gathering.until(10)
      await first.disconnect()
      const messages = numbers(5, 10).map((value) => ({ value }))
      await producer.send({ topic: setting.topic, messages })
      const [, again] = await started(setting)
      assert.deepEqual(await again.until(5), numbers(5, 10))
    },
  },
  {
    name: 'consumer > each batch, resolved and committed by hand',
    run: async (setting) => {
      await setting.filled(1, numbers(100))
      const consumer = await setting.consumer({ maxBytesPerPartition: 200 })
      await consumer.subscribe({ topics: [setting.topic], fromBeginning: true })
      let enough: () => void = () => undefined
      const half = new Promise<void>((resolve) => {
        enough = resolve
      })
      let resolved = 0
      await consumer.run({
        ...{ eachBatchAutoResolve: false, autoCommit: false },
        eachBatch: async ({ batch, resolveOffset, heartbeat }) => {
          assert.equal(batch.highWatermark, '100')
          for (const { offset } of batch.messages) {
            if (resolved === 50) return enough()
            resolveOffset(offset)
            resolved++
          }
          await heartbeat()
        },
      })
      await within('half of it', half)
      await consumer.commitOffsets([{ topic: setting.topic, partition: 0, offset: '50' }])
      await consumer.disconnect()
      const [, rest] = await started(setting)
      assert.deepEqual(await rest.until(50), numbers(50, 50))
    },
  },
  {
    name: 'consumer > seek, back and forth',
    run: async (setting) => {
      await setting.filled(1, numbers(10))
      const [consumer, gathering] = await started(setting)
      await gathering.until(10)
      consumer.seek({ topic: setting.topic, partition: 0, offset: '7' })
      assert.deepEqual((await gathering.until(13)).slice(10), numbers(3, 7))
      consumer.seek({ topic: setting.topic, partition: 0, offset: '2' })
      assert.deepEqual((await gathering.until(21)).slice(13), numbers(8, 2))
    },
  },
  {
    name: 'consumer > an offset that is not there begins anew',
    run: async (setting) => {
      await setting.filled(1, numbers(5))
      const [consumer, gathering] = await started(setting)
      await gathering.until(5)
      consumer.seek({ topic: setting.topic, partition: 0, offset: '4000' })
      assert.deepEqual((await gathering.until(10)).slice(5), numbers(5))
    },
  },
  {
    name: 'consumer > pause and resume',
    run: async (setting) => {
      const producer = await setting.filled(1, numbers(3))
      const [consumer, gathering] = await started(setting)
      await gathering.until(3)
      consumer.pause([{ topic: setting.topic }])
      await sleep(500)
      await producer.send({ topic: setting.topic, messages: [{ value: 'later' }] })
      await sleep(500)
      assert.equal(gathering.values.length, 3)
      consumer.resume([{ topic: setting.topic }])
      assert.deepEqual(await gathering.until(4), [...numbers(3), 'later'])
    },
  },
]

/** What each consumer has been given, once every partition has its owner. */
async function shares(owned: readonly ReadonlySet<number>[], count: number): Promise<void> {
  const isSettled = (): boolean => {
    const all = owned.flatMap((each) => [...each])
    return all.length === count && new Set(all).size === count
  }
  const untilMs = Date.now() + WAIT_MS
  while (!isSettled()) {
    assert.ok(
      Date.now() < untilMs,
      `never settled: ${owned.map((each) => [...each].join()).join(' | ')}`,
    )
    await sleep(50)
  }
}

const grouping: readonly Case[] = [
  {
    name: 'group > partitions are shared anew when a member comes and when one goes',
    run: async (setting) => {
      const producer = await setting.filled(4, numbers(40))
      const owned: Set<number>[] = []
      const gathering = new Gathering()
      const join = async (): Promise<Consumer> => {
        const consumer = await setting.consumer()
        const own = new Set<number>()
        owned.push(own)
        consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
          own.clear()
          for (const each of payload.memberAssignment[setting.topic] ?? []) own.add(each)
        })
        await consumer.subscribe({ topics: [setting.topic], fromBeginning: true })
        await consumer.run({ eachMessage: gathering.take })
        return consumer
      }
      await join()
      await shares(owned, 4)
      await gathering.until(40)
      const second = await join()
      await shares(owned, 4)
      assert.deepEqual(
        owned.map(({ size }) => size),
        [2, 2],
      )
      const messages = numbers(40, 40).map((value, index) => ({ value, partition: index % 4 }))
      await producer.send({ topic: setting.topic, messages })
      await gathering.until(80)
      await second.disconnect()
      owned.pop()
      await shares(owned, 4)
      await producer.send({ topic: setting.topic, messages: [{ value: 'last' }] })
      const values = await gathering.until(81)
      assert.equal(new Set(values).size, 81, 'each once')
    },
  },
  {
    name: 'group > two groups have everything each',
    run: async (setting) => {
      await setting.filled(1, numbers(10))
      const other = new Setting(setting.kafka, setting.module, 'other')
      const consumer = await other.consumer()
      const gathering = new Gathering()
      await consumer.subscribe({ topics: [setting.topic], fromBeginning: true })
      await consumer.run({ eachMessage: gathering.take })
      const [, own] = await started(setting)
      assert.deepEqual(await own.until(10), numbers(10))
      assert.deepEqual(await gathering.until(10), numbers(10))
      await other.close()
    },
  },
]

export const clientCases: readonly Case[] = [...producing, ...consuming, ...grouping]

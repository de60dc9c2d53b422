/** The embedded broker, in memory and in a directory, through what it exports. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Broker, type BrokerOptions } from '../mod.ts'

async function inMemory(use: (broker: Broker) => Promise<void>): Promise<void> {
  const broker = await Broker.open()
  try {
    await use(broker)
  } finally {
    await broker.close()
  }
}

/** Runs each step on a broker opened anew on the same directory. */
async function restarting(...steps: readonly ((broker: Broker) => Promise<void>)[]): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'naru-api-'))
  try {
    for (const step of steps) {
      const broker = await Broker.open({ dir })
      try {
        await step(broker)
      } finally {
        await broker.close()
      }
    }
  } finally {
    await rm(dir, { recursive: true })
  }
}

/** The first `count` things of an iterable, which is then ended. */
async function first<T>(count: number, things: AsyncIterable<T>): Promise<T[]> {
  const taken: T[] = []
  for await (const thing of things) {
    taken.push(thing)
    if (taken.length === count) break
  }
  return taken
}

test('a queue: hands messages out in the order of sending, as they were sent', () =>
  inMemory(async (broker) => {
    const jobs = await broker.queue('jobs', {})
    await jobs.send('a text')
    await jobs.sendMany([Uint8Array.of(1, 2), { image: 17 }])
    const [text, bytes, json] = await first(3, jobs.consume())
    assert.deepEqual([text!.body, text!.text()], ['a text', 'a text'])
    assert.deepEqual([...(bytes!.body as Uint8Array)], [1, 2])
    assert.deepEqual([json!.body, json!.json()], [{ image: 17 }, { image: 17 }])
    assert.deepEqual([text!.key, text!.sequence, text!.redelivered], ['jobs', 1, false])
  }))

test('a queue: gives a message to one consumer, and shares out in turn', () =>
  inMemory(async (broker) => {
    const jobs = await broker.queue('jobs', {})
    const [left, right] = [jobs.consume(), jobs.consume()]
    await jobs.sendMany(['1', '2', '3', '4'])
    const got = [await left.next(), await right.next(), await left.next(), await right.next()]
    assert.deepEqual(
      got.map(({ value }) => value?.text()),
      ['1', '2', '3', '4'],
    )
    await left.close()
    await right.close()
  }))

test('a queue: holds no more than the prefetch until something is settled', () =>
  inMemory(async (broker) => {
    const jobs = await broker.queue('jobs', {})
    await jobs.sendMany(['1', '2', '3'])
    const consumption = jobs.consume({ prefetch: 2 })
    const { value: one } = await consumption.next()
    await consumption.next()
    assert.deepEqual([jobs.readyCount, jobs.heldCount], [1, 2])
    const third = consumption.next()
    one!.ack()
    assert.equal((await third).value?.text(), '3')
    await consumption.close()
    assert.deepEqual([jobs.readyCount, jobs.heldCount], [2, 0])
  }))

test('a queue: what is given back comes again at its place, marked', () =>
  inMemory(async (broker) => {
    const jobs = await broker.queue('jobs', {})
    await jobs.sendMany(['1', '2'])
    const [one] = await first(1, jobs.consume({ prefetch: 1 }))
    assert.equal(one!.text(), '1')
    const [again, other] = await first(2, jobs.consume())
    assert.deepEqual([again!.text(), again!.redelivered, again!.deliveries], ['1', true, 1])
    assert.deepEqual([other!.text(), other!.redelivered], ['2', false])
  }))

test('a queue: a batch is acknowledged at once', () =>
  inMemory(async (broker) => {
    const jobs = await broker.queue('jobs', {})
    await jobs.sendMany(['1', '2', '3'])
    const batches = jobs.consumeBatches({ messagesMax: 2 })
    const { value: batch } = await batches.next()
    assert.equal(batch?.messages.length, 2)
    batch?.ack()
    await batches.return(undefined)
    const [third] = await first(1, jobs.consume())
    assert.equal(third!.text(), '3')
  }))

test('a queue: without options it has to be there, and with options it has to be the same', () =>
  inMemory(async (broker) => {
    await assert.rejects(broker.queue('jobs'), { code: 'QUEUE_MISSING', name: 'QueueMissing' })
    await broker.queue('jobs', {})
    await broker.queue('jobs')
    await assert.rejects(broker.queue('jobs', { durable: false }), { code: 'QUEUE_DIFFERS' })
    await assert.rejects(broker.queue('', {}), { code: 'NAME_INVALID' })
    const unknown = { maxLength: 1 } as object
    await assert.rejects(broker.queue('other', unknown), /no option 'maxLength'/)
  }))

test('a queue: hands out no more ahead than its bytes allow, and one message at least', () =>
  inMemory(async (broker) => {
    const jobs = await broker.queue<Uint8Array>('jobs', {})
    const count = 40
    for (let mark = 0; mark < count; mark++) await jobs.send(new Uint8Array(1_000).fill(mark))
    const consumption = jobs.consume({ prefetchBytes: 4_500 })
    for (let mark = 0; mark < count; mark++) {
      const { value: message } = await consumption.next()
      await new Promise(setImmediate)
      assert.ok(consumption.waitingCount <= 5, `${consumption.waitingCount} are ahead`)
      assert.ok(consumption.waitingCount > 0 || mark === count - 1, 'nothing is ahead')
      assert.equal(message?.bytes[0], mark)
      message.ack()
    }
    await consumption.close()
    await jobs.send(new Uint8Array(1_000))
    const [one] = await first(1, jobs.consume({ prefetchBytes: 1 }))
    assert.equal(one?.bytes.length, 1_000)
  }))

test('a queue: several who wait at one consumption get a message each, or hear of its end', () =>
  inMemory(async (broker) => {
    const jobs = await broker.queue<number>('jobs', {})
    const consumption = jobs.consume()
    const asked = [1, 2, 3].map(() => consumption.next())
    await jobs.send(1)
    assert.equal((await asked[0]!).value?.body, 1)
    await jobs.send(2)
    assert.equal((await asked[1]!).value?.body, 2)
    await consumption.close()
    assert.deepEqual(await asked[2]!, { value: undefined, done: true })
  }))

test('a queue: what cannot be a consumption is refused by the name of the option', () =>
  inMemory(async (broker) => {
    const jobs = await broker.queue('jobs', {})
    for (const options of [{ prefetch: 0 }, { prefetch: Number.NaN }, { prefetchBytes: -1 }]) {
      assert.throws(() => jobs.consume(options), { code: 'REFUSED', message: /prefetch/ })
    }
    const unknown = { max: 1 } as object
    assert.throws(() => jobs.consume(unknown), /no option 'max'; it has prefetch/)
    assert.equal(jobs.consumerCount, 0)
  }))

test('a queue: that is deleted ends its consumers, and takes no more', () =>
  inMemory(async (broker) => {
    const jobs = await broker.queue('jobs', {})
    const consumption = jobs.consume()
    const told = assert.rejects(consumption.next(), { code: 'QUEUE_MISSING' })
    await jobs.delete()
    await told
    assert.throws(() => jobs.send('late'), { code: 'QUEUE_MISSING' })
    await assert.rejects(broker.queue('jobs'), { code: 'QUEUE_MISSING' })
  }))

test('a queue: an aborted consumption ends, and gives back what it held', () =>
  inMemory(async (broker) => {
    const jobs = await broker.queue('jobs', {})
    await jobs.sendMany(['1', '2'])
    const stop = new AbortController()
    const seen: string[] = []
    for await (const message of jobs.consume({ signal: stop.signal })) {
      seen.push(message.text())
      stop.abort()
    }
    assert.deepEqual([seen, jobs.readyCount, jobs.consumerCount], [['1'], 2, 0])
  }))

test('a queue: purging removes what nobody holds', () =>
  inMemory(async (broker) => {
    const jobs = await broker.queue('jobs', {})
    await jobs.sendMany(['1', '2', '3'])
    const consumption = jobs.consume({ prefetch: 1 })
    await consumption.next()
    assert.equal(await jobs.purge(), 2)
    await consumption.close()
    // What a purge wrongly took would be gone once it is written down.
    await jobs.send('4')
    assert.equal(jobs.readyCount, 2)
  }))

test('a queue: a message stays what it is when its memory is used again', () =>
  inMemory(async (broker) => {
    const jobs = await broker.queue('jobs', {})
    const consumption = jobs.consume()
    await jobs.send('small')
    const { value: kept } = await consumption.next()
    kept!.ack()
    for (let round = 0; round < 100; round++) {
      await jobs.send(new Uint8Array(200 * 1024).fill(round))
      const { value: large } = await consumption.next()
      large!.ack()
    }
    assert.equal(kept!.text(), 'small')
    await consumption.close()
  }))

test('a queue: a body that is too large, or nothing at all, is refused', () =>
  inMemory(async (broker) => {
    const jobs = await broker.queue('jobs', {})
    const tooLarge = new Uint8Array(128 * 1024 * 1024 + 1)
    assert.throws(() => jobs.send(tooLarge), { code: 'BODY_TOO_LARGE' })
    assert.throws(() => jobs.send(undefined as unknown as string), { code: 'BODY_INVALID' })
    await jobs.send(new Uint8Array(256 * 1024))
  }))

test('after a restart: persistent messages are there, and transient ones and passing queues are not', () =>
  restarting(
    async (broker) => {
      const jobs = await broker.queue('jobs', {})
      await jobs.send('kept')
      await jobs.send('lost', { persistence: 'transient' })
      await jobs.send('kept too')
      await broker.queue('passing', { durable: false })
      const [one] = await first(1, jobs.consume())
      one!.giveBack()
    },
    async (broker) => {
      const jobs = await broker.queue('jobs')
      const [one, two] = await first(2, jobs.consume())
      assert.deepEqual([one!.text(), one!.redelivered], ['kept', true])
      assert.deepEqual([two!.text(), two!.redelivered], ['kept too', false])
      one!.ack()
      await assert.rejects(broker.queue('passing'), { code: 'QUEUE_MISSING' })
    },
  ))

test('after a restart: what was acknowledged stays gone, and a group goes on where it committed', () =>
  restarting(
    async (broker) => {
      const jobs = await broker.queue('jobs', {})
      await jobs.sendMany(['1', '2', '3'])
      for (const message of await acked(jobs.consume(), 2)) assert.ok(message)
      const orders = await broker.stream('orders', { partitions: 1 })
      await orders.appendMany([{ body: 'a' }, { body: 'b' }, { body: 'c' }])
      for await (const batch of orders.readBatches({ group: 'g', recordsMax: 2 })) {
        await batch.commit()
        break
      }
    },
    async (broker) => {
      const jobs = await broker.queue('jobs')
      assert.equal(jobs.readyCount, 1)
      const orders = await broker.stream('orders')
      const [third] = await first(1, orders.read({ group: 'g' }))
      assert.deepEqual([third!.text(), third!.offset], ['c', 2])
    },
  ))

async function acked(
  messages: AsyncIterable<{ ack(): void; text(): string }>,
  count: number,
): Promise<string[]> {
  const texts: string[] = []
  for await (const message of messages) {
    message.ack()
    texts.push(message.text())
    if (texts.length === count) break
  }
  return texts
}

test('a stream: keeps what was read, in the order of each partition, with keys and times', () =>
  inMemory(async (broker) => {
    const orders = await broker.stream('orders', { partitions: 4 })
    const places = await orders.appendMany([
      { key: 'alice', body: 'paid 12', timeMs: 5 },
      { key: 'bob', body: { paid: 3 } },
      { key: 'alice', body: 'paid 7' },
    ])
    assert.equal(places[0]!.partition, places[2]!.partition)
    assert.equal(places[2]!.offset, places[0]!.offset + 1)
    for (let round = 0; round < 2; round++) {
      const records = await first(3, orders.read())
      const alice = records.filter(
        ({ key }) => key !== null && Buffer.from(key).equals(Buffer.from('alice')),
      )
      assert.deepEqual(
        alice.map((record) => record.text()),
        ['paid 12', 'paid 7'],
      )
      assert.equal(alice[0]!.timeMs, 5)
    }
  }))

test('a stream: readers of a group share the partitions, and each record goes to one of them', () =>
  inMemory(async (broker) => {
    const orders = await broker.stream('orders', { partitions: 2 })
    const seen: string[] = []
    const stop = new AbortController()
    const reader = async (name: string): Promise<void> => {
      for await (const record of orders.read({ group: 'g', signal: stop.signal })) {
        seen.push(`${name} ${record.text()}`)
        if (seen.length === 2) stop.abort()
      }
    }
    const readers = [reader('one'), reader('two')]
    await orders.append({ partition: 0, body: 'left' })
    await orders.append({ partition: 1, body: 'right' })
    await Promise.all(readers)
    assert.deepEqual(seen.sort(), ['one left', 'two right'])
  }))

test('a stream: a reader waits at the end, and can begin there', () =>
  inMemory(async (broker) => {
    const orders = await broker.stream('orders', {})
    await orders.append({ body: 'before' })
    const reading = first(1, orders.read({ from: 'next' }))
    await orders.append({ body: 'after' })
    assert.deepEqual(
      (await reading).map((record) => record.text()),
      ['after'],
    )
    assert.deepEqual(orders.range(0), { first: 0, next: 2 })
  }))

test('a stream: differs, is missing, or is deleted: each has its error', () =>
  inMemory(async (broker) => {
    await assert.rejects(broker.stream('orders'), { code: 'STREAM_MISSING' })
    const orders = await broker.stream('orders', { partitions: 2 })
    await assert.rejects(broker.stream('orders', { partitions: 3 }), { code: 'STREAM_DIFFERS' })
    await assert.rejects(broker.stream('none', { partitions: 0 }), { code: 'LIMIT_REACHED' })
    await orders.delete()
    await assert.rejects(orders.append({ body: '' }), { code: 'STREAM_MISSING' })
  }))

test('a broker says what it is and refuses what it does not know', async () => {
  await inMemory((broker) => {
    assert.deepEqual([broker.durability, broker.urls], ['memory', {}])
    return Promise.resolve()
  })
  const unknown = { port: 1 } as BrokerOptions
  await assert.rejects(Broker.open(unknown), /no option 'port'/)
  await assert.rejects(Broker.open({ durability: 'fsync' }), /needs a dir/)
  const telnet = { listen: { telnet: 0 } } as BrokerOptions
  await assert.rejects(Broker.open(telnet), /no listener 'telnet'/)
})

test('a broker that keeps nothing says so, and one that does says nothing', async () => {
  const said: string[] = []
  const log = { info: (text: string) => said.push(text), warn: assert.fail, error: assert.fail }
  const dir = await mkdtemp(join(tmpdir(), 'naru-api-'))
  try {
    for (const options of [{ dir }, { dir, durability: 'os' } as const]) {
      await (await Broker.open({ ...options, log })).close()
    }
    assert.deepEqual(said, [])
    await (await Broker.open({ dir, durability: 'memory', log })).close()
    await (await Broker.open({ log })).close()
    const gone = 'everything is in memory and gone when the broker closes'
    assert.deepEqual(said, [`durability is memory: ${gone}`, `no dir: ${gone}`])
  } finally {
    await rm(dir, { recursive: true })
  }
})

test('a closed broker takes nothing and answers everybody', async () => {
  const broker = await Broker.open()
  const jobs = await broker.queue('jobs', {})
  const told = assert.rejects(jobs.consume().next(), { code: 'BROKER_CLOSED' })
  await broker.close()
  await broker.close()
  assert.throws(() => jobs.send('late'), { code: 'BROKER_CLOSED' })
  await told
})

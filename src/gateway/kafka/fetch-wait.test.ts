/** A fetch that waits: for how long, for what, and what it leaves; and that nobody reads what is not synced. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { makeBatch } from '../../../test/kafka/batches.ts'
import { batchesOf, get, got, partitionsOf, put } from '../../../test/kafka/consuming.ts'
import { KafkaWorld } from '../../../test/kafka/kafka-world.ts'
import { deleteTopics, fetch, type Wanted } from '../../../test/kafka/messages.ts'
import { kafkaLimits } from './limits.ts'

test('a fetch with too little waits for more, until its time is over', async () => {
  const world = await KafkaWorld.open()
  await world.topic('t')
  const [client, producer] = [world.connect(), world.connect()]
  await put(producer, ['a'])
  const size = makeBatch([{ timestampMs: 0, value: 'a' }]).length
  const terms = { maxWaitMs: 500, minBytes: 3 * size }
  const waiting = await client.send('Fetch', 11, fetch([{ topic: 't', offset: 0 }], terms))
  await world.pass(100)
  await put(producer, ['b'])
  assert.equal(waiting.isAnswered, false)
  await put(producer, ['c'])
  assert.deepEqual(got(waiting), [[0, 1, 2]])
  const timers = world.clockwork.timers
  const again = await client.send('Fetch', 11, fetch([{ topic: 't', offset: 2 }], terms))
  await world.pass(499)
  assert.equal(again.isAnswered, false)
  await world.pass(1)
  assert.deepEqual(got(again), [[2]])
  assert.equal(world.clockwork.timers, timers, 'no timer is left')
})

test('a fetch that wants nothing, or must not wait, or hears of trouble, does not wait', async () => {
  const world = await KafkaWorld.open()
  await world.topic('t')
  const client = world.connect()
  const terms = { maxWaitMs: 500 }
  const at: Wanted = { topic: 't', offset: 0 }
  assert.deepEqual(await get(client, [at], { ...terms, minBytes: 0 }), [[]])
  assert.deepEqual(await get(client, [at], { maxWaitMs: 0 }), [[]])
  assert.deepEqual(await get(client, [at], { maxWaitMs: -1 }), [[]])
  assert.deepEqual(await get(client, [], terms), [])
  assert.deepEqual(await get(client, [at, { topic: 'missing', offset: 0 }], terms), [
    [],
    { error: 3 },
  ])
})

test('a fetch waits for any of its partitions', async () => {
  const world = await KafkaWorld.open()
  await world.topic('t', 3)
  const [client, producer] = [world.connect(), world.connect()]
  for (const partition of [0, 1, 2]) {
    const wanted = [0, 1, 2].map((each) => ({ topic: 't', partition: each, offset: 0 }))
    const fresh = wanted.slice(partition)
    const waiting = await client.send('Fetch', 11, fetch(fresh, { maxWaitMs: 500 }))
    assert.equal(waiting.isAnswered, false)
    await put(producer, ['a'], { partition })
    assert.deepEqual(
      got(waiting),
      fresh.map((_, index) => (index === 0 ? [0] : [])),
    )
  }
})

test('no wait is longer than the limit of the broker', async () => {
  const world = await KafkaWorld.open()
  await world.topic('t')
  const client = world.connect()
  const body = fetch([{ topic: 't', offset: 0 }], { maxWaitMs: 2 ** 31 - 1 })
  const waiting = await client.send('Fetch', 11, body)
  await world.pass(kafkaLimits.fetchWaitMs)
  assert.deepEqual(got(waiting), [[]])
})

test('nobody reads what is not synced', async () => {
  const law = fc.asyncProperty(
    fc.array(
      fc.record({
        syncMs: fc.nat({ max: 9 }),
        passMs: fc.nat({ max: 12 }),
        count: fc.nat({ max: 2 }),
      }),
      { minLength: 1, maxLength: 10 },
    ),
    async (steps) => {
      const world = await KafkaWorld.open({ on: 'disk' })
      await world.topic('t')
      let [synced, written] = [0, 0]
      const underWay = new Map<string, number[]>()
      world.disk.observe({
        written: (_path, _position, bytes) => {
          written +=
            Buffer.from(bytes)
              .toString('latin1')
              .match(/record;/g)?.length ?? 0
        },
        // Other files are filled meanwhile, and names synced.
        issued: ({ kind, path }) => {
          if (kind !== 'sync' || !path.includes('/journal-')) return
          underWay.set(path, [...(underWay.get(path) ?? []), written])
        },
        synced: (path) => {
          synced = Math.max(synced, underWay.get(path)?.shift() ?? 0)
        },
      })
      const [producer, consumer] = [world.connect(), world.connect()]
      let seen = 0
      for (const { syncMs, passMs, count } of steps) {
        world.syncMs = syncMs
        for (let index = 0; index < count; index++) await put(producer, ['record;'])
        await world.pass(passMs)
        const asked = await consumer.send('Fetch', 11, fetch([{ topic: 't', offset: seen }]))
        const [partition] = partitionsOf(asked)
        assert.equal(partition?.errorCode, 0)
        assert.ok(partition.highWatermark <= synced, `${partition.highWatermark} of ${synced}`)
        for (const [offset, records] of batchesOf(partition)) seen = offset + records
        assert.equal(seen, partition.highWatermark)
      }
      world.check()
    },
  )
  await fc.assert(law, { numRuns: 60 })
})

test('a fetch at the end of what is synced waits for the sync of what is written', async () => {
  const world = await KafkaWorld.open({ on: 'disk' })
  await world.topic('t')
  const [client, producer] = [world.connect(), world.connect()]
  world.syncMs = 5
  await put(producer, ['a'])
  const waiting = await client.send(
    'Fetch',
    11,
    fetch([{ topic: 't', offset: 0 }], { maxWaitMs: 500 }),
  )
  const ahead = await producer.send(
    'Fetch',
    11,
    fetch([{ topic: 't', offset: 1 }], { maxWaitMs: 1 }),
  )
  await world.pass(4)
  assert.equal(waiting.isAnswered, false)
  await world.pass(10)
  assert.deepEqual(got(waiting), [[0]])
  assert.deepEqual(got(ahead), [[]])
})

test('a client that goes while it waits leaves nothing behind', async () => {
  const world = await KafkaWorld.open()
  await world.topic('t', 2)
  const timers = world.clockwork.timers
  const wanted = [0, 1].map((partition) => ({ topic: 't', partition, offset: 0 }))
  for (let index = 0; index < 5; index++) {
    const client = world.connect()
    await client.send('Fetch', 11, fetch(wanted, { maxWaitMs: 10_000 }))
    await client.leave()
    assert.equal(client.received.length, 0)
  }
  assert.equal(world.clockwork.timers, timers)
  await put(world.connect(), ['a'])
  world.check()
})

test('a topic that goes while somebody waits for it is an answer', async () => {
  const world = await KafkaWorld.open()
  await world.topic('t')
  const [client, other] = [world.connect(), world.connect()]
  const waiting = await client.send(
    'Fetch',
    11,
    fetch([{ topic: 't', offset: 0 }], { maxWaitMs: 9_000 }),
  )
  await other.send('DeleteTopics', 3, deleteTopics(['t']))
  assert.deepEqual(got(waiting), [{ error: 3 }])
  world.check()
})

test('a fetch whose answer can hold no more waits for no more, however much was asked for', async () => {
  const size = makeBatch([{ timestampMs: 0, value: 'a' }]).length
  const world = await KafkaWorld.open({ limits: { fetchBytes: 3 * size + 1 } })
  await world.topic('t', 2)
  const client = world.connect()
  for (const value of ['a', 'b', 'c', 'd', 'e']) await put(client, [value])
  const terms = { maxWaitMs: 500, minBytes: 100 * size }
  const at: Wanted = { topic: 't', offset: 0 }
  assert.deepEqual(await get(client, [at], terms), [[0, 1, 2]], 'the limit of the broker')
  // Half of the third would fit, and halves are not given.
  const few = { ...terms, maxBytes: 2 * size + 5 }
  assert.deepEqual(await get(client, [at], few), [[0, 1]], 'that of the request')
  assert.deepEqual(await get(client, [at], { ...terms, maxBytes: 0 }), [[0]])
})

test('a fetch waits for its least where other partitions may still bring it', async () => {
  const world = await KafkaWorld.open()
  await world.topic('t', 2)
  const [client, producer] = [world.connect(), world.connect()]
  for (const value of ['a', 'b', 'c']) await put(producer, [value])
  const size = makeBatch([{ timestampMs: 0, value: 'a' }]).length
  const wanted = [0, 1].map((partition) => {
    return { topic: 't', partition, offset: 0, maxBytes: 2 * size }
  })
  const terms = { maxWaitMs: 500, minBytes: 3 * size }
  const waiting = await client.send('Fetch', 11, fetch(wanted, terms))
  assert.equal(waiting.isAnswered, false, 'of the first partition two batches count, and no more')
  await put(producer, ['d'], { partition: 1 })
  assert.deepEqual(got(waiting), [[0, 1], [0]])
})

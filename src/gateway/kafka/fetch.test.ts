/** The way of batches out: which are given, how many, and what a client hears of trouble. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeBatch } from '../../../test/kafka/batches.ts'
import { bytesOf, get, got, partitionsOf, put } from '../../../test/kafka/consuming.ts'
import { KafkaWorld } from '../../../test/kafka/kafka-world.ts'
import { fetch, metadata, type Wanted } from '../../../test/kafka/messages.ts'
import { apis } from '../../wire/kafka/messages/apis.generated.ts'

test('a fetch gives the whole batch that holds the offset and all behind it, in every version', async () => {
  const world = await KafkaWorld.open()
  await world.topic('t')
  const client = world.connect()
  await put(client, ['a', 'b', 'c'])
  await put(client, ['d', 'e'])
  const [described] = (await client.ask('Metadata', 12, metadata(['t']))).topics
  for (let version = apis.Fetch.min; version <= apis.Fetch.max; version++) {
    const topic = version >= 13 ? described!.topicId : 't'
    for (const [offset, expected] of [
      [0, [0, 3]],
      [2, [0, 3]],
      [3, [3]],
      [4, [3]],
      [5, []],
    ] as const) {
      const asked = await client.send('Fetch', version, fetch([{ topic, offset }]))
      assert.deepEqual(got(asked), [expected], `version ${version}, offset ${offset}`)
      const [partition] = partitionsOf(asked)
      assert.equal(partition?.highWatermark, 5)
      assert.equal(partition?.lastStableOffset, 5)
      assert.equal(partition?.abortedTransactions, null)
    }
  }
})

test('an offset that is not there is out of range, at once', async () => {
  const world = await KafkaWorld.open()
  await world.topic('t')
  const client = world.connect()
  await put(client, ['a', 'b'])
  for (const offset of [-1, -2, 3, 2 ** 40]) {
    assert.deepEqual(await get(client, [{ topic: 't', offset }], { maxWaitMs: 500 }), [
      { error: 1 },
    ])
  }
})

test('what is not there is unknown, by name and by id', async () => {
  const world = await KafkaWorld.open()
  await world.topic('t')
  const client = world.connect()
  assert.deepEqual(
    await get(client, [
      { topic: 'missing', offset: 0 },
      { topic: 't', partition: 1, offset: 0 },
      { topic: 't', partition: -1, offset: 0 },
    ]),
    [{ error: 3 }, { error: 3 }, { error: 3 }],
  )
  const byId = fetch([{ topic: 'e'.repeat(32), offset: 0 }], { maxWaitMs: 500 })
  assert.deepEqual(got(await client.send('Fetch', 13, byId)), [{ error: 100 }])
})

test('a leader epoch that was never is unknown', async () => {
  const world = await KafkaWorld.open()
  await world.topic('t')
  const client = world.connect()
  assert.deepEqual(await get(client, [{ topic: 't', offset: 0, epoch: 1 }]), [{ error: 75 }])
  assert.deepEqual(await get(client, [{ topic: 't', offset: 0, epoch: 0 }]), [[]])
})

test('no records are zero bytes of records, not none', async () => {
  const world = await KafkaWorld.open()
  await world.topic('t')
  const asked = await world.connect().send('Fetch', 11, fetch([{ topic: 't', offset: 0 }]))
  assert.equal(bytesOf(partitionsOf(asked)[0]!).length, 0)
})

test('every answer says that there is no session, and one that is asked for is not found', async () => {
  const world = await KafkaWorld.open()
  await world.topic('t')
  const client = world.connect()
  const ask = async (sessionId: number, sessionEpoch: number): Promise<readonly number[]> => {
    const body = fetch([{ topic: 't', offset: 0 }], { sessionId, sessionEpoch })
    const { errorCode, sessionId: given, responses } = await client.ask('Fetch', 11, body)
    return [errorCode, given, responses.length]
  }
  assert.deepEqual(await ask(0, -1), [0, 0, 1])
  assert.deepEqual(await ask(0, 0), [0, 0, 1])
  assert.deepEqual(await ask(0, 1), [71, 0, 0])
  assert.deepEqual(await ask(7, 1), [70, 0, 0])
})

test('the first batch goes whatever its size; more only while the limits hold', async () => {
  const world = await KafkaWorld.open()
  await world.topic('t')
  await world.topic('u')
  const client = world.connect()
  for (const topic of ['t', 'u']) {
    for (let index = 0; index < 4; index++) await put(client, ['x'.repeat(100)], { topic })
  }
  const size = makeBatch([{ timestampMs: 0, value: 'x'.repeat(100) }]).length
  const both = (maxBytes: number): readonly Wanted[] => [
    { topic: 't', offset: 0, maxBytes },
    { topic: 'u', offset: 1, maxBytes },
  ]
  assert.deepEqual(await get(client, both(1)), [[0], []])
  assert.deepEqual(await get(client, both(2 * size)), [
    [0, 1],
    [1, 2],
  ])
  assert.deepEqual(await get(client, both(2 * size - 1)), [[0], [1]])
  assert.deepEqual(await get(client, both(9 * size), { maxBytes: 1 }), [[0], []])
  assert.deepEqual(await get(client, both(9 * size), { maxBytes: 5 * size }), [[0, 1, 2, 3], [1]])
  assert.deepEqual(await get(client, both(0), { maxBytes: 0 }), [[0], []])
  assert.deepEqual(await get(client, both(-1), { maxBytes: -1 }), [[0], []])
})

test('an answer holds no more than the limit of the broker, however much is asked for', async () => {
  const world = await KafkaWorld.open({ limits: { fetchBytes: 1_000 } })
  await world.topic('t')
  const client = world.connect()
  for (let index = 0; index < 20; index++) await put(client, ['x'.repeat(100)])
  const [offsets] = await get(client, [{ topic: 't', offset: 0, maxBytes: 2 ** 31 - 1 }])
  assert.ok(Array.isArray(offsets) && offsets.length > 1 && offsets.length < 8)
})

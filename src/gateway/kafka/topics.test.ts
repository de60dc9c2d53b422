/** Topics: made, described, deleted, and where their partitions begin and end. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeBatch, seal } from '../../../test/kafka/batches.ts'
import type { KafkaClient } from '../../../test/kafka/kafka-client.ts'
import { KafkaWorld } from '../../../test/kafka/kafka-world.ts'
import {
  createTopics,
  deleteTopics,
  fetch,
  listOffsets,
  metadata,
  type NewTopic,
  produce,
} from '../../../test/kafka/messages.ts'
import { apis } from '../../wire/kafka/messages/apis.generated.ts'
import { NO_UUID } from '../../wire/kafka/reader.ts'

async function errorOfMaking(client: KafkaClient, topic: NewTopic, version = 7): Promise<number> {
  const { topics } = await client.ask('CreateTopics', version, createTopics([topic]))
  assert.equal(topics.length, 1)
  return topics[0]!.errorCode
}

test('a topic is made in every version, and each client is told where it is', async () => {
  const world = await KafkaWorld.open({ options: { partitions: 3 } })
  const client = world.connect()
  for (let version = apis.CreateTopics.min; version <= apis.CreateTopics.max; version++) {
    const name = `t${version}`
    assert.equal(await errorOfMaking(client, { name, partitions: 2, replicas: 1 }, version), 0)
  }
  const made = await client.ask('CreateTopics', 7, createTopics([{ name: 'usual' }]))
  assert.equal(made.topics[0]?.numPartitions, 3)
  assert.equal(made.topics[0]?.replicationFactor, 1)
  for (let version = 0; version <= apis.Metadata.max; version++) {
    const answer = await client.ask('Metadata', version, metadata(['usual', 't2']))
    assert.deepEqual(
      answer.brokers.map(({ nodeId, host, port }) => [nodeId, host, port]),
      [[1, '127.0.0.1', 9092]],
    )
    assert.deepEqual(
      answer.topics.map(({ name, errorCode, partitions }) => [name, errorCode, partitions.length]),
      [
        ['usual', 0, 3],
        ['t2', 0, 2],
      ],
    )
    if (version >= 10) assert.equal(answer.topics[0]?.topicId, made.topics[0]?.topicId)
    for (const { leaderId, replicaNodes, isrNodes } of answer.topics[0]!.partitions) {
      assert.deepEqual([leaderId, replicaNodes, isrNodes], [1, [1], [1]])
    }
  }
})

test('no topics, all topics, and none at all are told apart by version', async () => {
  const world = await KafkaWorld.open()
  for (const name of ['a', 'b']) await world.topic(name)
  const client = world.connect()
  const count = async (version: number, names: readonly string[] | null): Promise<number> => {
    return (await client.ask('Metadata', version, metadata(names))).topics.length
  }
  assert.equal(await count(0, []), 2)
  for (const version of [1, 5, 9, 13]) {
    assert.equal(await count(version, []), 0)
    assert.equal(await count(version, null), 2)
  }
})

test('the address that clients are told is the one they dialled, or the one that is advertised', async () => {
  const advertised = { host: 'broker.example', port: 1234 }
  const world = await KafkaWorld.open({ options: { advertised } })
  const client = world.connect()
  const { brokers } = await client.ask('Metadata', 9, metadata([]))
  assert.deepEqual([brokers[0]?.host, brokers[0]?.port], ['broker.example', 1234])
  for (let version = 0; version <= apis.FindCoordinator.max; version++) {
    const body = { key: 'g', keyType: 0, coordinatorKeys: ['g', 'h'] }
    const answer = await client.ask('FindCoordinator', version, body)
    const places = version >= 4 ? answer.coordinators : [answer]
    assert.equal(places.length, version >= 4 ? 2 : 1)
    for (const { host, port, errorCode } of places) {
      assert.deepEqual([host, port, errorCode], ['broker.example', 1234, 0])
    }
  }
})

test('a coordinator of transactions is not to be had', async () => {
  const world = await KafkaWorld.open()
  const client = world.connect()
  const body = { key: 'tx', keyType: 1, coordinatorKeys: ['tx'] }
  assert.equal((await client.ask('FindCoordinator', 2, body)).errorCode, 42)
  assert.equal((await client.ask('FindCoordinator', 4, body)).coordinators[0]?.errorCode, 42)
})

test('who asks for a topic by name makes it, where both sides allow that', async () => {
  for (const autoCreate of ['on', 'off'] as const) {
    const world = await KafkaWorld.open({ options: { autoCreate, partitions: 2 } })
    const client = world.connect()
    const look = await client.ask('Metadata', 9, metadata(['wanted']))
    assert.equal(look.topics[0]?.errorCode, 3)
    const make = await client.ask('Metadata', 9, metadata(['wanted', 'wanted', 'bad name'], 'make'))
    const expected = autoCreate === 'on' ? [0, 0, 17] : [3, 3, 17]
    assert.deepEqual(
      make.topics.map(({ errorCode }) => errorCode),
      expected,
    )
    const { streams } = world.broker.namespace('/')!
    assert.equal(streams.get('wanted')?.partitions.length, autoCreate === 'on' ? 2 : undefined)
    await client.ask('Metadata', 9, metadata(null, 'make'))
    assert.equal(streams.size, autoCreate === 'on' ? 1 : 0)
  }
})

test('versions before the question was asked make topics too', async () => {
  const world = await KafkaWorld.open()
  const { topics } = await world.connect().ask('Metadata', 1, metadata(['old'], 'make'))
  assert.equal(topics[0]?.errorCode, 0)
})

test('an unknown id is an error of its own', async () => {
  const world = await KafkaWorld.open()
  const { topics } = await world.connect().ask('Metadata', 12, metadata(['a'.repeat(32)], 'make'))
  assert.deepEqual([topics[0]?.errorCode, topics[0]?.name], [100, null])
})

test('what cannot be made is refused by name, and the rest of the request is done', async () => {
  const world = await KafkaWorld.open()
  await world.topic('there')
  const client = world.connect()
  const here = (brokerIds: number[], partitionIndex = 0) => [{ partitionIndex, brokerIds }]
  const cases: readonly (readonly [NewTopic, number])[] = [
    [{ name: 'there' }, 36],
    [{ name: '' }, 17],
    [{ name: '.' }, 17],
    [{ name: '..' }, 17],
    [{ name: 'a b' }, 17],
    [{ name: 'a'.repeat(250) }, 17],
    [{ name: 'zero', partitions: 0 }, 37],
    [{ name: 'less', partitions: -2 }, 37],
    [{ name: 'many', partitions: 2 ** 31 - 1 }, 37],
    [{ name: 'copies', replicas: 3 }, 38],
    [{ name: 'none', replicas: 0 }, 38],
    [{ name: 'both', partitions: 1, replicas: 1, assignments: here([1]) }, 42],
    [{ name: 'elsewhere', assignments: here([2]) }, 39],
    [{ name: 'gap', assignments: here([1], 1) }, 39],
    [{ name: 'compact', configs: { 'cleanup.policy': 'compact' } }, 40],
    [{ name: 'unknown', configs: { 'no.such.setting': '1' } }, 40],
    [{ name: 'odd', configs: { 'naru.durability': 'disk' } }, 40],
    [{ name: 'synced', configs: { 'naru.durability': 'fsync' } }, 40],
    [{ name: 'twice' }, 42],
    [{ name: 'twice' }, 42],
    [{ name: 'a'.repeat(249) }, 0],
    [{ name: 'assigned', assignments: here([1]) }, 0],
    [{ name: 'delete', configs: { 'cleanup.policy': 'delete', 'retention.ms': null } }, 0],
  ]
  const body = createTopics(cases.map(([topic]) => topic))
  const { topics } = await client.ask('CreateTopics', 7, body)
  assert.deepEqual(
    topics.map(({ name, errorCode }) => [name, errorCode]),
    cases.map(([{ name }, error]) => [name, error]),
  )
  assert.equal(world.broker.namespace('/')?.streams.size, 4)
})

test('a request that only validates says the same and makes nothing', async () => {
  const world = await KafkaWorld.open()
  await world.topic('there')
  const client = world.connect()
  const asked = [{ name: 'new', partitions: 2 }, { name: 'there' }, { name: 'a b' }]
  const { topics } = await client.ask('CreateTopics', 7, createTopics(asked, 'validate'))
  assert.deepEqual(
    topics.map(({ errorCode }) => errorCode),
    [0, 36, 17],
  )
  assert.deepEqual([topics[0]?.numPartitions, topics[0]?.topicId], [2, NO_UUID])
  assert.equal(world.broker.namespace('/')?.streams.size, 1)
})

test('a request of very many topics does not stop the broker', async () => {
  const world = await KafkaWorld.open()
  const client = world.connect()
  // Were each compared with each other, this would take longer than a test may.
  const asked = Array.from({ length: 250_000 }, (_, index) => ({ name: `t${index}` }))
  const { topics } = await client.ask('CreateTopics', 7, createTopics(asked, 'validate'))
  assert.ok(topics.every(({ errorCode }) => errorCode === 0))
})

test('a topic is deleted by name and by id, durably, and its records with it', async () => {
  const world = await KafkaWorld.open({ on: 'disk' })
  const client = world.connect()
  for (let version = apis.DeleteTopics.min; version <= apis.DeleteTopics.max; version++) {
    await world.topic('t')
    const body = deleteTopics(['t', 'missing'])
    const { responses } = await client.ask('DeleteTopics', version, body)
    assert.deepEqual(
      responses.map(({ errorCode }) => errorCode),
      [0, 3],
      `version ${version}`,
    )
    assert.equal(world.broker.namespace('/')?.streams.size, 0)
  }
  await world.topic('t')
  const [described] = (await client.ask('Metadata', 12, metadata(['t']))).topics
  const byId = deleteTopics([described!.topicId, 'b'.repeat(32)])
  world.syncMs = 5
  const asked = await client.send('DeleteTopics', 6, byId)
  assert.equal(asked.isAnswered, false)
  await world.pass(20)
  assert.deepEqual(
    asked.answer.responses.map(({ errorCode, name }) => [errorCode, name]),
    [
      [0, 't'],
      [100, null],
    ],
  )
})

test('a topic that is made again is another one: its id is new and its offsets begin at 0', async () => {
  const world = await KafkaWorld.open()
  const client = world.connect()
  const ids = new Set<string>()
  for (let round = 0; round < 3; round++) {
    const made = await client.ask('CreateTopics', 7, createTopics([{ name: 't' }]))
    ids.add(made.topics[0]!.topicId)
    const records = makeBatch([{ timestampMs: 0, value: 'a' }])
    const { responses } = await client.ask('Produce', 9, produce([{ topic: 't', records }]))
    assert.equal(responses[0]?.partitionResponses[0]?.baseOffset, 0)
    await client.ask('DeleteTopics', 6, deleteTopics(['t']))
  }
  assert.equal(ids.size, 3)
  for (const id of ids) {
    const { topics } = await client.ask('Metadata', 12, metadata([id]))
    assert.equal(topics[0]?.errorCode, 100)
  }
})

/** Offset and time that are found for a time. */
async function find(
  client: KafkaClient,
  timestamp: number,
  version = 7,
): Promise<readonly [offset: number, timestampMs: number]> {
  const { topics } = await client.ask(
    'ListOffsets',
    version,
    listOffsets([{ topic: 't', timestamp }]),
  )
  const [found] = topics[0]!.partitions
  assert.equal(found?.errorCode, 0)
  return [found.offset, found.timestamp]
}

async function putTimes(client: KafkaClient, times: readonly number[]): Promise<void> {
  const records = makeBatch(times.map((timestampMs) => ({ timestampMs, value: 'x' })))
  await client.ask('Produce', 7, produce([{ topic: 't', records }]))
}

test('the first and the next offset are found in every version', async () => {
  const world = await KafkaWorld.open()
  await world.topic('t')
  const client = world.connect()
  for (let version = apis.ListOffsets.min; version <= apis.ListOffsets.max; version++) {
    const next = 2 * (version - apis.ListOffsets.min)
    assert.deepEqual(await find(client, -1, version), [next, -1])
    assert.deepEqual(await find(client, -2, version), [0, -1])
    await putTimes(client, [10, 20])
  }
})

test('the next offset is the one behind what is synced', async () => {
  const world = await KafkaWorld.open({ on: 'disk' })
  await world.topic('t')
  const [client, producer] = [world.connect(), world.connect()]
  await putTimes(producer, [10, 20])
  world.syncMs = 5
  const records = makeBatch([{ timestampMs: 30, value: 'x' }])
  await producer.send('Produce', 7, produce([{ topic: 't', records }]))
  assert.deepEqual(await find(client, -1), [2, -1])
  assert.deepEqual(await find(client, 30), [-1, -1])
  assert.deepEqual(await find(client, -3), [1, 20])
  await world.pass(20)
  assert.deepEqual(await find(client, -1), [3, -1])
  assert.deepEqual(await find(client, 30), [2, 30])
})

test('a time finds the first record that is not older, whatever the order of times', async () => {
  const world = await KafkaWorld.open()
  await world.topic('t')
  const client = world.connect()
  assert.deepEqual(await find(client, 0), [-1, -1], 'nothing is there')
  assert.deepEqual(await find(client, -3), [-1, -1])
  await putTimes(client, [100, 300, 200])
  await putTimes(client, [250, 50])
  await putTimes(client, [400, 500])
  assert.deepEqual(await find(client, 0), [0, 100])
  assert.deepEqual(await find(client, 100), [0, 100])
  assert.deepEqual(await find(client, 101), [1, 300])
  assert.deepEqual(await find(client, 301), [5, 400])
  assert.deepEqual(await find(client, 401), [6, 500])
  assert.deepEqual(await find(client, 501), [-1, -1])
  assert.deepEqual(await find(client, -3), [6, 500], 'the newest')
})

test('in a compressed batch a time finds its first record', async () => {
  const world = await KafkaWorld.open()
  await world.topic('t')
  const client = world.connect()
  await putTimes(client, [10])
  const records = Buffer.from(
    makeBatch([100, 300].map((timestampMs) => ({ timestampMs, value: 'x' }))),
  )
  records.writeInt16BE(1, 21)
  await client.ask('Produce', 7, produce([{ topic: 't', records: seal(records) }]))
  const [offset] = await find(client, 200)
  assert.equal(offset, 1)
})

test('a question that has no answer is an error of its partition', async () => {
  const world = await KafkaWorld.open()
  await world.topic('t')
  const client = world.connect()
  const asked = [
    { topic: 't', timestamp: -99 },
    { topic: 't', partition: 1, timestamp: -1 },
    { topic: 'missing', timestamp: -1 },
    { topic: 't', timestamp: -1 },
  ]
  const { topics } = await client.ask('ListOffsets', 7, listOffsets(asked))
  assert.deepEqual(
    topics.map(({ partitions }) => partitions[0]?.errorCode),
    [35, 3, 3, 0],
  )
})

test('a time that means something else does so from the version on that knows it', async () => {
  const world = await KafkaWorld.open()
  await world.topic('t')
  const client = world.connect()
  const since: Readonly<Record<string, number>> = {
    '-1': 1,
    '-2': 1,
    '-3': 7,
    '-4': 8,
    '-5': 9,
    '-6': 11,
  }
  for (let version = apis.ListOffsets.min; version <= apis.ListOffsets.max; version++) {
    for (const [timestamp, first] of Object.entries(since)) {
      const body = listOffsets([{ topic: 't', timestamp: Number(timestamp) }])
      const { topics } = await client.ask('ListOffsets', version, body)
      const expected = version >= first ? 0 : 35
      assert.equal(topics[0]?.partitions[0]?.errorCode, expected, `${timestamp} in ${version}`)
    }
  }
})

test('a topic is there when its maker hears of it, and its maker hears when it is synced', async () => {
  const world = await KafkaWorld.open({ on: 'disk' })
  const [admin, client] = [world.connect(), world.connect()]
  world.syncMs = 5
  const made = await admin.send('CreateTopics', 7, createTopics([{ name: 'made' }]))
  const wanted = await client.send('Metadata', 9, metadata(['wanted'], 'make'))
  await world.pass(4)
  assert.equal(made.isAnswered || wanted.isAnswered, false)
  await world.pass(20)
  assert.equal(made.answer.topics[0]?.errorCode, 0)
  assert.deepEqual(
    wanted.answer.topics.map(({ errorCode, partitions }) => [errorCode, partitions[0]?.leaderId]),
    [[0, 1]],
  )
})

test('the first offset is that of the first record that is left', async () => {
  const world = await KafkaWorld.open()
  await world.topic('t')
  const client = world.connect()
  for (const timestampMs of [10, 20, 30]) await putTimes(client, [timestampMs, timestampMs])
  const partition = world.broker.namespace('/')!.streams.get('t')!.partitions[0]!
  world.broker.machine.cut(partition, 2)
  assert.deepEqual(await find(client, -2), [2, -1])
  assert.deepEqual(await find(client, 0), [2, 20])
  const errors = [0, 1, 2].map((offset) => fetch([{ topic: 't', offset }]))
  const codes: (number | undefined)[] = []
  for (const body of errors) {
    const { responses } = await client.ask('Fetch', 11, body)
    codes.push(responses[0]?.partitions[0]?.errorCode)
  }
  assert.deepEqual(codes, [1, 1, 0])
})

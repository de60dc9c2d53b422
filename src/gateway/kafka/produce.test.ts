/** The way of batches in: where they go, when they are acknowledged, and what is refused. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seal } from '../../../test/kafka/batches.ts'
import { batchOf, outcomes } from '../../../test/kafka/consuming.ts'
import type { KafkaClient } from '../../../test/kafka/kafka-client.ts'
import { KafkaWorld } from '../../../test/kafka/kafka-world.ts'
import { fetch, metadata, type Produced, produce } from '../../../test/kafka/messages.ts'
import { apis } from '../../wire/kafka/messages/apis.generated.ts'
import { kafkaLimits } from './limits.ts'

/** Changes a sound batch and seals it anew. */
function changed(change: (batch: Buffer) => void): Uint8Array {
  const batch = batchOf('a', 'b')
  change(batch)
  return seal(batch)
}

async function errorFor(
  client: KafkaClient,
  records: Uint8Array | null,
  version = 9,
): Promise<number | undefined> {
  const { responses } = await client.ask('Produce', version, produce([{ topic: 't', records }]))
  return responses[0]?.partitionResponses[0]?.errorCode
}

/** What a consumer finds in partition 0. */
async function stored(world: KafkaWorld): Promise<Buffer> {
  const answer = await world.connect().ask('Fetch', 4, fetch([{ topic: 't', offset: 0 }]))
  const records = answer.responses[0]?.partitions[0]?.records
  assert.ok(records !== null && records !== undefined && 'bytes' in records)
  return Buffer.from(records.bytes as Uint8Array)
}

test('a batch is stored as it came but for its place in the log, in every version', async () => {
  const world = await KafkaWorld.open()
  await world.topic('t')
  const client = world.connect()
  const [described] = (await client.ask('Metadata', 12, metadata(['t']))).topics
  let offset = 0
  for (let version = apis.Produce.min; version <= apis.Produce.max; version++) {
    const topic = version >= 13 ? described!.topicId : 't'
    const records = batchOf('a', 'b', `version ${version}`)
    const asked = await client.send('Produce', version, produce([{ topic, records }]))
    assert.deepEqual(outcomes(asked), [[0, offset]])
    const all = await stored(world)
    const last = all.subarray(all.length - records.length)
    assert.equal(last.readBigInt64BE(0), BigInt(offset))
    assert.equal(last.readInt32BE(12), 0, 'the leader epoch')
    last.subarray(0, 8).fill(0)
    last.writeInt32BE(-1, 12)
    assert.deepEqual(last, records)
    offset += 3
  }
})

test('several partitions of several topics are answered each for itself, in their order', async () => {
  const world = await KafkaWorld.open()
  await world.topic('t', 2)
  await world.topic('u')
  const client = world.connect()
  const records = batchOf('a', 'b')
  const broken = batchOf('a')
  broken[67]! ^= 1
  const produced: Produced[] = [
    { topic: 'u', records },
    { topic: 't', partition: 1, records },
    { topic: 't', partition: 2, records },
    { topic: 't', partition: -1, records },
    { topic: 'missing', records },
    { topic: 't', partition: 0, records: broken },
    { topic: 'u', records },
  ]
  const asked = await client.send('Produce', 8, produce(produced))
  assert.deepEqual(outcomes(asked), [
    [0, 0],
    [0, 0],
    [3, -1],
    [3, -1],
    [3, -1],
    [2, -1],
    [0, 2],
  ])
  assert.equal(world.broker.namespace('/')?.streams.has('missing'), false, 'nothing is made')
})

test('a topic id that nobody has is unknown as an id', async () => {
  const world = await KafkaWorld.open()
  const topic = 'f'.repeat(32)
  const client = world.connect()
  const asked = await client.send('Produce', 13, produce([{ topic, records: batchOf('a') }]))
  assert.deepEqual(outcomes(asked), [[100, -1]])
})

const [CORRUPT, TOO_LARGE, TIMESTAMP, FORMAT, TXN, CODEC, RECORD] = [2, 10, 32, 43, 48, 76, 87]

test('a batch that is cut, or hurt at any byte, is corrupt', async () => {
  const world = await KafkaWorld.open()
  await world.topic('t')
  const client = world.connect()
  const sound = batchOf('a')
  for (let size = 1; size < sound.length; size++) {
    assert.equal(await errorFor(client, sound.subarray(0, size)), CORRUPT, `${size} bytes`)
  }
  for (let at = 17; at < sound.length; at++) {
    const flipped = batchOf('a')
    flipped[at]! ^= 0x10
    assert.equal(await errorFor(client, flipped), CORRUPT, `byte ${at}`)
  }
})

test('batches that are not sound are refused by name', async () => {
  const world = await KafkaWorld.open({ brokerLimits: { batchBytes: 10_000 } })
  await world.topic('t')
  const client = world.connect()
  const ahead = BigInt(kafkaLimits.timestampAheadMs)
  const cases: Readonly<Record<string, readonly [error: number, records: Uint8Array | null]>> = {
    'no records': [RECORD, null],
    'no bytes': [RECORD, new Uint8Array(0)],
    'two batches': [RECORD, Buffer.concat([batchOf('a'), batchOf('b')])],
    'too large': [TOO_LARGE, batchOf('x'.repeat(10_000))],
    'format 0': [RECORD, changed((batch) => batch.writeInt8(0, 16))],
    'format 1': [RECORD, changed((batch) => batch.writeInt8(1, 16))],
    'format 3': [RECORD, changed((batch) => batch.writeInt8(3, 16))],
    'codec 5': [CODEC, changed((batch) => batch.writeInt16BE(5, 21))],
    'codec 7': [CODEC, changed((batch) => batch.writeInt16BE(7, 21))],
    'append time': [TIMESTAMP, changed((batch) => batch.writeInt16BE(0x08, 21))],
    transactional: [TXN, changed((batch) => batch.writeInt16BE(0x10, 21))],
    control: [RECORD, changed((batch) => batch.writeInt16BE(0x20, 21))],
    'offsets with gaps': [RECORD, changed((batch) => batch.writeInt32BE(5, 23))],
    'no record': [RECORD, changed((batch) => batch.writeInt32BE(0, 57))],
    idempotent: [FORMAT, changed((batch) => batch.writeBigInt64BE(0n, 43))],
    'ahead of time': [TIMESTAMP, changed((batch) => batch.writeBigInt64BE(ahead + 1n, 35))],
    'before time': [TIMESTAMP, changed((batch) => batch.writeBigInt64BE(-2n, 35))],
    'just in time': [0, changed((batch) => batch.writeBigInt64BE(ahead, 35))],
    'without time': [0, changed((batch) => batch.writeBigInt64BE(-1n, 35))],
  }
  for (const [name, [error, records]] of Object.entries(cases)) {
    assert.equal(await errorFor(client, records), error, name)
  }
  assert.equal(world.broker.namespace('/')?.streams.get('t')?.partitions[0]?.nextOffset, 4)
})

test('a batch that claims more records than it has bytes for is refused', async () => {
  const world = await KafkaWorld.open()
  await world.topic('t')
  const client = world.connect()
  for (const count of [30, 2 ** 31 - 1]) {
    const records = changed((batch) => {
      batch.writeInt32BE(count - 1, 23)
      batch.writeInt32BE(count, 57)
    })
    assert.equal(await errorFor(client, records), 87)
  }
})

test('offsets end where they could not be kept any more', async () => {
  const world = await KafkaWorld.open()
  await world.topic('t')
  const partition = world.broker.namespace('/')!.streams.get('t')!.partitions[0]!
  partition.restoreEnds(0, 2 ** 48 - 4)
  const client = world.connect()
  assert.equal(await errorFor(client, batchOf('a', 'b')), 0)
  assert.equal(await errorFor(client, batchOf('c')), 87)
})

test('zstd is taken from version 7 on, the other codecs always', async () => {
  const world = await KafkaWorld.open()
  await world.topic('t')
  const client = world.connect()
  for (const codec of [1, 2, 3]) {
    assert.equal(
      await errorFor(
        client,
        changed((batch) => batch.writeInt16BE(codec, 21)),
        3,
      ),
      0,
    )
  }
  const zstd = changed((batch) => batch.writeInt16BE(4, 21))
  assert.equal(await errorFor(client, zstd, 6), 76)
  assert.equal(await errorFor(client, zstd, 7), 0)
})

test('transactions are not served: what belongs to one is refused, and nothing of it stored', async () => {
  const world = await KafkaWorld.open()
  await world.topic('t')
  const client = world.connect()
  const body = produce([{ topic: 't', records: batchOf('a') }], { transactionalId: 'tx' })
  assert.deepEqual(outcomes(await client.send('Produce', 9, body)), [[48, -1]])
  assert.equal((await stored(world)).length, 0)
})

test('an unknown number of acks is refused', async () => {
  const world = await KafkaWorld.open()
  await world.topic('t')
  const client = world.connect()
  for (const acks of [-2, 2, 3, 32_767]) {
    const asked = await client.send(
      'Produce',
      9,
      produce([{ topic: 't', records: batchOf('a') }], { acks }),
    )
    assert.deepEqual(outcomes(asked), [[21, -1]])
  }
})

test('with acks=0 nothing is answered, and what follows is', async () => {
  const world = await KafkaWorld.open()
  await world.topic('t')
  const client = world.connect()
  for (const value of ['a', 'b']) {
    await client.tell('Produce', 7, produce([{ topic: 't', records: batchOf(value) }], { acks: 0 }))
  }
  assert.equal(client.received.length, 0)
  const asked = await client.send('Produce', 7, produce([{ topic: 't', records: batchOf('c') }]))
  assert.deepEqual(outcomes(asked), [[0, 2]])
})

test('with acks=0 an error can only be told by ending the connection', async () => {
  const world = await KafkaWorld.open()
  await world.topic('t')
  for (const produced of [
    { topic: 'missing', records: batchOf('a') },
    { topic: 't', records: null },
  ]) {
    const client = world.connect()
    await client.tell('Produce', 7, produce([produced], { acks: 0 }))
    assert.equal(client.state, 'destroyed')
    assert.equal(client.received.length, 0)
  }
  world.check()
})

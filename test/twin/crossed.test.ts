/** A stream is one stream: what a Kafka client wrote a program reads, and the other way round. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { Broker } from '../../src/api/broker.ts'
import { RecordsUnreadable } from '../../src/api/errors.ts'
import type { BrokerRecord } from '../../src/api/record.ts'
import { nodeWorld } from '../../src/node/world.ts'
import { judgeBatch, readStoredBatch } from '../../src/wire/kafka/batch.ts'
import { errorCodes } from '../../src/wire/kafka/error-codes.ts'
import { readRecords, recordBytesOf } from '../../src/wire/kafka/read-records.ts'
import { writeRecords } from '../../src/wire/kafka/write-records.ts'
import { seal } from '../kafka/batches.ts'
import { KafkaClient } from '../kafka/raw-client.ts'

const rules = { sizeBytesMax: 1_000_000, produceVersion: 9, timestampMax: Number.MAX_SAFE_INTEGER }
const CODEC_AT = 22

async function crossing(
  use: (broker: Broker, client: KafkaClient) => Promise<void>,
): Promise<void> {
  const broker = await Broker.open({ listen: { kafka: 0 } })
  const port = Number(broker.urls.kafka!.split(':')[1])
  const { net, disk } = nodeWorld()
  const client = await KafkaClient.connect(net, { kind: 'tcp', host: '127.0.0.1', port })
  try {
    await use(broker, client)
  } finally {
    client.drop()
    await broker.close()
    await disk.close()
  }
}

async function read(broker: Broker, stream: string, count: number): Promise<BrokerRecord[]> {
  const records: BrokerRecord[] = []
  for await (const record of (await broker.stream(stream)).read()) {
    records.push(record)
    if (records.length === count) break
  }
  return records
}

/** The batch with its records in another form, and the number of that form. */
function compressed(
  batch: Uint8Array,
  codec: number,
  form: (bytes: Uint8Array) => Uint8Array,
): Uint8Array {
  const whole = Buffer.concat([batch.subarray(0, 61), form(recordBytesOf(batch))])
  whole.writeInt32BE(whole.length - 12, 8)
  whole[CODEC_AT] = codec
  return seal(whole)
}

const three = [
  { timestampMs: 1_500, key: Buffer.from('k'), value: Buffer.from('one'), headers: [] },
  { timestampMs: 1_400, key: null, value: null, headers: [{ name: 'h', value: Buffer.from('v') }] },
  { timestampMs: -1, key: null, value: Buffer.alloc(0), headers: [{ name: 'h', value: null }] },
]

const INVALID_RECORD = 87

test('a program reads what a Kafka client wrote: keys, headers, times and tombstones', () =>
  crossing(async (broker, client) => {
    await client.createTopic('facts', 1)
    await client.produce('facts', [{ partition: 0, bytes: writeRecords(three) }])
    const [one, two, last] = await read(broker, 'facts', 3)
    assert.deepEqual([one!.offset, one!.text(), one!.kind, one!.timeMs], [0, 'one', 'bytes', 1_500])
    assert.deepEqual([String.fromCharCode(...one!.key!), one!.isTombstone], ['k', false])
    assert.deepEqual([two!.offset, two!.bytes.length, two!.isTombstone], [1, 0, true])
    assert.deepEqual(two!.headers, [{ name: 'h', value: new Uint8Array(Buffer.from('v')) }])
    assert.deepEqual([last!.isTombstone, last!.headers[0]!.value], [false, null])
    assert(last!.timeMs > 1_500, 'without a time of its own it has that of the broker')
  }))

test('a program reads compressed records where Node can inflate them, and hears where not', () =>
  crossing(async (broker, client) => {
    await client.createTopic('zipped', 1)
    const batch = writeRecords(three)
    await client.produce('zipped', [{ partition: 0, bytes: compressed(batch, 1, gzipSync) }])
    const records = await read(broker, 'zipped', 3)
    assert.deepEqual(
      records.map((each) => each.text()),
      ['one', '', ''],
    )
    for (const [codec, name] of [
      [2, 'snappy'],
      [3, 'lz4'],
    ] as const) {
      await client.createTopic(name, 1)
      const bytes = compressed(batch, codec, (inside) => inside)
      await client.produce(name, [{ partition: 0, bytes }])
      const message = new RegExp(`offsets 0 to 2: compressed with ${name}, `)
      const error = { name: 'RecordsUnreadable', code: 'RECORDS_UNREADABLE', message }
      await assert.rejects(read(broker, name, 1), error)
    }
  }))

test('a group passes over what cannot be read here: the error says where that ends', () =>
  crossing(async (broker, client) => {
    await client.createTopic('mixed', 1)
    const unreadable = compressed(writeRecords(three), 3, (inside) => inside)
    const readable = writeRecords(three.slice(0, 1))
    await client.produce('mixed', [{ partition: 0, bytes: unreadable }])
    await client.produce('mixed', [{ partition: 0, bytes: readable }])
    const stream = await broker.stream('mixed')
    const readOne = async (): Promise<string> => {
      for await (const record of stream.read({ group: 'g' })) return record.text()
      return ''
    }
    const error = await readOne().catch((reason: unknown) => reason)
    assert(error instanceof RecordsUnreadable)
    assert.deepEqual([error.partition, error.offset, error.next], [0, 0, 3])
    await stream.moveGroup('g', error.next)
    assert.equal(await readOne(), 'one')
  }))

test('a program hears of records that are none, or grow beyond measure', () =>
  crossing(async (broker, client) => {
    const bomb = (): Uint8Array => gzipSync(Buffer.alloc(40_000_000))
    const forms = { bomb, torn: () => Buffer.from('no gzip') }
    for (const [name, form] of Object.entries(forms)) {
      await client.createTopic(name, 1)
      const bytes = compressed(writeRecords(three), 1, form)
      const [done] = await client.produce(name, [{ partition: 0, bytes }])
      assert.equal(done!.error, 0)
      await assert.rejects(read(broker, name, 1), { code: 'RECORDS_UNREADABLE' })
    }
    await client.createTopic('garbled', 1)
    const bytes = compressed(writeRecords(three), 0, () => Buffer.from('no records'))
    const [refused] = await client.produce('garbled', [{ partition: 0, bytes }])
    assert.equal(refused!.error, INVALID_RECORD, 'what can be seen at once is refused at once')
  }))

test('a group reads a Kafka batch in pieces, and goes on where it was', () =>
  crossing(async (broker, client) => {
    await client.createTopic('facts', 1)
    await client.produce('facts', [
      { partition: 0, bytes: compressed(writeRecords(three), 1, gzipSync) },
    ])
    const stream = await broker.stream('facts')
    for (const offset of [0, 1, 2]) {
      const batches = stream.readBatches({ group: 'g', recordsMax: 1 })
      const { value, done } = await batches.next()
      assert(done !== true)
      assert.deepEqual(
        value.records.map((each) => each.offset),
        [offset],
      )
      await value.commit()
      await batches.return(undefined)
    }
    assert.equal(await client.committed('g', 'facts', 0), 3)
  }))

test('a Kafka client fetches what a program appended: sound batches at the same offsets', () =>
  crossing(async (broker, client) => {
    const stream = await broker.stream('mixed', { partitions: 1 })
    await stream.appendMany([
      { body: 'one', key: 'k', timeMs: 2_000 },
      { body: { two: 2 }, timeMs: 1_900 },
    ])
    await client.produce('mixed', [{ partition: 0, bytes: writeRecords(three) }])
    await stream.append({ body: Uint8Array.of(3), timeMs: 3_000 })
    const { error, end, bytes } = await client.fetch('mixed', { partition: 0, offset: 1 })
    assert.deepEqual([error, end], [0, 6])
    const found: [number, string, number][] = []
    for (let at = 0; at < bytes.length; ) {
      const { sizeBytes } = readStoredBatch(bytes.subarray(at))
      const batch = bytes.slice(at, at + sizeBytes)
      assert(!('error' in judgeBatch(batch, rules)), 'a batch that a client may check')
      const base = Number(Buffer.from(batch).readBigInt64BE(0))
      for (const [index, record] of readRecords(
        recordBytesOf(batch),
        readStoredBatch(batch),
      ).entries()) {
        found.push([
          base + index,
          Buffer.from(record.value ?? []).toString('latin1'),
          record.timestampMs,
        ])
      }
      at += sizeBytes
    }
    assert.deepEqual(found, [
      [0, 'one', 2_000],
      [1, '{"two":2}', 1_900],
      [2, 'one', 1_500],
      [3, '', 1_400],
      [4, '', -1],
      [5, '\x03', 3_000],
    ])
  }))

test('a time is found among the records that a program appended', () =>
  crossing(async (broker, client) => {
    const stream = await broker.stream('timed', { partitions: 1 })
    await stream.appendMany([1_000, 3_000, 2_000].map((timeMs) => ({ body: 'x', timeMs })))
    const place = { partition: 0, timeMs: 1_500 }
    assert.deepEqual(await client.offsetAt('timed', place), { offset: 1, timeMs: 3_000 })
  }))

test('converted batches keep to what the client takes, but for the first', () =>
  crossing(async (broker, client) => {
    const stream = await broker.stream('small', { partitions: 1 })
    for (let count = 0; count < 4; count++) await stream.append({ body: 'x', timeMs: 1_000 })
    const one = await client.fetch('small', { partition: 0, offset: 0, bytesMax: 70 })
    assert.equal(readStoredBatch(one.bytes).sizeBytes, one.bytes.length, 'one batch')
    const two = await client.fetch('small', { partition: 0, offset: 1, bytesMax: 160 })
    assert.equal(readStoredBatch(two.bytes).sizeBytes * 2, two.bytes.length, 'two of them')
    assert.equal(
      (await client.fetch('small', { partition: 0, offset: 9 })).error,
      errorCodes.OFFSET_OUT_OF_RANGE,
    )
  }))

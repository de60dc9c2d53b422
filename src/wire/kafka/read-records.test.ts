/** Records read back as they were written, and bytes that are none are faults. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { makeBatch } from '../../../test/kafka/batches.ts'
import { Fault } from '../../base/fault.ts'
import { judgeBatch, readStoredBatch } from './batch.ts'
import { type KafkaRecord, readRecords, recordBytesOf } from './read-records.ts'
import { findRecordByTime } from './records.ts'
import { writeRecords } from './write-records.ts'

const rules = { sizeBytesMax: 1_000_000, produceVersion: 9, timestampMax: Number.MAX_SAFE_INTEGER }

function readBack(batch: Uint8Array): KafkaRecord[] {
  return readRecords(recordBytesOf(new Uint8Array(batch)), readStoredBatch(batch))
}

/** An object as a literal makes it. */
function whole<T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(fields, { noNullPrototype: true })
}

const bytes = fc.uint8Array({ maxLength: 40 })
const nullable = fc.option(bytes)
const record: fc.Arbitrary<KafkaRecord> = whole({
  timestampMs: fc.integer({ min: -1, max: 2 ** 46 }),
  key: nullable,
  value: nullable,
  headers: fc.array(whole({ name: fc.string({ unit: 'grapheme' }), value: nullable }), {
    maxLength: 3,
  }),
})

test('every record comes back as it was written, in a batch that a broker takes', () => {
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 20 }), (records) => {
      const batch = writeRecords(records)
      const verdict = judgeBatch(batch, rules)
      assert('count' in verdict, 'a sound batch')
      assert.equal(verdict.count, records.length)
      assert.equal(verdict.timestampMax, Math.max(...records.map((each) => each.timestampMs)))
      assert.deepEqual(readBack(batch), records)
    }),
  )
})

test('records as another writer writes them are read', () => {
  const batch = makeBatch([
    { timestampMs: 1_000, value: 'one' },
    { timestampMs: 990, value: '' },
  ])
  const plain = { key: null, headers: [] }
  assert.deepEqual(readBack(batch), [
    { ...plain, timestampMs: 1_000, value: new Uint8Array(Buffer.from('one')) },
    { ...plain, timestampMs: 990, value: new Uint8Array(0) },
  ])
})

test('the first record of a time is found among written ones', () => {
  const plain = { key: null, value: null, headers: [] }
  const batch = writeRecords([10, 30, 20].map((timestampMs) => ({ ...plain, timestampMs })))
  assert.deepEqual(findRecordByTime(batch, 15), { offsetDelta: 1, timestampMs: 30 })
})

test('bytes that are no records are a fault, and nothing else', () => {
  const batch = writeRecords([
    { timestampMs: 5, key: Uint8Array.of(1), value: Uint8Array.of(2), headers: [] },
    { timestampMs: 6, key: null, value: null, headers: [{ name: 'h', value: null }] },
  ])
  const good = recordBytesOf(batch)
  const head = readStoredBatch(batch)
  assert.throws(() => readRecords(good, { ...head, count: 3 }), Fault)
  assert.throws(() => readRecords(good, { ...head, count: 1 }), Fault)
  assert.throws(() => readRecords(good, { ...head, count: 2 ** 31 }), Fault)
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.nat(255), (at, byte) => {
      const broken = good.slice()
      broken[at] = byte
      try {
        readRecords(broken, head)
      } catch (error) {
        assert(error instanceof Fault)
      }
    }),
  )
})

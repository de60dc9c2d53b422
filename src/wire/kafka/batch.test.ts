/** What a record batch must be to be taken, and what is written into it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeBatch, seal } from '../../../test/kafka/batches.ts'
import { BatchFlaw, judgeBatch, placeBatch } from './batch.ts'
import { findRecordByTime } from './records.ts'

const rules = { sizeBytesMax: 1000, produceVersion: 9, timestampMax: 5000 }
const records = [
  { timestampMs: 1000, value: 'one' },
  { timestampMs: 3000, value: 'two' },
  { timestampMs: 2000, value: 'three' },
]

function flawOf(bytes: Uint8Array | null, produceVersion = 9): string {
  const verdict = judgeBatch(bytes, { ...rules, produceVersion })
  return verdict instanceof BatchFlaw ? verdict.error : 'taken'
}

/** A sound batch with some bytes set, and its checksum after that. */
function changed(at: number, ...bytes: number[]): Uint8Array {
  const batch = makeBatch(records)
  batch.set(bytes, at)
  return seal(batch)
}

test('a sound batch tells its count and its latest time', () => {
  const verdict = judgeBatch(makeBatch(records), rules)
  assert.ok(!(verdict instanceof BatchFlaw))
  assert.equal(verdict.count, 3)
  assert.equal(verdict.timestampMax, 3000)
  assert.equal(verdict.timestampBase, 1000)
})

test('a batch is still sound after it got its place', () => {
  const batch = makeBatch(records)
  placeBatch(batch, 2 ** 40 + 5, 7)
  assert.equal(flawOf(batch), 'taken')
  const view = new DataView(batch.buffer, batch.byteOffset)
  assert.equal(view.getBigInt64(0), 2n ** 40n + 5n)
  assert.equal(view.getInt32(12), 7)
})

test('nothing, a cut batch and any changed byte behind the epoch are refused', () => {
  assert.equal(flawOf(null), 'INVALID_RECORD')
  const batch = makeBatch(records)
  for (let size = 0; size < batch.length; size++) {
    assert.notEqual(flawOf(batch.slice(0, size)), 'taken')
  }
  for (let at = 16; at < batch.length; at++) {
    const other = Uint8Array.from(batch)
    other[at]! ^= 1
    assert.notEqual(flawOf(other), 'taken', `byte ${at}`)
  }
})

test('two batches for one partition are refused', () => {
  assert.equal(flawOf(Buffer.concat([makeBatch(records), makeBatch(records)])), 'INVALID_RECORD')
})

test('the formats before 2 are refused', () => {
  assert.equal(flawOf(changed(16, 0)), 'INVALID_RECORD')
  assert.equal(flawOf(changed(16, 1)), 'INVALID_RECORD')
})

test('a batch larger than the limit is refused by name', () => {
  const verdict = judgeBatch(makeBatch(records), { ...rules, sizeBytesMax: 60 })
  assert.ok(verdict instanceof BatchFlaw)
  assert.equal(verdict.error, 'MESSAGE_TOO_LARGE')
})

test('compression is taken as far as it exists, zstd from version 7 on', () => {
  for (const codec of [0, 1, 2, 3, 4]) assert.equal(flawOf(changed(21, 0, codec)), 'taken')
  for (const codec of [5, 6, 7]) {
    assert.equal(flawOf(changed(21, 0, codec)), 'UNSUPPORTED_COMPRESSION_TYPE')
  }
  assert.equal(flawOf(changed(21, 0, 4), 6), 'UNSUPPORTED_COMPRESSION_TYPE')
})

test('what only a broker may set is refused', () => {
  assert.equal(flawOf(changed(21, 0, 0x08)), 'INVALID_TIMESTAMP')
  assert.equal(flawOf(changed(21, 0, 0x20)), 'INVALID_RECORD')
})

test('transactions and producer ids are refused as long as nobody keeps their promises', () => {
  assert.equal(flawOf(changed(21, 0, 0x10)), 'INVALID_TXN_STATE')
  assert.equal(flawOf(changed(43, 0, 0, 0, 0, 0, 0, 0, 1)), 'UNSUPPORTED_FOR_MESSAGE_FORMAT')
})

test('a count of none, or one that the last offset contradicts, is refused', () => {
  assert.equal(flawOf(changed(57, 0, 0, 0, 0)), 'INVALID_RECORD')
  assert.equal(flawOf(changed(57, 0, 0, 0, 4)), 'INVALID_RECORD')
  assert.equal(flawOf(changed(23, 255, 255, 255, 255)), 'INVALID_RECORD')
})

test('a time out of range is refused, no time is taken', () => {
  assert.equal(flawOf(changed(35, 0x7f)), 'INVALID_TIMESTAMP')
  assert.equal(flawOf(makeBatch([{ timestampMs: 5000, value: '' }])), 'taken')
  assert.equal(flawOf(makeBatch([{ timestampMs: 5001, value: '' }])), 'INVALID_TIMESTAMP')
  assert.equal(flawOf(changed(35, 0xff, 0, 0, 0, 0, 0, 0, 0)), 'INVALID_TIMESTAMP')
  assert.equal(flawOf(changed(35, ...Array<number>(8).fill(0xff))), 'taken')
})

test('the first record of a time or later is found, whatever the order of times', () => {
  const batch = makeBatch(records)
  assert.deepEqual(findRecordByTime(batch, 0), { offsetDelta: 0, timestampMs: 1000 })
  assert.deepEqual(findRecordByTime(batch, 1001), { offsetDelta: 1, timestampMs: 3000 })
  assert.deepEqual(findRecordByTime(batch, 3000), { offsetDelta: 1, timestampMs: 3000 })
  assert.equal(findRecordByTime(batch, 3001), null)
})

test('records that are compressed or garbled have no times', () => {
  assert.equal(findRecordByTime(changed(21, 0, 1), 0), null)
  assert.equal(findRecordByTime(changed(61, 255, 255, 255, 255, 255, 255), 5000), null)
})

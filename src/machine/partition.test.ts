/** A partition: dense offsets, found by offset and by time, cut from the front, frozen as it was. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Panic } from '../base/assert.ts'
import { type BatchRow, PAGE_ROWS, Partition } from './partition.ts'

function add(partition: Partition, count: number, timeMs: number = 0): BatchRow {
  const offset = partition.nextOffset
  const row = { offset, count, ticket: offset + 5, sizeBytes: count * 10, timeMs }
  partition.add(row)
  return row
}

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ add: fc.integer({ min: 1, max: 9 }), timeMs: fc.nat(50) }) },
  { weight: 1, arbitrary: fc.record({ many: fc.integer({ min: 1, max: 900 }) }) },
  { weight: 2, arbitrary: fc.record({ cut: fc.nat(110).map((percent) => percent / 100) }) },
)

test('a partition is what a plain list of batches says', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.nat(9000), (steps, probe) => {
      const partition = new Partition(1, { stream: 's', index: 0 })
      let rows: BatchRow[] = []
      let first = 0
      for (const each of steps) {
        if ('add' in each) rows.push(add(partition, each.add, each.timeMs))
        else if ('many' in each) {
          for (let count = 0; count < each.many; count++) rows.push(add(partition, 1))
        } else {
          const until = first + Math.floor((partition.nextOffset - first) * each.cut)
          const gone = rows.filter(({ offset, count }) => offset + count <= until)
          assert.deepEqual(
            [...partition.cut(until)],
            gone.map(({ ticket }) => ticket),
          )
          rows = rows.filter((row) => !gone.includes(row))
          first = Math.max(first, Math.min(until, partition.nextOffset))
        }
      }
      assert.equal(partition.firstOffset, first)
      assert.equal(partition.batchCount, rows.length)
      assert.equal(
        partition.sizeBytes,
        rows.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      )
      const found = rows.find(({ offset, count }) => offset + count > probe)
      const row = partition.rowAt(probe)
      assert.equal(row < 0 ? undefined : partition.offsetOf(row), found?.offset)
      const later = rows.find(({ timeMs }) => timeMs >= probe % 60)
      const rowLater = partition.rowAtTime(probe % 60)
      assert.equal(rowLater < 0 ? undefined : partition.ticketOf(rowLater), later?.ticket)
    }),
    { numRuns: 200 },
  )
})

test('what is frozen does not see what is added or cut afterwards', () => {
  const partition = new Partition(1, { stream: 's', index: 0 })
  for (let count = 0; count < PAGE_ROWS + 5; count++) add(partition, 2)
  const frozen = partition.freeze()
  for (let count = 0; count < PAGE_ROWS; count++) add(partition, 1)
  for (const ticket of partition.cut(partition.nextOffset)) assert.ok(ticket > 0)
  assert.equal(frozen.firstOffset, 0)
  assert.equal(frozen.nextRow, PAGE_ROWS + 5)
  assert.equal(frozen.pages.length, 2)
  assert.equal(frozen.pages[1]?.offsets[4], (PAGE_ROWS + 4) * 2)
})

test('offsets never go back', () => {
  const partition = new Partition(1, { stream: 's', index: 0 })
  add(partition, 5)
  const row = { offset: 4, count: 1, ticket: 9, sizeBytes: 1, timeMs: 0 }
  assert.throws(() => partition.add(row), Panic)
  assert.throws(() => partition.add({ ...row, offset: 5, count: 0 }), Panic)
})

test('a partition that was cut to its end goes on where it ended', () => {
  const partition = new Partition(1, { stream: 's', index: 0 })
  for (let count = 0; count < PAGE_ROWS; count++) add(partition, 1)
  assert.equal([...partition.cut(PAGE_ROWS)].length, PAGE_ROWS)
  assert.equal(partition.rowAt(0), -1)
  add(partition, 3)
  assert.equal(partition.offsetOf(partition.rowAt(0)), PAGE_ROWS)
})

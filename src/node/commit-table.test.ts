/** The table: what one side puts in, the other takes out, over the same memory. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { limits } from '../base/limits.ts'
import { CommitTable, type TableEntry } from './commit-table.ts'

const plain = { noNullPrototype: true }
const place = fc.record(
  { slab: fc.nat(2 ** 31 - 1), offset: fc.nat(2 ** 32 - 1), size: fc.nat(2 ** 32 - 1) },
  plain,
)
const entries: fc.Arbitrary<TableEntry> = fc.record(
  {
    handle: fc.nat(),
    file: fc.nat(),
    work: fc.constantFrom('sync' as const, 'no-sync' as const, 'read' as const),
    position: fc.oneof(fc.maxSafeNat(), fc.constantFrom(2 ** 31, 2 ** 32 - 1, 2 ** 32)),
    pieces: fc.array(place, { maxLength: 50 }),
  },
  plain,
)

test('an order is taken out as it was put in, and answered, whatever its number', () => {
  const starts = fc.constantFrom(0, 2 ** 31 - 3, 2 ** 32 - 3)
  fc.assert(
    fc.property(fc.array(entries, { minLength: 1, maxLength: 8 }), starts, (all, start) => {
      const disk = new CommitTable()
      const thread = new CommitTable(disk.memory)
      all.forEach((entry, index) => {
        const number = start + index
        disk.post(number, entry)
        assert.deepEqual(thread.take(number), entry)
        // From a number the counters have not reached, `done` is behind; the first is special.
        if (index > 0) assert.ok(!disk.isDone(number))
        const outcome = { errno: index, size: 2 ** 31 - 1 - index }
        thread.finish(number, outcome)
        assert.ok(disk.isDone(number))
        assert.deepEqual(disk.outcomeOf(number), outcome)
      })
    }),
  )
})

test('as many orders fit as the thread has slots', () => {
  const disk = new CommitTable()
  const thread = new CommitTable(disk.memory)
  const entry = (handle: number): TableEntry => ({
    handle,
    file: handle,
    work: 'sync',
    position: handle,
    pieces: [],
  })
  for (let number = 0; number < limits.commitsInThread; number++) disk.post(number, entry(number))
  for (let number = 0; number < limits.commitsInThread; number++) {
    assert.deepEqual(thread.take(number), entry(number))
  }
})

test('the end is an order of its own kind, and messages are counted', () => {
  const disk = new CommitTable()
  const thread = new CommitTable(disk.memory)
  assert.equal(thread.messages, 0)
  disk.countMessage()
  disk.countMessage()
  assert.equal(thread.messages, 2)
  disk.post(0, null)
  assert.equal(thread.take(0), null)
})

test('the thread is up from when it says so', () => {
  const disk = new CommitTable()
  assert.equal(disk.isUp, false)
  new CommitTable(disk.memory).comeUp()
  assert.equal(disk.isUp, true)
})

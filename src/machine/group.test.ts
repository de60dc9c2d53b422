/** The places of a group, and what a snapshot sees of them while they change. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Group } from './group.ts'

test('places that a snapshot is reading stay as they are, whatever is committed or forgotten', () => {
  const group = new Group(1, 'g')
  const committed = { offset: 3, note: 'before' }
  group.apply([
    { partition: 1, committed },
    { partition: 2, committed },
  ])
  const frozen = group.freeze()
  group.apply([{ partition: 1, committed: { offset: 4, note: 'after' } }])
  group.forget(2)
  assert.deepEqual(
    [...frozen],
    [
      [1, committed],
      [2, committed],
    ],
  )
  assert.deepEqual([...group.offsets], [[1, { offset: 4, note: 'after' }]])
})

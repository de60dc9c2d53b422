/** Ranges join neighbours as they come, and are dropped from the front. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Ranges } from './ranges.ts'

function listOf(ranges: Ranges): number[] {
  return Array.from({ length: ranges.size }, (_, index) => index).flatMap((index) =>
    Array.from({ length: ranges.count(index) }, (_, offset) => ranges.from(index) + offset),
  )
}

test('ranges hold what was added and not dropped, in its order', () => {
  const step = fc.oneof(fc.record({ add: fc.nat(9) }), fc.record({ drop: fc.nat(3) }))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const ranges = new Ranges()
      let model: number[] = []
      for (const each of steps) {
        if ('add' in each) {
          const last = model.at(-1) ?? 0
          const sequence = each.add < 6 ? last + 1 : last + each.add * 2
          ranges.add(sequence)
          model.push(sequence)
        } else {
          const count = Math.min(each.drop, ranges.size)
          let gone = 0
          for (let index = 0; index < count; index++) gone += ranges.count(index)
          ranges.drop(count)
          model = model.slice(gone)
        }
        assert.deepEqual(listOf(ranges), model)
      }
    }),
  )
})

test('neighbours are one range', () => {
  const ranges = new Ranges()
  for (const sequence of [5, 6, 7, 9, 8]) ranges.add(sequence)
  assert.equal(ranges.size, 3)
  ranges.clear()
  assert.equal(ranges.size, 0)
})

test('a burst of ranges leaves nothing behind', () => {
  const ranges = new Ranges()
  for (let index = 0; index < 3000; index++) ranges.add(index * 2)
  ranges.drop(3000)
  ranges.add(4)
  assert.deepEqual(listOf(ranges), [4])
})

/** The heap against a list that is sorted anew each time (a stable sort). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Panic } from './assert.ts'
import { Heap, type Heaped } from './heap.ts'

class Item implements Heaped {
  key = 0
  order = 0
  slot = -1
}

const steps = fc.array(
  fc.record({
    kind: fc.constantFrom('push', 'push', 'shift', 'remove', 'again'),
    // Few keys, so that many are equal.
    key: fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom(Infinity, -Infinity, 0.5)),
    pick: fc.nat(),
  }),
  { maxLength: 120 },
)

test('a heap hands out by key, and by insertion where keys are equal', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const heap = new Heap<Item>()
      let model: Item[] = []
      for (const step of all) {
        const chosen = model[step.pick % Math.max(1, model.length)]
        if (step.kind === 'push') {
          const item = new Item()
          heap.push(item, step.key)
          model.push(item)
        } else if (step.kind === 'shift') {
          const first = heap.shift()
          assert.equal(first, model[0] ?? null)
          model = model.slice(1)
        } else if (chosen !== undefined) {
          heap.remove(chosen)
          model = model.filter((item) => item !== chosen)
          assert.ok(!heap.has(chosen))
          if (step.kind === 'again') {
            heap.push(chosen, step.key)
            model.push(chosen)
          }
        }
        model.sort((left, right) => (left.key === right.key ? 0 : left.key < right.key ? -1 : 1))
        assert.equal(heap.size, model.length)
        assert.equal(heap.peek(), model[0] ?? null)
      }
      const drained = model.map(() => heap.shift())
      assert.ok(drained.every((item, index) => item === model[index]))
      assert.equal(heap.shift(), null)
    }),
  )
})

test('an item is in one heap at most, and a key that has no order is a panic', () => {
  const mine = new Heap<Item>()
  const other = new Heap<Item>()
  const item = new Item()
  assert.throws(() => mine.push(item, Number.NaN), Panic)
  mine.push(item, 1)
  assert.throws(() => other.push(item, 1), Panic)
  assert.throws(() => other.remove(item), Panic)
  mine.remove(item)
  assert.throws(() => mine.remove(item), Panic)
})

/** The intrusive list against an array that is spliced. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Panic } from './assert.ts'
import { type Linked, List } from './list.ts'

class Item implements Linked<Item> {
  previous: Item | null = null
  next: Item | null = null
  list: object | null = null
  readonly value: number
  constructor(value: number) {
    this.value = value
  }
}

const steps = fc.array(
  fc.record({
    kind: fc.constantFrom('push', 'unshift', 'insertBefore', 'shift', 'remove'),
    pick: fc.nat(),
  }),
  { maxLength: 60 },
)

function backwards(list: List<Item>): Item[] {
  const items: Item[] = []
  for (let item = list.tail; item !== null; item = item.previous) items.unshift(item)
  return items
}

function apply(list: List<Item>, model: Item[], step: { kind: string; pick: number }): void {
  const item = new Item(step.pick)
  const index = model.length === 0 ? 0 : step.pick % model.length
  const place = model[index]
  if (step.kind === 'push' || (step.kind === 'insertBefore' && place === undefined)) {
    list.push(item)
    model.push(item)
  } else if (step.kind === 'unshift') {
    list.unshift(item)
    model.unshift(item)
  } else if (step.kind === 'insertBefore' && place !== undefined) {
    list.insertBefore(place, item)
    model.splice(index, 0, item)
  } else if (step.kind === 'shift') {
    assert.equal(list.shift(), model.shift() ?? null)
  } else if (place !== undefined) {
    list.remove(place)
    model.splice(index, 1)
    assert.ok(!list.has(place))
  }
}

test('a list is a sequence, the same in both directions', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const list = new List<Item>()
      const model: Item[] = []
      for (const step of all) {
        apply(list, model, step)
        assert.equal(list.size, model.length)
        assert.equal(list.head, model[0] ?? null)
        assert.ok(model.every((item) => list.has(item)))
      }
      assert.ok([...list].every((item, index) => item === model[index]))
      assert.ok(backwards(list).every((item, index) => item === model[index]))
    }),
  )
})

test('an item may be removed while the list is walked', () => {
  const list = new List<Item>()
  for (let value = 0; value < 6; value++) list.push(new Item(value))
  for (const item of list) if (item.value % 2 === 0) list.remove(item)
  assert.deepEqual(
    [...list].map((item) => item.value),
    [1, 3, 5],
  )
})

test('an item in one list is neither taken by nor removed from another', () => {
  const mine = new List<Item>()
  const other = new List<Item>()
  const item = new Item(1)
  mine.push(item)
  assert.throws(() => other.push(item), Panic)
  assert.throws(() => other.remove(item), Panic)
  assert.throws(() => other.insertBefore(item, new Item(2)), Panic)
  mine.remove(item)
  assert.throws(() => mine.remove(item), Panic)
  other.push(item)
  assert.equal(other.head, item)
})

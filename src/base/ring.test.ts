/** Both rings against the plainest queue there is: an array with push and shift. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as macrotask } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { Panic } from './assert.ts'
import { limits } from './limits.ts'
import { NumberRing } from './number-ring.ts'
import { Ring } from './ring.ts'

const steps = fc.array(
  fc.record({
    kind: fc.constantFrom('push' as const, 'unshift' as const, 'shift' as const),
    count: fc.oneof({ weight: 9, arbitrary: fc.nat(12) }, { weight: 1, arbitrary: fc.nat(9000) }),
  }),
  { maxLength: 30 },
)

test('a ring is a queue: what goes in comes out, oldest first', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const ring = new Ring<number>()
      const model: number[] = []
      let next = 0
      for (const step of all) {
        for (let index = 0; index < step.count; index++) {
          if (step.kind === 'shift') assert.equal(ring.shift(), model.shift())
          else {
            ring[step.kind](next)
            model[step.kind](next++)
          }
        }
        assert.equal(ring.size, model.length)
        assert.equal(ring.peek(), model[0])
      }
      assert.deepEqual([...ring], model)
    }),
    { numRuns: 60 },
  )
})

test('a ring of numbers keeps the same laws', () => {
  fc.assert(
    fc.property(steps, fc.maxSafeNat(), (all, base) => {
      const ring = new NumberRing()
      const model: number[] = []
      for (const step of all) {
        for (let index = 0; index < step.count; index++) {
          if (step.kind === 'shift') {
            if (model.length > 0) assert.equal(ring.shift(), model.shift())
          } else {
            ring.push(base - index)
            model.push(base - index)
          }
        }
        assert.equal(ring.size, model.length)
        if (model.length > 0) assert.equal(ring.peek(), model[0])
      }
      model.forEach((value, index) => {
        assert.equal(ring.at(index), value)
      })
    }),
    { numRuns: 60 },
  )
})

test('a ring grown by a burst still works after it shrank back', () => {
  const ring = new Ring<number>()
  const count = limits.ringSlotsKept * 32
  for (let value = 0; value < count; value++) ring.push(value)
  for (let value = 0; value < count; value++) assert.equal(ring.shift(), value)
  assert.equal(ring.shift(), undefined)
  ring.push(1)
  assert.deepEqual([...ring], [1])
})

test('a cleared ring is as good as new', () => {
  const ring = new Ring<number>()
  const numbers = new NumberRing()
  for (let value = 0; value < 100; value++) {
    ring.push(value)
    numbers.push(value)
  }
  ring.clear()
  numbers.clear()
  assert.deepEqual([ring.size, ring.peek(), ring.shift()], [0, undefined, undefined])
  numbers.push(7)
  assert.deepEqual([numbers.size, numbers.shift()], [1, 7])
})

test('what has left a ring is kept alive by nobody', async () => {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  const ring = new Ring<object>()
  const left = ((): WeakRef<object> => {
    ring.push({})
    return new WeakRef(ring.shift()!)
  })()
  await macrotask() // a WeakRef holds its target to the end of the turn that made it
  collect()
  assert.equal(left.deref(), undefined)
  assert.equal(ring.size, 0)
})

test('an index outside is a panic, and so is taking a number that is not there', () => {
  const ring = new Ring<number>()
  ring.push(1)
  assert.equal(ring.at(0), 1)
  for (const index of [-1, 1]) assert.throws(() => ring.at(index), Panic)
  const numbers = new NumberRing()
  assert.throws(() => numbers.at(0), Panic)
  assert.throws(() => numbers.shift(), Panic)
  assert.throws(() => numbers.peek(), Panic)
})

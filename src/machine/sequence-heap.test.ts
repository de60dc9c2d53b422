/** The heap of returned sequences gives the lowest first. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Panic } from '../base/assert.ts'
import { SequenceHeap } from './sequence-heap.ts'

test('whatever the order of pushes and shifts, the lowest comes first', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.nat(100)), { maxLength: 200 }), (steps) => {
      const heap = new SequenceHeap()
      let model: number[] = []
      for (const sequence of steps) {
        if (sequence !== null) {
          heap.push(sequence)
          model = [...model, sequence].sort((left, right) => left - right)
        } else if (model.length > 0) {
          assert.equal(heap.peek(), model[0])
          assert.equal(heap.shift(), model.shift())
        }
        assert.equal(heap.size, model.length)
      }
    }),
  )
})

test('an empty heap has nothing to give', () => {
  assert.throws(() => new SequenceHeap().shift(), Panic)
})

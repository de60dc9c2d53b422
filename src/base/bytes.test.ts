/** Copies: exact, whatever their size, their place, and the memory that was copied last. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { copyBytes } from './bytes.ts'

/** A view of some memory, so that its own beginning is not the memory's. */
const memory = fc
  .tuple(fc.nat(9), fc.uint8Array({ minLength: 600, maxLength: 600 }))
  .map(([before, bytes]) => {
    const around = new Uint8Array(before + bytes.length)
    around.set(bytes, before)
    return around.subarray(before)
  })

test('a whole array is copied as a part of one is', () => {
  for (const size of [0, 1, 24, 25, 100, 129, 500]) {
    const from = Uint8Array.from({ length: size }, (_, index) => 1 + (index % 250))
    const into = new Uint8Array(size + 20)
    assert.equal(copyBytes(from, 0, size, into, 7), 7 + size)
    assert.deepEqual([...into], [...Array(7).fill(0), ...from, ...Array(13).fill(0)])
  }
})

test('what is copied is the same bytes, and nothing around it has changed', () => {
  const copies = fc.array(
    fc.record({
      from: fc.nat(1),
      fromAt: fc.nat(99),
      size: fc.oneof(fc.nat(20), fc.nat(400), fc.integer({ min: 250, max: 260 })),
      into: fc.nat(1),
      at: fc.nat(99),
    }),
    { maxLength: 8 },
  )
  fc.assert(
    fc.property(fc.tuple(memory, memory), fc.tuple(memory, memory), copies, (froms, intos, all) => {
      const expected = intos.map((into) => [...into])
      for (const { from, fromAt, size, into, at } of all) {
        assert.equal(copyBytes(froms[from]!, fromAt, size, intos[into]!, at), at + size)
        expected[into]!.splice(at, size, ...froms[from]!.subarray(fromAt, fromAt + size))
      }
      assert.deepEqual(
        intos.map((into) => [...into]),
        expected,
      )
    }),
  )
})

/** References to large bodies: read back as they were written, and refused when they cannot be any. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Panic } from '../base/assert.ts'
import { decodeReference, encodeReference } from './large-body.ts'

const number = fc.integer({ min: 1, max: 2 ** 48 - 1 })

test('a reference is read back as it was written, wherever it lies', () => {
  fc.assert(
    fc.property(
      number,
      fc.array(number, { minLength: 1, maxLength: 9 }),
      fc.nat(9),
      (sizeBytes, fragments, before) => {
        const written = { sizeBytes, fragments }
        const bytes = encodeReference(written)
        const around = new Uint8Array(before + bytes.length + 3).fill(0xee)
        around.set(bytes, before)
        assert.deepEqual(decodeReference(around, before, bytes.length), written)
      },
    ),
  )
})

test('a reference that names no fragment, or half of one, is refused', () => {
  const bytes = encodeReference({ sizeBytes: 9, fragments: [1] })
  assert.throws(() => decodeReference(bytes, 0, 6), Panic)
  assert.throws(() => decodeReference(bytes, 0, 11), Panic)
})

/** Every limit bounds something: a positive whole number. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from './limits.ts'

test('every limit is a positive safe integer', () => {
  for (const [name, value] of Object.entries(limits)) {
    assert.ok(Number.isSafeInteger(value) && value > 0, name)
  }
})

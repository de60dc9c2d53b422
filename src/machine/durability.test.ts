/** What is stronger than what, whatever the broker's own durability is. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  durabilityIn,
  durabilityModes,
  type EntryDurability,
  isDurabilityMode,
  isWeaker,
  strongest,
  strongestOf,
} from './durability.ts'

const asked = fc.constantFrom<EntryDurability[]>('fsync', 'os', undefined)
const own = fc.constantFrom('fsync' as const, 'os' as const)

test('the strongest of what entries ask for keeps the promise of each, and promises no more', () => {
  fc.assert(
    fc.property(fc.array(asked, { minLength: 1, maxLength: 5 }), own, (entries, broker) => {
      const meant = entries.map((each) => each ?? broker)
      const expected = meant.includes('fsync') ? 'fsync' : 'os'
      assert.equal(strongestOf(entries) ?? broker, expected)
    }),
  )
})

test('in which order entries are looked at does not matter, and one that asks for nothing changes nothing', () => {
  fc.assert(
    fc.property(asked, asked, asked, (left, middle, right) => {
      assert.equal(strongest(left, right), strongest(right, left))
      const first = strongest(strongest(left, middle), right)
      assert.equal(first, strongest(left, strongest(middle, right)))
      assert.equal(strongest(left, strongestOf([])), left)
    }),
  )
})

test('what is declared counts, unless there are no files or nothing outlives the run', () => {
  for (const broker of ['fsync', 'os'] as const) {
    assert.equal(durabilityIn(broker, { durable: true, durability: null }), broker)
    assert.equal(durabilityIn(broker, { durable: false, durability: null }), 'memory')
    for (const durability of durabilityModes) {
      assert.equal(durabilityIn(broker, { durable: true, durability }), durability)
    }
  }
  assert.equal(durabilityIn('memory', { durable: true, durability: null }), 'memory')
})

test('a mode is weaker than those before it, and no other word is one', () => {
  assert.deepEqual(
    durabilityModes.map((mode) => durabilityModes.map((than) => isWeaker(mode, than))),
    [
      [false, false, false],
      [true, false, false],
      [true, true, false],
    ],
  )
  for (const word of ['FSYNC', 'disk', '', null, undefined, 1]) {
    assert.equal(isDurabilityMode(word), false)
  }
})

/** The flat map against Map. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Panic } from './assert.ts'
import { IntMap } from './int-map.ts'

// Few and neighbouring keys, so that probes collide and wrap; large ones for the upper bits.
const keys = fc.oneof(
  fc.nat(40),
  fc.nat(2000),
  fc.nat(20).map((n) => n * 2 ** 32),
  fc.nat(20).map((n) => 2 ** 53 - 1 - n),
)
const steps = fc.array(
  fc.record({
    kind: fc.constantFrom('set', 'set', 'delete', 'get'),
    key: keys,
    value: fc.double(),
  }),
  { maxLength: 400 },
)

test('a flat map answers as Map does', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const map = new IntMap()
      const model = new Map<number, number>()
      for (const { kind, key, value } of all) {
        if (kind === 'set') {
          map.set(key, value)
          model.set(key, value)
        } else if (kind === 'delete') {
          assert.equal(map.delete(key), model.delete(key))
        }
        assert.equal(map.get(key), model.get(key))
        assert.equal(map.has(key), model.has(key))
        assert.equal(map.size, model.size)
      }
      const seen = new Map<number, number>()
      map.forEach((key, value) => {
        assert.ok(!seen.has(key), 'no key twice')
        seen.set(key, value)
      })
      assert.deepEqual(seen, model)
    }),
  )
})

test('a flat map that grew and was emptied holds nothing and takes new keys', () => {
  const map = new IntMap()
  const base = 2 ** 40
  for (let key = 0; key < 20_000; key++) map.set(base + key, key)
  for (let key = 0; key < 20_000; key++) assert.equal(map.get(base + key), key)
  for (let key = 0; key < 20_000; key++) assert.ok(map.delete(base + key))
  assert.equal(map.size, 0)
  map.set(5, 6)
  assert.equal(map.get(5), 6)
})

test('a key that is not a non-negative safe integer is a panic', () => {
  const map = new IntMap()
  for (const key of [-1, 0.5, 2 ** 53, Number.NaN]) assert.throws(() => map.set(key, 1), Panic)
  assert.throws(() => map.get(-1), Panic)
  assert.equal(map.size, 0)
})

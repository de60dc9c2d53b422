/** Chance that repeats, and draws that favour nothing. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Panic } from './assert.ts'
import type { Random } from './ports.ts'
import { below, pick, SeededRandom, shuffle } from './random.ts'

/** Plays back a given list of words. */
function playback(words: readonly number[]): Random {
  let next = 0
  return { u32: () => words[next++]! }
}

/** Pearson's statistic of counts that should be equal. */
function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
}

test('the generator is sfc32, word for word', () => {
  // Independently written from the published definition, over BigInt: same seeding, same words.
  const mask = 0xffffffffn
  let [a, b, c, counter] = [7n, 3n, 0n, 1n]
  const next = (): bigint => {
    const sum = (a + b + counter) & mask
    counter = (counter + 1n) & mask
    a = b ^ (b >> 9n)
    b = (c + (c << 3n)) & mask
    c = (((c << 21n) | (c >> 11n)) + sum) & mask
    return sum
  }
  for (let round = 0; round < 12; round++) next()
  const random = new SeededRandom(3 * 2 ** 32 + 7)
  for (let round = 0; round < 1000; round++) assert.equal(BigInt(random.u32()), next())
})

test('the same seed is the same sequence, and every bit of a seed counts', () => {
  const firstWords = (seed: number): string => {
    const random = new SeededRandom(seed)
    return [random.u32(), random.u32(), random.u32()].join()
  }
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (one, other) => {
      assert.equal(firstWords(one), firstWords(one))
      if (one !== other) assert.notEqual(firstWords(one), firstWords(other))
    }),
  )
  const seen = new Set(Array.from({ length: 53 }, (_, bit) => firstWords(2 ** bit)))
  assert.equal(seen.size, 53)
})

test('a draw below a count draws again where the remainder would favour the small ones', () => {
  // 2^32 = 3 * 1431655765 + 1, so exactly the last word is unfair for 3.
  assert.equal(below(playback([2 ** 32 - 1, 2 ** 32 - 2]), 3), 2)
  assert.equal(below(playback([2 ** 32 - 1]), 2 ** 32), 2 ** 32 - 1)
  assert.equal(below(playback([2 ** 32 - 1]), 1), 0)
  for (const count of [0, -1, 1.5, 2 ** 32 + 1]) {
    assert.throws(() => below(playback([0]), count), Panic)
  }
})

test('every value below a count is as likely as another', () => {
  const random = new SeededRandom(1)
  for (const count of [2, 3, 10, 100]) {
    const counts = new Array<number>(count).fill(0)
    for (let draw = 0; draw < 1000 * count; draw++) counts[below(random, count)]!++
    // Mean count - 1, variance twice that: ten deviations is chance in no lifetime.
    assert.ok(chiSquare(counts) < count - 1 + 10 * Math.sqrt(2 * (count - 1)))
  }
})

test('a shuffle keeps every item, and every order is as likely as another', () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), fc.nat(), (items, seed) => {
      const shuffled = [...items]
      shuffle(new SeededRandom(seed), shuffled)
      const sorted = (list: number[]): number[] => list.sort((left, right) => left - right)
      assert.deepEqual(sorted(shuffled), sorted([...items]))
    }),
  )
  const random = new SeededRandom(2)
  const orders = new Map<string, number>()
  for (let round = 0; round < 24_000; round++) {
    const items = [1, 2, 3, 4]
    shuffle(random, items)
    const order = items.join('')
    orders.set(order, (orders.get(order) ?? 0) + 1)
  }
  assert.equal(orders.size, 24)
  assert.ok(chiSquare([...orders.values()]) < 23 + 10 * Math.sqrt(46))
})

test('a pick is one of the items, and there must be one', () => {
  const random = new SeededRandom(3)
  const picked = new Set(Array.from({ length: 100 }, () => pick(random, ['a', 'b', 'c'])))
  assert.deepEqual(picked, new Set(['a', 'b', 'c']))
  assert.throws(() => pick(random, []), Panic)
})

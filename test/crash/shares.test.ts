/** The parts of a long proof are all of it, each once. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { partIn, shareOf, sharesOf } from './shares.ts'

test('over all parts and processes everything is done once', () => {
  const work = Array.from({ length: 1_000 }, (_, index) => index)
  for (const [parts, processes] of [
    [1, 1],
    [1, 2],
    [7, 2],
    [20, 3],
  ] as const) {
    const done: number[] = []
    for (let part = 1; part <= parts; part++) {
      for (const share of sharesOf({ part, parts }, processes)) done.push(...shareOf(work, share))
    }
    assert.deepEqual(
      done.toSorted((left, right) => left - right),
      work,
    )
  }
})

test('a part is asked for by its number, and anything else is refused', () => {
  assert.deepEqual(partIn(['node', 'main.js']), { part: 1, parts: 1 })
  assert.deepEqual(partIn(['node', 'main.js', '--part=3/20']), { part: 3, parts: 20 })
  for (const asked of ['--part=', '--part=0/3', '--part=4/3', '--part=1.5/3', '--part=a/b']) {
    assert.throws(() => partIn([asked]), /is no part: --part=1\/20 is the first of twenty/)
  }
})

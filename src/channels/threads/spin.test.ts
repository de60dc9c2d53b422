/** How much a party tries before it sleeps follows from how its last waits went. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { threadLimits } from './limits.ts'
import { Spin } from './spin.ts'

const { spinTurns, spinTurnsMin, probeTurns, probeEvery } = threadLimits

/** What each of so many waits was worth that all ended in sleep. */
function missed(spin: Spin, times: number): number[] {
  return Array.from({ length: times }, () => {
    const { turns } = spin
    spin.miss()
    return turns
  })
}

const isProbe = (turns: number): boolean => turns === probeTurns

test('who tries in vain tries half as often the next time, and never less than a little', () => {
  const turns = missed(new Spin(), probeEvery).filter((one) => !isProbe(one))
  assert.equal(turns[0], spinTurns)
  for (const [index, now] of turns.entries()) {
    assert(now <= (turns[index - 1] ?? now))
    assert(now >= spinTurnsMin)
  }
  assert.equal(turns.at(-1), spinTurnsMin)
})

test('the wait after the first sleep outlasts a wake-up', () => {
  assert.deepEqual(missed(new Spin(), 2).map(isProbe), [false, true])
})

test('after each probe in vain twice as many sleeps come before the next, up to a bound', () => {
  const turns = missed(new Spin(), 8 * probeEvery)
  const probes = turns.flatMap((one, index) => (isProbe(one) ? [index] : []))
  const sleeps = probes.map((at, index) => at - (probes[index - 1] ?? -1) - 1)
  const expected = sleeps.map((_, index) => Math.min(2 ** index, probeEvery))
  assert.deepEqual(sleeps, expected)
  assert(sleeps.filter((count) => count === probeEvery).length > 1)
})

test('one wait that ends while it is tried for forgets all that were in vain', () => {
  const spin = new Spin()
  missed(spin, 10 * probeEvery)
  spin.hit()
  assert.deepEqual(missed(spin, 100), missed(new Spin(), 100))
})

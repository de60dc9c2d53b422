/** How much a party tries before it sleeps follows from how its last waits went. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { threadLimits } from './limits.ts'
import { Spin } from './spin.ts'

const { spinTurns, spinTurnsMin, probeTurns, probeEvery } = threadLimits

function missed(times: number): Spin {
  const spin = new Spin()
  for (let count = 0; count < times; count++) spin.miss()
  return spin
}

test('who tries in vain tries half as often the next time, and never less than a little', () => {
  assert.equal(missed(0).turns, spinTurns)
  assert.equal(missed(1).turns, spinTurns / 2)
  assert.equal(missed(2).turns, spinTurns / 4)
  assert.equal(missed(probeEvery - 1).turns, spinTurnsMin)
})

test('one wait that ends while it is tried for makes the next worth all tries', () => {
  const spin = missed(probeEvery - 1)
  spin.hit()
  assert.equal(spin.turns, spinTurns)
})

test('after so many sleeps one wait outlasts a wake-up, and in vain only that one', () => {
  const spin = missed(probeEvery)
  assert.equal(spin.turns, probeTurns)
  spin.miss()
  assert.equal(spin.turns, spinTurnsMin)
  for (let count = 0; count < probeEvery; count++) spin.miss()
  assert.equal(spin.turns, probeTurns)
  spin.hit()
  assert.equal(spin.turns, spinTurns)
})

/** The real scheduler and clock keep the contract. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { schedulerContract } from '../../test/contracts/scheduler-contract.ts'
import { Panic } from '../base/assert.ts'
import { NodeClock } from './clock.ts'
import { NodeRandom } from './random.ts'
import { NodeScheduler } from './scheduler.ts'

schedulerContract({
  name: 'the real scheduler',
  run: (body) => body(new NodeScheduler(), new NodeClock()),
})

test('a negative delay is a panic', () => {
  assert.throws(() => new NodeScheduler().after(-1, () => {}), Panic)
})

test('the wall clock says what the system says', () => {
  const before = Date.now()
  const told = new NodeClock().wallMs()
  assert.ok(before <= told && told <= Date.now())
})

test('the system’s chance fills 32 bits and does not repeat itself', () => {
  const random = new NodeRandom()
  const words = Array.from({ length: 1000 }, () => random.u32())
  assert.ok(words.every((word) => Number.isInteger(word) && word >= 0 && word < 2 ** 32))
  // 1000 of 2^32: two equal ones happen once in 8,600 runs, ten never.
  assert.ok(new Set(words).size > 990)
  assert.notEqual(
    words.reduce((bits, word) => bits | word, 0),
    words.reduce((bits, word) => bits & word, ~0),
  )
})

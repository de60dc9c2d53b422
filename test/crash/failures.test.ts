/** The loop over failing calls judges itself: it passes a right store and catches each planted flaw. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { replay } from './enumerate.ts'
import { failEach, withFault } from './failures.ts'
import { toySpec } from './toy-spec.ts'
import type { ToyFlaw } from './toy-store.ts'

test('a store that keeps its promises survives every failure of every call', async () => {
  const report = await failEach(toySpec('none'))
  assert.equal(report.failure, null)
  // 34 calls can fail with `io` once and for good but for four of them, and in other ways the fewer.
  assert.ok(report.injections > 60)
})

test('the power may go at every call of a run with a failure', async () => {
  const report = await failEach(toySpec('none'), { points: 'all', share: { share: 0, of: 3 } })
  assert.equal(report.failure, null)
  assert.ok(report.states > report.injections)
})

test('a sync that is asked for again after it failed is caught', async () => {
  const spec = toySpec('retry-failed-sync')
  const { failure } = await failEach(spec)
  assert.ok(failure !== null, 'not caught')
  assert.equal(failure.fault.code, 'io')
  assert.match(String(failure.error), /acked lost/)
  const again = await replay(withFault(spec, failure.fault), failure.place)
  assert.equal(String(again), String(failure.error))
})

test('a file that is forgotten when an open fails is caught', async () => {
  const { failure } = await failEach(toySpec('leak-on-failure'))
  assert.match(String(failure?.error), /left open: \/toy\/log/)
})

const crashFlaws: readonly ToyFlaw[] = ['append-without-sync', 'rename-without-directory-sync']
for (const flaw of crashFlaws) {
  test(`the flaw ${flaw} is caught by failures too`, async () => {
    assert.ok((await failEach(toySpec(flaw))).failure !== null)
  })
}

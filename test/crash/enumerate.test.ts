/** The enumeration judges itself: it passes a right store, catches each planted flaw, and finds it again. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { enumerate, replay } from './enumerate.ts'
import { toySpec } from './toy-spec.ts'
import type { ToyFlaw } from './toy-store.ts'

test('a store that keeps its promises passes every state of every crash', async () => {
  const report = await enumerate(toySpec('none'))
  assert.equal(report.failure, null)
  assert.ok(report.isComplete)
})

const flaws: readonly ToyFlaw[] = [
  'append-without-sync',
  'sync-before-append',
  'forget-directory-of-log',
  'no-checksum',
  'rename-without-directory-sync',
  'rename-before-sync',
  'overwrite-in-place',
  'trust-unsynced-after-kill',
  'repair-by-removal',
]

for (const flaw of flaws) {
  test(`a store with the flaw ${flaw} is caught, and its failure can be made again`, async () => {
    const spec = toySpec(flaw)
    const { failure } = await enumerate(spec)
    assert.ok(failure !== null, 'not caught')
    const again = await replay(spec, failure.place)
    assert.equal(String(again), String(failure.error))
  })
}

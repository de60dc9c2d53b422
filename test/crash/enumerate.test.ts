/** The enumeration judges itself: it passes a right store, catches each planted flaw, and finds it again. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CrashDisk } from '../sim/crash-disk.ts'
import { enumerate, imageAt, replay } from './enumerate.ts'
import { toySpec } from './toy-spec.ts'
import type { ToyFlaw } from './toy-store.ts'

test('a store that keeps its promises passes every state of every crash', async () => {
  const report = await enumerate(toySpec('none'))
  assert.equal(report.failure, null)
  assert.ok(report.isComplete)
})

test('samples reach states that the enumeration leaves out', async () => {
  const plain = await enumerate(toySpec('none'))
  const sampled = await enumerate(toySpec('none'), { samples: 20 })
  assert.equal(sampled.failure, null)
  assert.ok(sampled.states > plain.states)
})

test('an enumeration may be cut short, and says so', async () => {
  const report = await enumerate(toySpec('none'), { recoveriesMax: 10 })
  assert.equal(report.failure, null)
  assert.equal(report.isComplete, false)
})

test('the image of a failure can be opened, with what was known when the power went', async () => {
  const spec = toySpec('append-without-sync')
  const { failure } = await enumerate(spec)
  assert.ok(failure !== null)
  const { image, entries } = await imageAt(spec, failure.place)
  const state = await spec.recover(new CrashDisk({ image }))
  assert.deepEqual(state.log, [])
  assert.equal(entries.filter(({ phase }) => phase === 'acked').length, 1)
})

test('a workload that throws is a failure of its own', async () => {
  const broken = new Error('broken')
  const spec = { ...toySpec('none'), workload: () => Promise.reject(broken) }
  assert.equal((await enumerate(spec)).failure?.error, broken)
})

test('a recovery that never ends is told instead of awaited', { timeout: 60_000 }, async () => {
  const spec = { ...toySpec('none'), recover: () => new Promise<never>(() => undefined) }
  assert.match(String((await enumerate(spec)).failure?.error), /Stuck: the recovery/)
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

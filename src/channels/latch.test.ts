/** The latch opens once, at zero. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Clockwork } from '../../test/channels/clockwork.ts'
import { watch } from '../../test/channels/watch.ts'
import { Latch } from './latch.ts'
import { SyncMisuse, SyncTimeout } from './sync-errors.ts'

test('everyone passes when the count is zero, and from then on', async () => {
  const world = new Clockwork()
  const latch = new Latch(3, world)
  const waiting = [watch(latch.wait()), watch(latch.wait())]
  latch.countDown(2)
  await world.settle()
  assert.deepEqual([waiting[0]?.state, latch.count], ['pending', 1])
  latch.countDown()
  await world.settle()
  assert.deepEqual(
    waiting.map(({ state }) => state),
    ['resolved', 'resolved'],
  )
  await latch.wait()
})

test('a wait may end before, and the count stays', async () => {
  const world = new Clockwork()
  const latch = new Latch(1, world)
  const late = watch(latch.wait({ timeoutMs: 5 }))
  await world.run()
  assert.ok(late.error instanceof SyncTimeout)
  await assert.rejects(latch.wait({ signal: AbortSignal.abort(new Error('before')) }), /before/)
  assert.equal(latch.count, 1)
})

test('counting below zero is an error', () => {
  const latch = new Latch(1, new Clockwork())
  assert.throws(() => latch.countDown(2), SyncMisuse)
  assert.throws(() => latch.countDown(-1), { code: 'SYNC_MISUSE' })
  assert.throws(() => new Latch(-1, new Clockwork()), SyncMisuse)
})

/** The rules of maps one by one, with simulated workers in simulated time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { collect, type Item, itemsOf, quick, Setting } from '../../test/pool/map-setting.ts'
import type { Progress } from './contract.ts'
import { PoolClosed, PoolTaskTimeout } from './errors.ts'

test('imap gives what came before the first failure and then throws it', async () => {
  const setting = new Setting()
  const items = quick(30)
  items[7] = { kind: 'throws', ms: 0.01, n: 7 }
  const seen: unknown[] = []
  await assert.rejects(
    setting.run(async () => {
      for await (const value of setting.pool.imap('deed', setting.some(items))) seen.push(value)
    }),
    RangeError,
  )
  assert.deepEqual(seen, items.slice(0, 7))
  assert.equal(setting.closed, 1)
})

test('the first failure ends a map, and takes back what still waits', async () => {
  const setting = new Setting({ size: 1, aheadMax: 0 })
  const items = itemsOf(Array.from({ length: 40 }, () => ({ kind: 'done', ms: 10 })))
  items[3] = { kind: 'throws', ms: 10, n: 3 }
  await setting.run(async () => {
    await assert.rejects(
      setting.pool.map('deed', setting.some(items), { chunkSize: 1 }),
      RangeError,
    )
    await setting.sleep(1_000)
  })
  assert.ok(setting.world.workers.begun.length <= 5)
  assert.equal(setting.closed, 1)
})

test('a consumer that leaves takes back what waits; what runs is left to run', async () => {
  const setting = new Setting({ size: 2, aheadMax: 0 })
  const items = itemsOf([10, 90, 50, 50, 50, 50].map((ms) => ({ kind: 'done', ms })))
  await setting.run(async () => {
    for await (const _ of setting.pool.imap('deed', items)) break
    assert.equal(setting.world.crew.counters().queued, 0)
    await setting.sleep(1_000)
  })
  assert.deepEqual(
    setting.world.workers.begun.map(({ chunk }) => chunk.terms.values),
    items.slice(0, 3).map((item) => [item]),
  )
  assert.equal(setting.world.workers.finished.length, 3)
})

test('quick items come to travel together when the size is left to the pool', async () => {
  const setting = new Setting({ size: 1 })
  await setting.run(() => setting.pool.map('deed', quick(2_000)))
  assert.ok(setting.world.workers.begun.length < 100)
  const slow = new Setting({ size: 1 })
  const items = itemsOf(Array.from({ length: 20 }, () => ({ kind: 'done', ms: 10 })))
  await slow.run(() => slow.pool.map('deed', items))
  assert.equal(slow.world.workers.begun.length, 20)
})

test('a timeout is for one item unless the size of the chunk is given', async () => {
  const setting = new Setting({ size: 1 })
  await setting.run(() => setting.pool.map('deed', quick(50), { timeoutMs: 100 }))
  assert.equal(setting.world.workers.begun.length, 50)
  const hung = new Setting({ size: 2 })
  const items = quick(10)
  items[4] = { kind: 'hangs', n: 4 }
  const outcomes = await hung.run(() => collect(hung.pool.settle('deed', items, { timeoutMs: 20 })))
  const failed = outcomes.filter(({ status }) => status === 'failed')
  assert.deepEqual(
    failed.map(({ index }) => index),
    [4],
  )
  assert.ok(failed[0]?.status === 'failed' && failed[0].error instanceof PoolTaskTimeout)
})

test('a signal ends it at once with its reason, even while the source is silent', async () => {
  const setting = new Setting()
  const cancel = new AbortController()
  const reason = new Error('enough')
  await assert.rejects(
    setting.run(async () => {
      setting.world.scheduler.after(50, () => cancel.abort(reason))
      const silent: AsyncIterable<Item> = {
        [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => undefined) }),
      }
      await setting.pool.map('deed', silent, { signal: cancel.signal })
    }),
    (error) => error === reason,
  )
  const early = new Setting()
  await assert.rejects(
    early.run(() =>
      early.pool.map('deed', early.some(quick(3)), { signal: AbortSignal.abort(reason) }),
    ),
    (error) => error === reason,
  )
  assert.equal(early.pulled, 0)
})

test('what the source throws ends it', async () => {
  for (const kind of ['sync', 'async'] as const) {
    const setting = new Setting()
    const broken = new Error('bad source')
    function* sync(): Generator<Item> {
      yield* quick(3)
      throw broken
    }
    async function* slow(): AsyncGenerator<Item> {
      yield* sync()
    }
    await assert.rejects(
      setting.run(() => setting.pool.map('deed', kind === 'sync' ? sync() : slow())),
      (error) => error === broken,
    )
  }
})

test('a map on a closed pool rejects, and so does one whose pool is destroyed', async () => {
  const setting = new Setting()
  await assert.rejects(
    setting.run(async () => {
      await setting.pool.close()
      await setting.pool.map('deed', quick(1))
    }),
    PoolClosed,
  )
  const other = new Setting()
  const hung = itemsOf([{ kind: 'hangs' }])
  await assert.rejects(
    other.run(async () => {
      other.world.scheduler.after(50, () => void other.pool.destroy())
      await collect(other.pool.imap('deed', hung))
    }),
    PoolClosed,
  )
})

test('nothing to do is done at once', async () => {
  const setting = new Setting()
  assert.deepEqual(await setting.run(() => setting.pool.map('deed', [])), [])
  assert.equal(setting.world.workers.workers.length, 0)
})

test('a slow source does not let its items lie: a part of a chunk goes when nothing else does', async () => {
  const setting = new Setting({ size: 1 })
  const seen: unknown[] = []
  await setting.run(async () => {
    async function* drip(): AsyncGenerator<Item> {
      for (const item of quick(3)) {
        yield item
        await setting.sleep(1_000)
        assert.equal(seen.length, item.n + 1, 'the item before has been handed out')
      }
    }
    for await (const value of setting.pool.imap('deed', drip(), { chunkSize: 50 })) {
      seen.push(value)
    }
  })
  assert.equal(seen.length, 3)
})

test('progress grows to the whole, and says what failed', async () => {
  const setting = new Setting()
  const items = quick(50)
  items[10] = { kind: 'throws', ms: 0.01, n: 10 }
  const told: Progress[] = []
  await setting.run(() =>
    collect(setting.pool.settle('deed', items, { onProgress: (progress) => told.push(progress) })),
  )
  assert.deepEqual(told.at(-1), { done: 50, failed: 1, total: 50 })
  assert.ok(told.every(({ done }, index) => index === 0 || done > (told[index - 1]?.done ?? 0)))
})

test('a progress handler that throws ends the map with its error', async () => {
  const setting = new Setting()
  const broken = new Error('bad handler')
  const onProgress = (): void => {
    throw broken
  }
  await assert.rejects(
    setting.run(() => setting.pool.map('deed', quick(5), { onProgress })),
    (error) => error === broken,
  )
})

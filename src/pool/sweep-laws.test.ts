/** What a map promises, whatever the sizes of its chunks and the fates of its workers. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { collect, type Item, itemsOf, quick, Setting } from '../../test/pool/map-setting.ts'
import type { Deed } from '../../test/pool/sim-workers.ts'
import type { ChunkSize, Items, Outcome } from './contract.ts'
import { PoolNotSendable, PoolWorkerLost } from './errors.ts'

const times = fc.constantFrom(0, 0.01, 0.01, 1, 15)
const good: fc.Arbitrary<Deed> = times.map((ms) => ({ kind: 'done', ms }))
const bad: fc.Arbitrary<Deed> = fc.oneof(
  times.map((ms): Deed => ({ kind: 'throws', ms })),
  times.map((ms): Deed => ({ kind: 'kills', ms })),
  fc.constant<Deed>({ kind: 'refused' }),
)
const settings = fc.record({
  seed: fc.nat(),
  size: fc.integer({ min: 1, max: 3 }),
  aheadMax: fc.constantFrom(0, 4, 32),
})
const chunkSizes = fc.constantFrom<ChunkSize>('auto', 1, 2, 7, 100)
const sources = fc.constantFrom('array', 'some', 'late')

function sourceOf(setting: Setting, kind: string, items: readonly Item[]): Items<Item> {
  if (kind === 'array') return items
  return kind === 'some' ? setting.some(items) : setting.late(items)
}

test('map and imap give the results in the order of the items, and each item once', async () => {
  await fc.assert(
    fc.asyncProperty(
      settings,
      fc.array(good, { maxLength: 200 }),
      chunkSizes,
      sources,
      async (options, deeds, chunkSize, kind) => {
        const items = itemsOf(deeds)
        for (const how of ['map', 'imap'] as const) {
          const setting = new Setting(options)
          const source = sourceOf(setting, kind, items)
          const results = await setting.run(() =>
            how === 'map'
              ? setting.pool.map('deed', source, { chunkSize })
              : collect(setting.pool.imap('deed', source, { chunkSize })),
          )
          assert.deepEqual(results, items)
          assert.equal(setting.world.crew.counters().done, items.length)
        }
      },
    ),
    { numRuns: 60 },
  )
})

test('imapUnordered gives the same results in any order', async () => {
  await fc.assert(
    fc.asyncProperty(
      settings,
      fc.array(good, { maxLength: 200 }),
      chunkSizes,
      sources,
      async (options, deeds, chunkSize, kind) => {
        const setting = new Setting(options)
        const items = itemsOf(deeds)
        const source = sourceOf(setting, kind, items)
        const results = await setting.run(() =>
          collect(setting.pool.imapUnordered('deed', source, { chunkSize })),
        )
        const numbers = results.map((result) => (result as Item).n)
        assert.deepEqual(
          numbers.sort((left, right) => left - right),
          items.map((item) => item.n),
        )
      },
    ),
    { numRuns: 60 },
  )
})

test('settle tells of every item once, and only what an item did is held against it', async () => {
  await fc.assert(
    fc.asyncProperty(
      settings,
      fc.array(fc.oneof({ weight: 6, arbitrary: good }, { weight: 1, arbitrary: bad }), {
        maxLength: 80,
      }),
      fc.constantFrom(1, 2),
      chunkSizes,
      async (options, deeds, attempts, chunkSize) => {
        const setting = new Setting(options)
        const items = itemsOf(deeds)
        const outcomes = (await setting.run(() =>
          collect(setting.pool.settle('deed', items, { attempts, chunkSize })),
        )) as Outcome<Item, Item>[]
        assert.deepEqual(
          outcomes.map(({ index }) => index).sort((left, right) => left - right),
          items.map(({ n }) => n),
        )
        const begun = new Map<unknown, number>()
        for (const { chunk } of setting.world.workers.begun) {
          for (const value of chunk.terms.values) begun.set(value, (begun.get(value) ?? 0) + 1)
        }
        for (const times of begun.values()) assert.ok(times <= attempts, 'begun too often')
        const alone = chunkSize === 1 || attempts > 1 ? 'alone' : 'together'
        for (const outcome of outcomes) checkOutcome(outcome, alone)
      },
    ),
    { numRuns: 150 },
  )
})

test('no more is pulled than may be inside, and nothing after the consumer has gone', async () => {
  await fc.assert(
    fc.asyncProperty(
      settings,
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 40 }),
      chunkSizes,
      fc.constantFrom('some', 'late'),
      async (options, itemsMax, taken, chunkSize, kind) => {
        const setting = new Setting(options)
        const items = quick(100)
        let handedOut = 0
        await setting.run(async () => {
          const source = sourceOf(setting, kind, items)
          for await (const _ of setting.pool.imap('deed', source, { chunkSize, itemsMax })) {
            handedOut += 1
            // A chunk is handed out as a whole; and a generator has begun the item that it will give next.
            assert.ok(setting.pulled - handedOut <= 2 * itemsMax + 1)
            await setting.sleep(2)
            if (handedOut === taken) break
          }
          const pulledAtBreak = setting.pulled
          await setting.sleep(500)
          assert.ok(setting.pulled <= pulledAtBreak + 1)
        })
        assert.equal(setting.closed, 1, 'the source was not closed')
      },
    ),
    { numRuns: 40 },
  )
})

function checkOutcome(outcome: Outcome<Item, Item>, alone: 'alone' | 'together'): void {
  const { item } = outcome
  assert.equal(outcome.index, item.n)
  if (outcome.status === 'done') {
    assert.equal(item.kind, 'done')
    assert.equal(outcome.value, item)
    return
  }
  const { error } = outcome
  if (item.kind === 'throws' && error instanceof RangeError) return
  if (item.kind === 'refused') assert.ok(error instanceof PoolNotSendable)
  else assert.ok(error instanceof PoolWorkerLost, String(error))
  // In a chunk of several that may not be tried again, one deadly item takes the others with it.
  if (alone === 'alone') assert.notEqual(item.kind, 'done')
}

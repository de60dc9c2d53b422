/** What a map promises, whatever the sizes of its chunks and the fates of its workers: laws, and some rules one by one. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { CrewWorld, type CrewWorldOptions } from '../../test/pool/crew-world.ts'
import type { Deed } from '../../test/pool/sim-workers.ts'
import type { ChunkSize, Items, Outcome, Progress } from './contract.ts'
import { PoolClosed, PoolNotSendable, PoolTaskTimeout, PoolWorkerLost } from './errors.ts'
import { TaskPool } from './task-pool.ts'

/** A deed that is told apart from others like it. */
type Item = Deed & { readonly n: number }

class Setting {
  readonly world: CrewWorld
  readonly pool: TaskPool
  pulled = 0
  closed = 0

  constructor(options: CrewWorldOptions = {}) {
    this.world = new CrewWorld(options)
    this.pool = new TaskPool(this.world.crew, {
      whenFull: 'wait',
      timeoutMs: Number.POSITIVE_INFINITY,
      attempts: 1,
    })
  }

  /** Runs to the end, and sees that nothing is left behind. */
  run<T>(main: () => Promise<T>): Promise<T> {
    return this.world.scheduler.run(async () => {
      try {
        return await main()
      } finally {
        await this.pool.destroy()
      }
    })
  }

  /** The items one by one, counting what is taken. */
  *some(items: readonly Item[]): Generator<Item, void, undefined> {
    try {
      for (const item of items) {
        this.pulled += 1
        yield item
      }
    } finally {
      this.closed += 1
    }
  }

  /** The same, asynchronously and now and then late. */
  async *late(items: readonly Item[]): AsyncGenerator<Item, void, undefined> {
    try {
      for (const item of items) {
        if (item.n % 3 === 0) await this.sleep(item.n % 2 === 0 ? 1 : 30)
        this.pulled += 1
        yield item
      }
    } finally {
      this.closed += 1
    }
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.world.scheduler.after(ms, resolve))
  }
}

function itemsOf(deeds: readonly Deed[]): Item[] {
  return deeds.map((deed, n) => ({ ...deed, n }))
}

function quick(count: number): Item[] {
  return itemsOf(Array.from({ length: count }, () => ({ kind: 'done', ms: 0.01 })))
}

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const one of source) all.push(one)
  return all
}

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

describe('laws', () => {
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
          const alone = chunkSize === 1 || attempts > 1
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
})

function checkOutcome(outcome: Outcome<Item, Item>, alone: boolean): void {
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
  if (alone) assert.notEqual(item.kind, 'done')
}

describe('rules', () => {
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
    await assert.rejects(
      setting.run(() => setting.pool.map('deed', setting.some(items), { chunkSize: 1 })),
      RangeError,
    )
    assert.ok(setting.world.workers.begun.length <= 5)
    assert.equal(setting.closed, 1)
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
    const outcomes = await hung.run(() =>
      collect(hung.pool.settle('deed', items, { timeoutMs: 20 })),
    )
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
      collect(
        setting.pool.settle('deed', items, { onProgress: (progress) => told.push(progress) }),
      ),
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
})

/** A pool at work on a channel: everything is acknowledged once, put back, or rejected; with simulated workers. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { type Item, itemsOf, quick, Setting } from '../../test/pool/map-setting.ts'
import type { Deed } from '../../test/pool/sim-workers.ts'
import { untilAborted } from '../base/abort.ts'
import { ChannelClosed, type Receiver, type WaitOptions } from '../channels/contract.ts'
import { PoolClosed, PoolTaskTimeout, PoolWorkerLost } from './errors.ts'
import type { TaskPool } from './task-pool.ts'
import { type ConsumeOptions, type Consumption, channelSource } from './task-source.ts'

/** The least that a channel must be: filled beforehand, closed or still open. */
class Filled implements Receiver<Item> {
  readonly items: Item[]
  closed: boolean
  done = 0

  constructor(items: readonly Item[], state: 'open' | 'closed' = 'closed') {
    this.items = [...items]
    this.closed = state === 'closed'
  }

  get(options: WaitOptions = {}): Promise<Item> {
    const item = this.tryGet()
    if (item !== undefined) return Promise.resolve(item)
    if (this.closed) return Promise.reject(new ChannelClosed())
    return untilAborted(options.signal, () => () => undefined)
  }

  tryGet(): Item | undefined {
    return this.items.shift()
  }

  taskDone(): void {
    this.done += 1
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item> {
    yield* this.items
  }
}

type Options = ConsumeOptions<unknown, unknown>

function consume(pool: TaskPool, channel: Filled, options: Options & { attempts?: number } = {}) {
  const { attempts = 3, ...rest } = options
  const rejected: { readonly value: Item; readonly error: unknown }[] = []
  const source = channelSource(channel, {
    attempts,
    onRejected: (value, error) => rejected.push({ value, error }),
  })
  // The pool of this test is one of any tasks.
  const consumption = pool.consume(source as never, 'deed', rest)
  return { consumption, rejected }
}

test('what is done is acknowledged after its result was taken', async () => {
  const setting = new Setting()
  const channel = new Filled(quick(50))
  const taken: unknown[] = []
  await setting.run(async () => {
    const { consumption } = consume(setting.pool, channel, {
      onResult: async (result) => {
        await setting.sleep(1)
        assert.ok(channel.done <= taken.length)
        taken.push(result)
      },
    })
    await consumption.done
    assert.equal(consumption.acked, 50)
  })
  assert.equal(taken.length, 50)
  assert.equal(channel.done, 50)
})

const deeds = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.constant<Deed>({ kind: 'done', ms: 1 }) },
    { weight: 1, arbitrary: fc.constant<Deed>({ kind: 'throws', ms: 1 }) },
    { weight: 1, arbitrary: fc.constant<Deed>({ kind: 'kills', ms: 1 }) },
  ),
  { maxLength: 60 },
)

test('every value is settled once: done, or rejected for what it did itself', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(),
      deeds,
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 9 }),
      async (seed, given, attempts, inFlightMax) => {
        const setting = new Setting({ seed })
        const items = itemsOf(given)
        const channel = new Filled(items)
        const failed: unknown[] = []
        await setting.run(async () => {
          const { consumption, rejected } = consume(setting.pool, channel, {
            attempts,
            inFlightMax,
            onFailure: (_, value) => {
              failed.push(value)
            },
          })
          await consumption.done
          const bad = items.filter(({ kind }) => kind !== 'done')
          assert.deepEqual(new Set(rejected.map(({ value }) => value)), new Set(bad))
          assert.equal(rejected.length, bad.length)
          assert.equal(consumption.acked, items.length - bad.length)
          for (const { value, error } of rejected) {
            assert.equal(error instanceof PoolWorkerLost, value.kind === 'kills')
          }
        })
        assert.equal(channel.done, items.length)
        const killers = items.filter(({ kind }) => kind === 'kills').length
        assert.equal(setting.world.workers.deaths.length, killers * attempts)
        assert.equal(failed.length, items.filter(({ kind }) => kind === 'throws').length)
      },
    ),
    { numRuns: 60 },
  )
})

test('no more is taken than may be in hand', async () => {
  const setting = new Setting({ size: 3 })
  const channel = new Filled(quick(100))
  await setting.run(async () => {
    let inHand = 0
    let most = 0
    const get = channel.get.bind(channel)
    channel.get = (options) => {
      inHand += 1
      most = Math.max(most, inHand)
      return get(options)
    }
    const { consumption } = consume(setting.pool, channel, {
      inFlightMax: 5,
      onResult: () => {
        inHand -= 1
      },
    })
    await consumption.done
    assert.equal(most, 5)
  })
})

test('close takes no more, finishes what it has, and leaves the rest in the channel', async () => {
  const setting = new Setting({ size: 1, aheadMax: 0 })
  const items = itemsOf(Array.from({ length: 20 }, () => ({ kind: 'done', ms: 10 })))
  const channel = new Filled(items, 'open')
  await setting.run(async () => {
    const { consumption } = consume(setting.pool, channel, { inFlightMax: 2 })
    await setting.sleep(60)
    await consumption.close()
    await consumption.close()
    assert.ok(consumption.acked >= 2 && consumption.acked < 20)
    assert.equal(consumption.acked + channel.items.length, 20)
  })
})

async function endOf(consumption: Consumption): Promise<unknown> {
  return await consumption.done.then(
    () => assert.fail('it went well'),
    (error: unknown) => error,
  )
}

test('a signal ends it at once: what ran is killed, and everything unsettled is put back', async () => {
  const setting = new Setting({ size: 2 })
  const channel = new Filled(itemsOf(Array.from({ length: 6 }, () => ({ kind: 'hangs' }))), 'open')
  const cancel = new AbortController()
  await setting.run(async () => {
    const source = channelSource<Item>(channel)
    const consumption = setting.pool.consume(source as never, 'deed', {
      inFlightMax: 4,
      signal: cancel.signal,
    })
    const end = endOf(consumption)
    await setting.sleep(50)
    cancel.abort('enough')
    assert.equal(await end, 'enough')
    assert.equal(consumption.requeued, 4)
    assert.equal(channel.done, 0)
    const again: number[] = []
    for (let count = 0; count < 6; count += 1) {
      const delivery = await source.next(AbortSignal.timeout(1_000))
      again.push(delivery?.value.n ?? -1)
    }
    assert.deepEqual(new Set(again), new Set([0, 1, 2, 3, 4, 5]), 'nothing was lost')
  })
})

test('a result that nobody can take ends it, and its value is put back', async () => {
  const setting = new Setting()
  const broken = new Error('disk full')
  await setting.run(async () => {
    const { consumption } = consume(setting.pool, new Filled(quick(9)), {
      inFlightMax: 1,
      onResult: () => {
        throw broken
      },
    })
    assert.equal(await endOf(consumption), broken)
    assert.equal(consumption.requeued, 1)
    assert.equal(consumption.acked, 0)
  })
})

test('a pool that goes away ends it, and puts back what was not done', async () => {
  const setting = new Setting()
  const items = itemsOf([{ kind: 'hangs' }, { kind: 'hangs' }])
  await setting.run(async () => {
    const { consumption, rejected } = consume(setting.pool, new Filled(items))
    const end = endOf(consumption)
    await setting.sleep(50)
    await setting.pool.destroy()
    assert.ok((await end) instanceof PoolClosed)
    assert.equal(consumption.requeued, 2)
    assert.equal(rejected.length, 0)
  })
})

test('a task that takes too long is rejected and not tried again', async () => {
  const setting = new Setting()
  await setting.run(async () => {
    const { consumption, rejected } = consume(
      setting.pool,
      new Filled(itemsOf([{ kind: 'hangs' }])),
      {
        timeoutMs: 20,
      },
    )
    await consumption.done
    assert.equal(consumption.rejected, 1)
    assert.ok(rejected[0]?.error instanceof PoolTaskTimeout)
  })
})

/** What every kind of pool keeps, with real workers: calls, errors, setup, endings, maps. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import {
  type Pool,
  PoolMisuse,
  PoolNotSendable,
  PoolStartFailed,
  PoolTaskMissing,
} from '../../src/pool/mod.ts'
import { openPool, type PoolKind, WorkerLog, wentWell, withPool } from '../pool/real-pool.ts'

/** Real workers on a busy machine: far above what the tests here take together, far below a hang. */
const limitMs = 90_000

export function poolContract(kind: PoolKind): void {
  describe(`a pool of ${kind}`, { timeout: limitMs }, () => {
    callsContract(kind)
    valuesContract(kind)
    errorsContract(kind)
    setupContract(kind)
    endingContract(kind)
    manyContract(kind)
  })
}

function callsContract(kind: PoolKind): void {
  test('calls functions of the module by name, in workers', async () => {
    await withPool(kind, {}, async (pool) => {
      assert.equal(await pool.run('add', [2, 3]), 5)
      assert.equal(await pool.run('later', ['x']), 'x')
      const { pid, isMainThread } = await pool.run('whoAmI', [])
      assert.equal(pid === process.pid, kind === 'threads')
      assert.equal(isMainThread, kind === 'processes')
    })
  })

  test('the default export is a task as well, and a URL of any kind names the module', async () => {
    const module = moduleOf("export default (name) => 'hello ' + name")
    await withPool(kind, { module }, async (pool) => {
      assert.equal(await (pool as unknown as Pool).run('default', ['naru']), 'hello naru')
    })
  })

  test('names that are no tasks are refused', async () => {
    await withPool(kind, {}, async (pool) => {
      const untyped = pool as unknown as Pool
      await assert.rejects(untyped.run('nothing', []), PoolTaskMissing)
      await assert.rejects(untyped.run('setup', []), PoolMisuse)
      await assert.rejects(untyped.run('toString', []), PoolTaskMissing)
      await assert.rejects(untyped.run((() => 1) as never, []), PoolMisuse)
    })
  })

  test('what is no list of arguments, no items and no source is refused', async () => {
    await withPool(kind, {}, async (pool) => {
      const untyped = pool as unknown as Pool
      await assert.rejects(untyped.run('add', 5 as never), PoolMisuse)
      await assert.rejects(untyped.map('same', 5 as never), PoolMisuse)
      await assert.rejects(untyped.imap('same', undefined as never).next(), PoolMisuse)
      assert.throws(() => untyped.consume([1] as never, 'same'), /channelSource or queueSource/)
    })
  })
}

/** A module without a file. */
function moduleOf(text: string): URL {
  return new URL(`data:text/javascript,${encodeURIComponent(text)}`)
}

function valuesContract(kind: PoolKind): void {
  test('values of every kind that can be cloned arrive as they were', async () => {
    const shared = { name: 'shared' }
    const values: unknown[] = [
      undefined,
      null,
      -0,
      Number.NaN,
      2n ** 70n,
      'text \ud83d\ude00 \ud800',
      new Date(0),
      /x/gi,
      new Map([['a', new Set([1])]]),
      [shared, shared],
      { deep: [{ er: [1, undefined, 'x'] }] },
      new Uint8Array([1, 2, 3]),
      new Float64Array([1.5, Number.NEGATIVE_INFINITY]),
      new TypeError('an error as a value'),
    ]
    await withPool(kind, {}, async (pool) => {
      for (const value of values) assert.deepEqual(await pool.run('same', [value]), value)
      const back = (await pool.run('same', [[shared, shared]])) as object[]
      assert.equal(back[0], back[1], 'one object is still one')
    })
  })

  test('megabytes go there and back', async () => {
    const text = '나루'.repeat(1_000_000)
    const bytes = new Uint8Array(5_000_000).map((_, index) => index)
    await withPool(kind, { size: 1 }, async (pool) => {
      const all = await Promise.all([
        pool.run('same', [text]),
        pool.run('same', [bytes]),
        pool.run('add', [1, 1]),
        pool.run('same', [{ text, bytes }]),
      ])
      assert.equal(all[0], text)
      assert.deepEqual(Buffer.compare(all[1] as Uint8Array, bytes), 0)
      assert.equal(all[2], 2)
      assert.equal((all[3] as { text: string }).text, text)
    })
  })

  test('what is transferred is gone here and there, in both directions', async () => {
    await withPool(kind, {}, async (pool) => {
      const { buffer } = new Uint8Array([1, 2, 3])
      assert.equal(await pool.run('sum', [buffer], { transfer: [buffer] }), 6)
      assert.equal(buffer.byteLength, 0)
      const made = await pool.run('make', [1_000])
      assert.equal(made.byteLength, 1_000)
      assert.equal(new Uint8Array(made)[999], 7)
      await assert.rejects(
        pool.run('sum', [buffer], { transfer: [buffer], attempts: 2 }),
        PoolMisuse,
      )
    })
  })
}

function errorsContract(kind: PoolKind): void {
  test('an error keeps its type, name, code, message, stack, properties and cause', async () => {
    await withPool(kind, {}, async (pool) => {
      const error = await pool.run('pay', [12]).then(wentWell, (thrown: unknown) => thrown)
      assert.ok(error instanceof RangeError)
      assert.equal(error.name, 'PaymentError')
      assert.equal(error.message, 'cannot pay 12')
      assert.equal((error as unknown as { code: string }).code, 'E_PAYMENT')
      assert.equal((error as unknown as { amount: number }).amount, 12)
      assert.match(error.stack ?? '', /pool-tasks/)
      assert.ok(error.cause instanceof TypeError)
      assert.equal(error.cause.message, 'no card')
    })
  })

  test('whatever is thrown arrives', async () => {
    await withPool(kind, {}, async (pool) => {
      for (const thrown of ['text', 7, null, { plain: 'object' }]) {
        const caught = await pool
          .run('throwLater', [thrown])
          .then(wentWell, (thrown: unknown) => thrown)
        assert.deepEqual(caught, thrown)
      }
      await assert.rejects(pool.run('throwFunction', []), PoolNotSendable)
    })
  })

  test('what cannot be copied fails its own task alone, in both directions', async () => {
    await withPool(kind, { size: 1 }, async (pool) => {
      const fates = await Promise.allSettled([
        pool.run('add', [1, 2]),
        pool.run('same', [{ not: () => 'cloneable' }]),
        pool.run('giveFunction', []),
        pool.run('add', [3, 4]),
      ])
      const [first, arg, result, last] = fates
      assert.deepEqual(
        [first, last],
        [
          { status: 'fulfilled', value: 3 },
          { status: 'fulfilled', value: 7 },
        ],
      )
      for (const fate of [arg, result]) {
        assert.ok(fate?.status === 'rejected' && fate.reason instanceof PoolNotSendable)
      }
      assert.equal(pool.counters().workersLost, 0)
    })
  })
}

function setupContract(kind: PoolKind): void {
  test('setup runs once in each worker, after that of the initializer, and teardown at the end', async () => {
    using log = new WorkerLog()
    const initializer = moduleOf(`
      import { appendFileSync } from 'node:fs'
      let id
      const log = (line) => appendFileSync(${JSON.stringify(log.path)}, line + '\\n')
      export const setup = ({ workerId }) => log('initialize ' + (id = workerId))
      export const teardown = () => log('end ' + id)
    `)
    const pool = openPool(kind, { initializer, setupData: { log: log.path } })
    await pool.ready()
    const seen = await pool.map('seenAtSetup', [1, 2, 3, 4, 5, 6] as never[])
    for (const context of seen) assert.deepEqual(context?.data, { log: log.path })
    assert.ok((await pool.run('whoAmI', [])).setups === 1)
    await pool.close()
    const order = ['initialize 1', 'initialize 2', 'teardown 1', 'teardown 2', 'end 1', 'end 2']
    assert.deepEqual(new Set(log.lines), new Set(order))
    assert.equal(log.lines.length, order.length)
    assert.ok(log.lines.indexOf('teardown 1') < log.lines.indexOf('end 1'))
  })

  test('a module that is missing or whose setup fails says so, and so does one that ends or hangs', async () => {
    const missing = openPool(kind, { module: new URL('./nowhere.js', import.meta.url) })
    await assert.rejects(missing.run('add', [1, 2]), PoolStartFailed)
    await assert.rejects(missing.ready(), PoolStartFailed)
    await missing.close()

    await withPool(kind, { setupData: { setup: 'throws' } }, async (pool) => {
      const error = await pool.run('add', [1, 2]).then(wentWell, (thrown: unknown) => thrown)
      assert.ok(error instanceof PoolStartFailed)
      assert.ok(error.cause instanceof RangeError)
      assert.equal((error.cause as RangeError & { code: string }).code, 'E_SETUP')
    })
    await withPool(kind, { setupData: { setup: 'exits' } }, async (pool) => {
      await assert.rejects(pool.run('add', [1, 2]), /exit code 7/)
    })
    await withPool(kind, { setupData: { setup: 'hangs' }, startTimeoutMs: 500 }, async (pool) => {
      await assert.rejects(pool.run('add', [1, 2]), /not ready after 500 ms/)
    })
  })

  test('setup data that cannot be copied fails the start', async () => {
    await withPool(kind, { setupData: { not: () => 'cloneable' } }, async (pool) => {
      await assert.rejects(pool.run('add', [1, 2]), PoolStartFailed)
    })
  })
}

function endingContract(kind: PoolKind): void {
  test('close finishes what it has', async () => {
    const pool = openPool(kind)
    const running = Array.from({ length: 10 }, (_, index) => pool.run('later', [index]))
    await pool.close()
    assert.deepEqual(await Promise.all(running), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    assert.ok(pool.closed)
    await assert.rejects(pool.run('add', [1, 1]), { code: 'POOL_CLOSED' })
  })

  test('destroy ends it in the middle of everything', async () => {
    const pool = openPool(kind)
    const tasks = (['forever', 'sleepForever', 'forever', 'whoAmI'] as const).map((task) =>
      pool.run(task, []),
    )
    const fates = Promise.allSettled(tasks)
    await new Promise((resolve) => setTimeout(resolve, 100))
    await pool.destroy()
    for (const fate of await fates) {
      assert.ok(fate.status === 'rejected' && fate.reason.code === 'POOL_CLOSED')
    }
  })

  test('a pool that is closed before it began to work starts no worker', async () => {
    const pool = openPool(kind)
    await pool[Symbol.asyncDispose]()
    assert.equal(pool.counters().workersStarted, 0)
    const starting = openPool(kind)
    const ready = assert.rejects(starting.ready(), { code: 'POOL_CLOSED' })
    await starting.close()
    await ready
  })
}

function manyContract(kind: PoolKind): void {
  test('maps give everything in order, whatever the chunks', async () => {
    const items = Array.from({ length: 3_000 }, (_, index) => index)
    await withPool(kind, {}, async (pool) => {
      assert.deepEqual(await pool.map('same', items), items)
      for (const chunkSize of [1, 7, 'auto'] as const) {
        const seen: unknown[] = []
        for await (const value of pool.imap('same', items, { chunkSize })) seen.push(value)
        assert.deepEqual(seen, items)
        const any: number[] = []
        for await (const value of pool.imapUnordered('same', items, { chunkSize })) {
          any.push(value as number)
        }
        assert.deepEqual(
          any.sort((left, right) => left - right),
          items,
        )
      }
    })
  })
}

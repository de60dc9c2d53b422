/** What every kind of pool keeps when its real workers die, hang, grow, or are not wanted any more. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { type PoolEvent, PoolTaskTimeout, PoolWorkerLost } from '../../src/pool/mod.ts'
import { type PoolKind, turn, WorkerLog, wentWell, withPool } from '../pool/real-pool.ts'

/** Real workers on a busy machine: far above what the tests here take together, far below a hang. */
const limitMs = 90_000

export function poolCrashContract(kind: PoolKind): void {
  describe(`a pool of ${kind} whose workers die`, { timeout: limitMs }, () => {
    crashContract(kind)
    phasesContract(kind)
    memoryContract(kind)
    heapContract(kind)
    stressContract(kind)
  })
}

function crashContract(kind: PoolKind): void {
  test('a task that ends its worker fails alone', async () => {
    await withPool(kind, {}, async (pool) => {
      const others = Array.from({ length: 20 }, (_, index) => pool.run('add', [index, 1]))
      const error = await pool.run('exit', [9]).then(wentWell, (thrown: unknown) => thrown)
      assert.ok(error instanceof PoolWorkerLost)
      assert.equal(error.exitCode, 9)
      assert.deepEqual(
        await Promise.all(others),
        others.map((_, index) => index + 1),
      )
      assert.equal(await pool.run('add', [1, 1]), 2)
      assert.deepEqual(pool.counters().workersLost, 1)
    })
  })

  test('what nobody catches ends the worker, and is the cause of the loss', async () => {
    await withPool(kind, { size: 1 }, async (pool) => {
      assert.equal(await pool.run('breakLater', [20]), 'for now')
      const error = await pool.run('sleepForever', []).then(wentWell, (thrown: unknown) => thrown)
      assert.ok(error instanceof PoolWorkerLost)
      assert.ok(error.cause instanceof SyntaxError)
      assert.equal(error.cause.message, 'broken outside')
    })
  })

  test('a task that takes too long or is not wanted any more is killed in the middle of a loop', async () => {
    await withPool(kind, {}, async (pool) => {
      await assert.rejects(pool.run('forever', [], { timeoutMs: 50 }), PoolTaskTimeout)
      await assert.rejects(pool.run('sleepForever', [], { timeoutMs: 50 }), PoolTaskTimeout)
      const cancel = new AbortController()
      const reason = new Error('not wanted')
      const running = pool.run('forever', [], { signal: cancel.signal })
      setTimeout(() => cancel.abort(reason), 50)
      await assert.rejects(running, (error) => error === reason)
      assert.equal(await pool.run('add', [1, 1]), 2)
    })
  })

  test('a lost task is tried again where asked, and no more often', async () => {
    using log = new WorkerLog()
    await withPool(kind, { setupData: { log: log.path } }, async (pool) => {
      await assert.rejects(
        pool.run('mark', [{ n: 1, deed: 'exit' }], { attempts: 3 }),
        PoolWorkerLost,
      )
      assert.deepEqual(log.lines, ['1', '1', '1'])
    })
  })
}

function phasesContract(kind: PoolKind): void {
  test('a worker that dies while idle is replaced', async () => {
    const events: PoolEvent[] = []
    await withPool(kind, { size: 1, onEvent: (event) => events.push(event) }, async (pool) => {
      assert.equal(await pool.run('rejectNowhere', []), 'for now')
      while (!events.some((event) => event.kind === 'worker-ended')) await turn()
      assert.equal(pool.counters().workers, 0)
      assert.equal(await pool.run('add', [1, 1]), 2)
    })
  })

  test('an answer that was given counts, even if the worker dies right behind it', async () => {
    await withPool(kind, { size: 1 }, async (pool) => {
      for (let round = 1; round <= 5; round += 1) {
        assert.equal(await pool.run('answerAndExit', ['said']), 'said')
        // Until its death is known: a task that is sent to a dead worker is lost with it.
        while (pool.counters().workersLost < round) await turn()
      }
    })
  })

  test('what lay ahead in a dying worker is done once, by the next', async () => {
    using log = new WorkerLog()
    const options = { size: 1, setupData: { log: log.path } }
    await withPool(kind, options, async (pool) => {
      await pool.map('same', Array.from({ length: 200 }))
      const items = Array.from({ length: 40 }, (_, n) => ({
        n,
        deed: n % 10 === 4 ? ('exit' as const) : ('pass' as const),
      }))
      const fates = await Promise.allSettled(items.map((item) => pool.run('mark', [item])))
      for (const [n, fate] of fates.entries()) {
        if (n % 10 === 4)
          assert.ok(fate.status === 'rejected' && fate.reason instanceof PoolWorkerLost)
        else assert.deepEqual(fate, { status: 'fulfilled', value: n })
      }
      assert.deepEqual(
        log.lines,
        items.map(({ n }) => String(n)),
      )
    })
  })

  test('this program being busy does not make a finished task late', async () => {
    await withPool(kind, { size: 1 }, async (pool) => {
      await pool.ready()
      const quick = pool.run('add', [1, 1], { timeoutMs: 100 })
      // Let it be sent, then hold up this loop until long after the limit.
      await turn()
      const end = performance.now() + 400
      while (performance.now() < end);
      assert.equal(await quick, 2)
    })
  })
}

function memoryContract(kind: PoolKind): void {
  test('a worker is replaced after so many tasks, or when it has grown', async () => {
    await withPool(kind, { size: 1, recycle: { tasks: 3 } }, async (pool) => {
      const ids: number[] = []
      for (let index = 0; index < 7; index += 1) {
        const { pid, threadId } = await pool.run('whoAmI', [])
        ids.push(kind === 'threads' ? threadId : pid)
      }
      assert.equal(new Set(ids).size, 3)
    })
    await withPool(kind, { size: 1, recycle: { megabytes: 250 } }, async (pool) => {
      let most = 0
      for (let index = 0; index < 10; index += 1) {
        most = Math.max(most, await pool.run('grow', [50]))
        // Longer than the time between two looks at the memory.
        await pool.run('spin', [25])
      }
      assert.ok(most >= 2 && most <= 6, `${most} pieces of 50 MB`)
      assert.ok(pool.counters().workersRecycled >= 1)
    })
  })
}

function heapContract(kind: PoolKind): void {
  test('the heap of a worker is bounded where asked', async () => {
    await withPool(kind, { size: 1 }, async (pool) => {
      assert.ok((await pool.run('heapLimitMegabytes', [])) > 400)
    })
    await withPool(kind, { size: 1, heapMegabytesMax: 64 }, async (pool) => {
      // The young generation comes on top.
      const megabytes = await pool.run('heapLimitMegabytes', [])
      assert.ok(megabytes >= 64 && megabytes < 200, `${megabytes} MB`)
    })
  })
}

function stressContract(kind: PoolKind): void {
  test('amid crashes and failures nothing is lost and nothing is done twice', async () => {
    using log = new WorkerLog()
    const items = Array.from({ length: 600 }, (_, n) => ({
      n,
      deed:
        n % 97 === 50 ? ('exit' as const) : n % 31 === 7 ? ('throw' as const) : ('pass' as const),
    }))
    await withPool(kind, { size: 3, setupData: { log: log.path } }, async (pool) => {
      let told = 0
      for await (const outcome of pool.settle('mark', items)) {
        told += 1
        const { deed, n } = outcome.item
        if (outcome.status === 'done') {
          assert.equal(deed, 'pass')
          assert.equal(outcome.value, n)
        } else if (deed === 'throw') assert.ok(outcome.error instanceof RangeError)
        else assert.ok(deed === 'exit' && outcome.error instanceof PoolWorkerLost)
      }
      assert.equal(told, items.length)
    })
    const begun = log.lines.map(Number).sort((left, right) => left - right)
    assert.deepEqual(
      begun,
      items.map(({ n }) => n),
    )
  })
}

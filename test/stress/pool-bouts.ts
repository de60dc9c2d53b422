/** Pools under stress: every task is done rightly or fails for its own reason, whatever ends the workers. */
import assert from 'node:assert/strict'
import { PoolTaskTimeout, PoolWorkerLost } from '../../src/pool/mod.ts'
import { openPool, type PoolKind } from '../pool/real-pool.ts'
import type { Bout, Play } from './bout.ts'

type OpenPool = ReturnType<typeof openPool>

export function poolOf(kind: PoolKind): Play {
  return async (bout) => {
    const pool = openPool(kind, { size: bout.between(1, 3) })
    const count = bout.between(20, 300)
    try {
      const tasks = Array.from({ length: count }, (_, number) =>
        bout.wait(`task ${number}`, runOne(bout, pool, number)),
      )
      const mapped = bout.wait('map', runMap(bout, pool))
      await Promise.all([...tasks, mapped])
      assert.equal(await bout.wait('one task more', pool.run('add', [1, 1])), 2)
      return count
    } finally {
      await bout.wait('the end of the pool', pool.destroy())
    }
  }
}

async function runMap(bout: Bout, pool: OpenPool): Promise<void> {
  const numbers = Array.from({ length: bout.between(1, 300) }, (_, index) => index)
  // A crash beside it may take a chunk along: then it is tried again.
  const answers = await pool.map('same', numbers, { attempts: 20 })
  assert.deepEqual(answers, numbers)
}

/** Most of them are harmless; the others end their worker or are ended with it. */
async function runOne(bout: Bout, pool: OpenPool, number: number): Promise<void> {
  const draw = bout.between(0, 39)
  if (draw === 0) return await assert.rejects(pool.run('exit', [9]), PoolWorkerLost)
  if (draw === 1) {
    const patience = { timeoutMs: bout.between(20, 200) }
    return await assert.rejects(pool.run('forever', [], patience), PoolTaskTimeout)
  }
  if (draw === 2) {
    const cancel = new AbortController()
    const running = assert.rejects(
      pool.run('sleepForever', [], { signal: cancel.signal }),
      /enough/,
    )
    running.catch(() => undefined) // it may end before anybody asks
    await bout.moment(50)
    cancel.abort(new Error('enough'))
    return await running
  }
  if (draw < 10) assert.equal(await pool.run('later', [number], { attempts: 20 }), number)
  else assert.equal(await pool.run('add', [number, 1], { attempts: 20 }), number + 1)
}

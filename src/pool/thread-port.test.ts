/** A pool of real threads keeps what every pool keeps. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { poolContract } from '../../test/contracts/pool-contract.ts'
import { withPool } from '../../test/pool/real-pool.ts'
import { PoolWorkerLost } from './errors.ts'

poolContract('threads')

test('a thread that needs more memory than it may fails its task, and no more', async () => {
  await withPool('threads', { size: 1, heapMegabytesMax: 32 }, async (pool) => {
    await assert.rejects(pool.run('hoard', []), (error) => {
      assert.ok(error instanceof PoolWorkerLost)
      assert.equal((error.cause as { code?: string }).code, 'ERR_WORKER_OUT_OF_MEMORY')
      return true
    })
    assert.equal(await pool.run('add', [1, 1]), 2)
  })
})

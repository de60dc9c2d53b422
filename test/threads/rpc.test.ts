/** Calls to real threads: many at once, and what becomes of them when the thread ends in any way. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { client, RpcError } from '../../src/channels/mod.ts'
import { createRpc, type ThreadCaller } from '../../src/channels/threads/mod.ts'
import { within } from './guard.ts'
import type { Calls } from './rpc-worker.ts'

const limitMs = 30_000

interface Served {
  readonly caller: ThreadCaller
  readonly calls: ReturnType<typeof clientOf>
  readonly worker: Worker
}

function clientOf({ peer }: ThreadCaller) {
  return client<Calls>(peer, { count: 'stream' })
}

function serve(): Served {
  const caller = createRpc({ ringBytes: 4096, name: 'server' })
  const url = new URL('./rpc-worker.js', import.meta.url)
  const worker = new Worker(url, { workerData: caller.handle })
  worker.on('error', () => undefined)
  caller.isFor(worker.threadId)
  return { caller, calls: clientOf(caller), worker }
}

test('thousands of calls at once are answered, and streams beside them', async () => {
  const { caller, calls, worker } = serve()
  const many = Array.from({ length: 1_000 }, (_none, n) => calls.double(n))
  let sum = 0
  for await (const n of calls.count(1_000)) sum += n
  assert.equal(sum, 500_500)
  assert.deepEqual(
    await Promise.all(many),
    many.map((_call, n) => n * 2),
  )
  await caller.peer.close()
  await worker.terminate()
})

test('a cancelled call fires the signal of its handler in the other thread', async () => {
  const { caller, calls, worker } = serve()
  const stop = new AbortController()
  const waiting = assert.rejects(calls.wait(undefined, { signal: stop.signal }), /enough/)
  await assert.rejects(calls.wait(undefined, { deadlineMs: 5 }), { code: 'RPC_DEADLINE' })
  stop.abort(new Error('enough'))
  await waiting
  assert.equal(await calls.fired(), 2)
  await caller.peer.close()
  await worker.terminate()
})

for (const how of ['exit', 'crash', 'forever'] as const) {
  test(`a thread that ends takes its calls along, and nobody waits for them (${how})`, async () => {
    const { caller, calls, worker } = serve()
    assert.equal(await calls.double(1), 2)
    const pending = [calls.wait(), calls.leave(how), calls.double(3)]
    if (how === 'forever') await worker.terminate()
    const [first, second] = await within(limitMs, 'calls that end', Promise.allSettled(pending))
    for (const fate of [first, second]) {
      assert.ok(fate?.status === 'rejected' && fate.reason instanceof RpcError)
      assert.equal(fate.reason.code, 'RPC_CLOSED')
    }
    assert.ok(caller.peer.closed)
    await worker.terminate()
  })
}

test('a thread that is ended before it has begun is missed', async () => {
  const { caller, calls, worker } = serve()
  const call = calls.double(1)
  await worker.terminate()
  await within(limitMs, 'a call that ends', assert.rejects(call, { code: 'RPC_CLOSED' }))
  assert.ok(caller.peer.closed)
})

test('a thread that dies before it has attached is missed', async () => {
  const caller = createRpc({})
  const worker = new Worker('process.exit(3)', { eval: true })
  caller.isFor(worker.threadId)
  const call = caller.peer.call('double', 1)
  await within(limitMs, 'a call that ends', assert.rejects(call, { code: 'RPC_CLOSED' }))
})

/** Calls across processes: answers, streams, cancellation, and what a lost peer does to them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { ADDRESS, soon } from '../../../test/processes/channel-pair.ts'
import { MemoryWorld } from '../../../test/processes/memory-world.ts'
import { type CallContext, RemoteError, RpcError, Service } from '../mod.ts'
import { type Caller, connectRpc, type ListenRpcOptions, RpcListener } from './rpc-wire.ts'

interface Line {
  readonly world: MemoryWorld
  readonly listener: RpcListener
  readonly near: Caller
  /** The listener's view of `near`. */
  readonly far: Caller
}

async function line(
  options: ListenRpcOptions,
  world = new MemoryWorld(4, 'seeded'),
): Promise<Line> {
  const callers: Caller[] = []
  const onCaller = (caller: Caller): void => {
    callers.push(caller)
  }
  const listener = await RpcListener.open(ADDRESS, { ...options, onCaller }, world)
  const near = await soon(world, connectRpc(ADDRESS, {}, world))
  return { world, listener, near, far: callers[0]! }
}

function shop(): Service {
  const service = new Service()
  service.serve('double', (n: number) => n * 2)
  service.serve('fail', () => {
    throw Object.assign(new RangeError('too far'), { code: 'TOO_FAR' })
  })
  service.serve('count', async function* (to: number) {
    for (let n = 1; n <= to; n++) yield n
  })
  return service
}

test('calls are answered, errors keep their type and code, answers may stream', async () => {
  const { world, near } = await line({ service: shop() })
  const calls = [1, 2, 3].map((n) => near.peer.call('double', n))
  assert.deepEqual(await soon(world, Promise.all(calls)), [2, 4, 6])
  await assert.rejects(
    soon(world, near.peer.call('fail')),
    (error) =>
      error instanceof RemoteError && error.type === 'RangeError' && error.code === 'TOO_FAR',
  )
  const counting = (async () => {
    const got: unknown[] = []
    for await (const n of near.peer.stream('count', 100)) got.push(n)
    return got.length
  })()
  await world.pass(3000)
  assert.equal(await soon(world, counting), 100)
})

test('the listening side can call its callers', async () => {
  const { world, near, far } = await line({})
  near.peer.serve('who', () => 'near')
  assert.equal(await soon(world, far.peer.call('who')), 'near')
})

test('a cancelled call fires the signal of its handler in the other process', async () => {
  const service = new Service()
  let stopped = false
  service.serve('wait', async (_args: null, { signal }: CallContext) => {
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
    stopped = true
  })
  const { world, near } = await line({ service })
  const controller = new AbortController()
  const call = assert.rejects(near.peer.call('wait', null, { signal: controller.signal }), /enough/)
  await world.pass(50)
  controller.abort(new Error('enough'))
  await soon(world, call)
  await world.pass(50)
  assert.equal(stopped, true)
})

test('when a side closes or is lost, calls under way fail on the other', async () => {
  const service = new Service()
  service.serve('never', () => new Promise(() => {}))
  const { world, listener, near } = await line({ service })
  const call = assert.rejects(
    near.peer.call('never'),
    (error) => error instanceof RpcError && error.code === 'RPC_CLOSED',
  )
  await world.pass(50)
  await soon(world, listener.close())
  await soon(world, call)
  assert.equal(listener.callers.length, 0)
  await assert.rejects(near.peer.call('never'), RpcError)
})

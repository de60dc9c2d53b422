/** Calls between two parties of one thread, which is enough for all but blocking and dying. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NodeClock } from '../../node/clock.ts'
import { NodeRandom } from '../../node/random.ts'
import { NodeScheduler } from '../../node/scheduler.ts'
import type { CallContext, RpcPeer } from '../mod.ts'
import { RemoteError, Service } from '../mod.ts'
import { attachRpc, createRpc, type ThreadCaller } from './rpc-wire.ts'

const ports = {
  clock: new NodeClock(),
  random: new NodeRandom(),
  scheduler: new NodeScheduler(),
}

function pair(service: Service): { readonly near: ThreadCaller; readonly far: RpcPeer } {
  const near = createRpc({ ringBytes: 1024 }, ports)
  return { near, far: attachRpc(near.handle, { service }, ports) }
}

test('calls are answered out of order, errors keep their type and code, answers may stream', async () => {
  const service = new Service()
  service.serve('double', (n: number) => n * 2)
  service.serve('later', (_none: null, { signal }: CallContext) => aborted(signal))
  service.serve('fail', () => {
    throw Object.assign(new RangeError('too far'), { code: 'TOO_FAR' })
  })
  service.serve('count', async function* (to: number) {
    for (let n = 1; n <= to; n++) yield n
  })
  const { near, far } = pair(service)
  const stop = new AbortController()
  const later = assert.rejects(near.peer.call('later', null, { signal: stop.signal }), /enough/)
  const calls = Array.from({ length: 500 }, (_none, n) => near.peer.call('double', n))
  assert.deepEqual(
    await Promise.all(calls),
    calls.map((_call, n) => n * 2),
  )
  assert.equal(far.callsIn, 1)
  stop.abort(new Error('enough'))
  await later
  await assert.rejects(near.peer.call('fail'), (error) => {
    assert.ok(error instanceof RemoteError)
    assert.deepEqual([error.type, error.code], ['RangeError', 'TOO_FAR'])
    return true
  })
  let counted = 0
  for await (const n of near.peer.stream('count', 300)) assert.equal(n, ++counted)
  assert.equal(counted, 300)
  assert.equal(far.callsIn, 0)
  await near.peer.close()
})

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason))
  })
}

test('arguments and answers may be larger than the ring', async () => {
  const service = new Service()
  service.serve('turn', (bytes: Uint8Array) => bytes.toReversed())
  const { near } = pair(service)
  const bytes = Uint8Array.from({ length: 40_000 }, (_none, index) => index)
  const [one, two] = await Promise.all([
    near.peer.call('turn', bytes),
    near.peer.call('turn', Uint8Array.of(1, 2)),
  ])
  assert.deepEqual(one, bytes.toReversed())
  assert.deepEqual(two, Uint8Array.of(2, 1))
  await near.peer.close()
})

test('what cannot be copied fails its own call alone', async () => {
  const service = new Service()
  service.serve('echo', (value: unknown) => value)
  service.serve('function', () => () => 1)
  const { near } = pair(service)
  await assert.rejects(
    near.peer.call('echo', () => 1),
    { code: 'CHANNEL_MISUSE' },
  )
  await assert.rejects(near.peer.call('function'), { code: 'CHANNEL_MISUSE' })
  assert.equal(await near.peer.call('echo', 7), 7)
  await near.peer.close()
})

test('both sides may call; closing either ends both, and a handle is for one peer', async () => {
  const { near, far } = pair(new Service())
  near.peer.serve('who', () => 'near')
  assert.equal(await far.call('who'), 'near')
  assert.throws(() => attachRpc(near.handle, {}, ports), { code: 'CHANNEL_MISUSE' })
  const waiting = assert.rejects(near.peer.call('nobody', null, { deadlineMs: 30_000 }), {
    code: /RPC_/,
  })
  await far.close()
  await waiting
  await assert.rejects(near.peer.call('who'), { code: 'RPC_CLOSED' })
  assert.ok(near.peer.closed)
})

/** Calls between two parties of one thread, which is enough for all but blocking and dying. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NodeClock } from '../../node/clock.ts'
import { NodeRandom } from '../../node/random.ts'
import { NodeScheduler } from '../../node/scheduler.ts'
import { type RpcPeer, Service } from '../mod.ts'
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

test('a handle is for one peer, and whoever has left is missed by the other', async () => {
  const { near, far } = pair(new Service())
  assert.throws(() => attachRpc(near.handle, {}, ports), { code: 'CHANNEL_MISUSE' })
  const waiting = assert.rejects(near.peer.call('nobody', null, { deadlineMs: 30_000 }), {
    code: /RPC_/,
  })
  await far.close()
  await waiting
  await assert.rejects(near.peer.call('who'), { code: 'RPC_CLOSED' })
  assert.ok(near.peer.closed)
})

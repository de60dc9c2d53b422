/** What the end of a listener does to those who call it; what holds on any wire is in the contract. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { ADDRESS, soon } from '../../../test/processes/channel-pair.ts'
import { MemoryWorld } from '../../../test/processes/memory-world.ts'
import { RpcError, Service } from '../mod.ts'
import { connectRpc, RpcListener } from './rpc-wire.ts'

test('when a listener closes, calls under way fail on the other side, and nobody is left', async () => {
  const service = new Service()
  service.serve('never', () => new Promise(() => {}))
  const world = new MemoryWorld(4, 'seeded')
  const listener = await RpcListener.open(ADDRESS, { service }, world)
  const { peer } = await soon(world, connectRpc(ADDRESS, {}, world))
  const call = assert.rejects(
    peer.call('never'),
    (error) => error instanceof RpcError && error.code === 'RPC_CLOSED',
  )
  await world.pass(50)
  await soon(world, listener.close())
  await soon(world, call)
  assert.equal(listener.callers.length, 0)
  await assert.rejects(peer.call('never'), RpcError)
})

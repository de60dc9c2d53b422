/** Channels, calls, barriers and their siblings between processes keep the contracts of all of their kind. */

import { barrierContract } from '../../../test/contracts/barrier-contract.ts'
import {
  type ChannelEnds,
  type ChannelWorld,
  channelContract,
} from '../../../test/contracts/channel-contract.ts'
import { type JoinEnds, joinContract } from '../../../test/contracts/join-contract.ts'
import { rpcContract } from '../../../test/contracts/rpc-contract.ts'
import { syncContract } from '../../../test/contracts/sync-contract.ts'
import { ADDRESS, pair, soon } from '../../../test/processes/channel-pair.ts'
import { MemoryWorld } from '../../../test/processes/memory-world.ts'
import type { Sendable } from '../contract.ts'
import { Coordination } from './coordination.ts'
import { Coordinator } from './coordinator.ts'
import { connectChannel, listenChannel } from './open.ts'
import { type Caller, connectRpc, RpcListener } from './rpc-wire.ts'

type Ends = ChannelEnds & JoinEnds
type Open = (world: MemoryWorld) => Promise<Ends>

interface World extends Omit<ChannelWorld, 'open'> {
  open(): Promise<Ends>
}

async function run(open: Open, body: (world: World) => Promise<void>): Promise<void> {
  // Each channel of a test has a network of its own, and they share the time.
  const first = new MemoryWorld(1, 'whole')
  const worlds: MemoryWorld[] = []
  await body({
    ports: first,
    open: () => {
      const world = worlds.length === 0 ? first : new MemoryWorld(1, 'whole', first.clock)
      worlds.push(world)
      return open(world)
    },
    drive: (promise) => soon(first, promise),
    settle: () => first.pass(0),
  })
}

for (const windowMessages of [1, 7]) {
  const far = { windowMessages }
  const link = {
    name: `a link with a window of ${windowMessages}`,
    run: (body: (world: World) => Promise<void>) =>
      run(async (world) => {
        const ends = await pair({ world, far, near: far })
        return { sender: ends.near, receiver: ends.far }
      }, body),
  }
  channelContract(link)
  joinContract(link)
  // The other way round a close is no end: the hub stays open for its other peers.
  const fromHub = {
    name: `a hub and its peer, ${windowMessages} at most`,
    run: (body: (world: World) => Promise<void>) =>
      run(async (world) => {
        const sender = await listenChannel<Sendable>(ADDRESS, {}, world)
        const receiver = await soon(world, connectChannel<Sendable>(ADDRESS, far, world))
        return { sender, receiver }
      }, body),
  }
  channelContract(fromHub)
  joinContract(fromHub)
  joinContract({
    name: `a peer and its hub, ${windowMessages} at most`,
    run: (body) =>
      run(async (world) => {
        const receiver = await listenChannel<Sendable>(ADDRESS, far, world)
        const sender = await soon(world, connectChannel<Sendable>(ADDRESS, {}, world))
        return { sender, receiver }
      }, body),
  })
}

barrierContract({
  name: 'a barrier of several processes',
  actions: 'functions',
  run: async (body) => {
    const world = new MemoryWorld(1, 'whole')
    await Coordinator.open(ADDRESS, {}, world)
    await body({
      open: async ({ parties, action }, views) => {
        const barriers = []
        for (let view = 0; view < Math.min(views, parties); view++) {
          const coordination = await soon(world, Coordination.connect(ADDRESS, {}, world))
          const options = { parties, ...(action === undefined ? {} : { action }) }
          barriers.push(await soon(world, coordination.barrier('stage', options)))
        }
        // One who watches from the side looks over somebody's shoulder.
        while (barriers.length < views) barriers.push(barriers[0]!)
        return barriers
      },
      drive: (promise) => soon(world, promise),
      settle: () => world.pass(0),
    })
  },
})

syncContract({
  name: 'across processes',
  run: async (body) => {
    const world = new MemoryWorld(1, 'whole')
    await Coordinator.open(ADDRESS, {}, world)
    const first = await soon(world, Coordination.connect(ADDRESS, {}, world))
    const second = await soon(world, Coordination.connect(ADDRESS, {}, world))
    const both = async <V>(open: (from: Coordination) => Promise<V>): Promise<readonly [V, V]> => [
      await soon(world, open(first)),
      await soon(world, open(second)),
    ]
    await body({
      latch: (count) => both((from) => from.latch('start', count)),
      lock: async () => [first.rwLock('shelf'), second.rwLock('shelf')],
      once: (task) =>
        both(async (from) => {
          const once = await from.once('set up')
          return { ask: (options) => once.run(task, options) }
        }),
      drive: (promise) => soon(world, promise),
      settle: () => world.pass(0),
    })
  },
})

rpcContract({
  name: 'calls between processes',
  values: 'copied',
  run: async (body) => {
    const world = new MemoryWorld(4, 'seeded')
    await body({
      connect: async (service, options) => {
        const callers: Caller[] = []
        const onCaller = (caller: Caller): void => void callers.push(caller)
        await RpcListener.open(ADDRESS, { service, onCaller }, world)
        const near = await soon(world, connectRpc(ADDRESS, options, world))
        return { caller: near.peer, callee: callers[0]!.peer }
      },
      drive: (promise) => soon(world, promise, 10_000),
      settle: () => world.pass(50),
    })
  },
})

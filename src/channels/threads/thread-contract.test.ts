/** The thread channel, the thread barrier and its siblings, and calls keep what all of their kind keep. */
import { setImmediate as macrotask } from 'node:timers/promises'
import { type BarrierWorld, barrierContract } from '../../../test/contracts/barrier-contract.ts'
import { type ChannelWorld, channelContract } from '../../../test/contracts/channel-contract.ts'
import { joinContract } from '../../../test/contracts/join-contract.ts'
import { rpcContract } from '../../../test/contracts/rpc-contract.ts'
import { type SyncWorld, syncContract } from '../../../test/contracts/sync-contract.ts'
import { NodeClock } from '../../node/clock.ts'
import { NodeRandom } from '../../node/random.ts'
import { NodeScheduler } from '../../node/scheduler.ts'
import type { Sendable } from '../contract.ts'
import { threadLimits } from './limits.ts'
import { attachRpc, createRpc } from './rpc-wire.ts'
import { ThreadBarrier } from './thread-barrier.ts'
import { ThreadChannel } from './thread-channel.ts'
import { ThreadLatch } from './thread-latch.ts'
import { ThreadOnce } from './thread-once.ts'
import { ThreadRwLock } from './thread-rw-lock.ts'

/** Turns that a desk polls, and as many again for the wake-up and what follows from it. */
async function settle(): Promise<void> {
  for (let turns = 0; turns < threadLimits.hotTurns * 2 + 8; turns++) await macrotask()
}

async function open(): Promise<Record<'sender' | 'receiver', ThreadChannel<Sendable>>> {
  const sender = ThreadChannel.create<Sendable>({ ringBytes: 4096 })
  return { sender, receiver: ThreadChannel.attach<Sendable>(sender.handle) }
}

const world: ChannelWorld = {
  ports: { clock: new NodeClock(), random: new NodeRandom(), scheduler: new NodeScheduler() },
  open,
  drive: (promise) => promise,
  settle,
}

channelContract({ name: 'thread channel', run: (body) => body(world) })

joinContract({
  name: 'thread channel',
  run: (body) => body({ open, drive: (promise) => promise, settle }),
})

const barrierWorld: BarrierWorld = {
  open: (plan, views) => {
    const first = ThreadBarrier.create(plan)
    const others = Array.from({ length: views - 1 }, () => ThreadBarrier.attach(first.handle, plan))
    return Promise.resolve([first, ...others])
  },
  drive: (promise) => promise,
  settle,
}

barrierContract({
  name: 'thread barrier',
  actions: 'functions',
  run: (body) => body(barrierWorld),
})

const syncWorld: SyncWorld = {
  latch: async (count) => {
    const latch = ThreadLatch.create(count)
    return [latch, ThreadLatch.attach(latch.handle)]
  },
  lock: async () => {
    const lock = ThreadRwLock.create()
    return [lock, ThreadRwLock.attach(lock.handle)]
  },
  once: async (task) => {
    const first = ThreadOnce.create()
    const second = ThreadOnce.attach(first.handle)
    return [
      { ask: (options) => first.run(task, options) },
      { ask: (options) => second.run(task, options) },
    ]
  },
  drive: (promise) => promise,
  settle,
}

syncContract({ name: 'across threads', run: (body) => body(syncWorld) })

rpcContract({
  name: 'calls across threads',
  values: 'copied',
  run: (body) =>
    body({
      connect: async (service, options) => {
        const near = createRpc({ ...options, ringBytes: 1024 }, world.ports)
        return { caller: near.peer, callee: attachRpc(near.handle, { service }, world.ports) }
      },
      drive: (promise) => promise,
      settle: async () => {
        await settle()
        await settle()
      },
    }),
})

/** The channel, the barrier and its siblings and the calls of one process keep the contracts of all of their kind. */

import { Clockwork } from '../../test/channels/clockwork.ts'
import { FarEnd } from '../../test/channels/far-end.ts'
import { barrierContract } from '../../test/contracts/barrier-contract.ts'
import { channelContract } from '../../test/contracts/channel-contract.ts'
import { joinContract } from '../../test/contracts/join-contract.ts'
import { rpcContract } from '../../test/contracts/rpc-contract.ts'
import { syncContract } from '../../test/contracts/sync-contract.ts'
import { LocalBarrier } from './barrier.ts'
import { Channel } from './channel.ts'
import type { Sendable } from './contract.ts'
import { Latch } from './latch.ts'
import { Once } from './once.ts'
import { RpcPeer } from './rpc.ts'
import { RwLock } from './rw-lock.ts'
import { wirePair } from './wire-pair.ts'

for (const capacity of [0, 1, 7]) {
  for (const place of ['near', 'far'] as const) {
    // A rendezvous needs a waiter who stays, and a watch is none.
    if (capacity === 0 && place === 'far') continue
    channelContract({
      name: `a ${place} channel for ${capacity}`,
      run: async (body) => {
        const ports = new Clockwork()
        await body({
          ports,
          open: async () => {
            const channel = new Channel<Sendable>({ capacity }, ports)
            const end = place === 'near' ? channel : new FarEnd(channel)
            return { sender: end, receiver: end }
          },
          drive: (promise) => ports.until(promise),
          settle: () => ports.settle(),
        })
      },
    })
  }
}

for (const capacity of [1, 7]) {
  joinContract({
    name: `a channel for ${capacity}`,
    run: async (body) => {
      const ports = new Clockwork()
      await body({
        open: async () => {
          const channel = new Channel<Sendable>({ capacity }, ports)
          return { sender: channel, receiver: channel }
        },
        drive: (promise) => ports.until(promise),
        settle: () => ports.settle(),
      })
    },
  })
}

barrierContract({
  name: 'a barrier of one process',
  actions: 'functions',
  run: async (body) => {
    const ports = new Clockwork()
    await body({
      open: async (plan, views) => {
        const barrier = new LocalBarrier(plan, ports)
        return Array.from({ length: views }, () => barrier)
      },
      drive: (promise) => ports.until(promise),
      settle: () => ports.settle(),
    })
  },
})

syncContract({
  name: 'in one process',
  run: async (body) => {
    const ports = new Clockwork()
    await body({
      latch: async (count) => {
        const latch = new Latch(count, ports)
        return [latch, latch]
      },
      lock: async () => {
        const lock = new RwLock(ports)
        return [lock, lock]
      },
      once: async (task) => {
        const once = new Once(task, ports)
        const view = { ask: once.get.bind(once) }
        return [view, view]
      },
      drive: (promise) => ports.until(promise),
      settle: () => ports.settle(),
    })
  },
})

rpcContract({
  name: 'calls in one process',
  values: 'shared',
  run: async (body) => {
    const ports = new Clockwork()
    await body({
      connect: async (service, options) => {
        const [near, far] = wirePair(ports)
        const caller = new RpcPeer(near, options, ports)
        return { caller, callee: new RpcPeer(far, { service }, ports) }
      },
      drive: (promise) => ports.until(promise),
      settle: () => ports.settle(),
    })
  },
})

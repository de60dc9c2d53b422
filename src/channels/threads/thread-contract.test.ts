/** The thread channel and the thread barrier keep what every channel and every barrier keeps. */
import { setImmediate as macrotask } from 'node:timers/promises'
import { type ChannelWorld, channelContract } from '../../../test/contracts/channel-contract.ts'
import { NodeClock } from '../../node/clock.ts'
import { NodeRandom } from '../../node/random.ts'
import { NodeScheduler } from '../../node/scheduler.ts'
import type { Sendable } from '../contract.ts'
import { threadLimits } from './limits.ts'
import { ThreadChannel } from './thread-channel.ts'

/** Turns that a desk polls, and as many again for the wake-up and what follows from it. */
async function settle(): Promise<void> {
  for (let turns = 0; turns < threadLimits.hotTurns * 2 + 8; turns++) await macrotask()
}

const world: ChannelWorld = {
  ports: { clock: new NodeClock(), random: new NodeRandom(), scheduler: new NodeScheduler() },
  open: () => {
    const sender = ThreadChannel.create<Sendable>({ ringBytes: 4096 })
    return Promise.resolve({ sender, receiver: ThreadChannel.attach<Sendable>(sender.handle) })
  },
  drive: (promise) => promise,
  settle,
}

channelContract({ name: 'thread channel', run: (body) => body(world) })

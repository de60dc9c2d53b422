/** The simulated network keeps the contract of the real one, however rough its conditions. */
import { SeededRandom } from '../../src/base/random.ts'
import { netContract } from '../contracts/net-contract.ts'
import { SimClock } from './sim-clock.ts'
import { CALM, SimNetwork } from './sim-net.ts'
import { SimScheduler } from './sim-scheduler.ts'
import type { NetConditions } from './sim-wire.ts'

const kinds: readonly (readonly [string, NetConditions])[] = [
  ['the simulated network', CALM],
  ['a slow network', { ...CALM, latencyMsMax: 200, bytesPerSecond: 1_000_000 }],
  ['a network of small pieces', { ...CALM, segmentBytesMax: 100, readBytesMax: 33 }],
  ['a narrow network', { ...CALM, windowBytes: 1_000, sendBufferBytes: 64 }],
]

for (const [name, conditions] of kinds) {
  netContract({
    name,
    run: async (body) => {
      for (let seed = 0; seed < 3; seed++) {
        const clock = new SimClock()
        const random = new SeededRandom(seed)
        const scheduler = new SimScheduler({ clock, random })
        const network = new SimNetwork({ clock, scheduler, random, conditions: () => conditions })
        const net = network.host('both')
        const freeAddress = () => ({ kind: 'tcp', host: '127.0.0.1', port: 0 }) as const
        await scheduler.run(() => body({ net, scheduler, freeAddress }))
      }
    },
  })
}

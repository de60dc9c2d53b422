/** Ten thousand queues with nothing in them, and as many consumers with nothing to do: no CPU, little memory. */
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { KiB } from '../../src/base/bytes.ts'
import { Broker, type Consumption } from '../../src/mod.ts'
import type { Stage } from '../stage.ts'
import { atMost, ownAtMost } from '../target.ts'
import { defineWorkload, type Workload } from '../workload.ts'

const COUNT = 10_000
const IDLE_MS = 5_000
const MADE_AT_ONCE = 500
const QUEUE = 'bytes a queue'
const CONSUMER = 'bytes a consumer'

/** Bytes that this process keeps: objects, and memory outside of the heap. */
async function keptBytes(): Promise<number> {
  // What a first collection finds unused goes with the second, and commits in flight end meanwhile.
  for (let pass = 0; pass < 3; pass++) {
    await delay(100)
    globalThis.gc?.()
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

async function run(stage: Stage): Promise<void> {
  const count = stage.effort === 'quick' ? COUNT / 100 : COUNT
  await using broker = await Broker.open({ dir: join(stage.directory, 'broker') })
  const name = (index: number): string => `queue-${index}`
  await broker.queue('first', {}) // whatever is made once is not counted
  const before = await keptBytes()
  for (let made = 0; made < count; made += MADE_AT_ONCE) {
    const some = Array.from({ length: Math.min(MADE_AT_ONCE, count - made) }, (_, i) => made + i)
    await Promise.all(some.map((index) => broker.queue(name(index), {})))
  }
  const withQueues = await keptBytes()
  stage.figure(QUEUE, (withQueues - before) / count)
  const consumptions: Consumption[] = []
  const waits: Promise<unknown>[] = []
  for (let index = 0; index < count; index++) {
    const consumption = (await broker.queue(name(index))).consume()
    consumptions.push(consumption)
    waits.push(consumption.next())
  }
  stage.figure(CONSUMER, ((await keptBytes()) - withQueues) / count)
  await stage.measure(() => delay(stage.effort === 'quick' ? 1 : IDLE_MS))
  for (const consumption of consumptions) await consumption.close()
  await Promise.all(waits)
}

export const workloads: readonly Workload[] = [
  defineWorkload({
    name: 'idle: 10,000 queues and consumers',
    area: 'slice',
    durability: 'fsync',
    unit: 'idle',
    figures: [QUEUE, CONSUMER].map((name) => ({ name, better: 'lower' as const })),
    targets: [
      atMost('cpuShare', 0.01), // what the meter itself and the system's count of ticks cost
      ownAtMost(QUEUE, 2 * KiB),
      ownAtMost(CONSUMER, 2 * KiB),
    ],
    variants: [
      {
        name: 'naru',
        role: 'ours',
        settings: 'durable queues in one broker; every consumer waits in next()',
        run,
      },
    ],
  }),
]

/** Channels of one process: the synchronous and the awaited way, beside a bare array and Python's queue. */
import { assert } from '../../src/base/assert.ts'
import { channel } from '../../src/channels/mod.ts'
import { runForeign, sourceFile } from '../foreign.ts'
import { findProduct } from '../rivals.ts'
import type { Section, Stage } from '../stage.ts'
import { atLeastPerSecond } from '../target.ts'
import { defineWorkload, type VariantOptions, type Workload } from '../workload.ts'

const CAPACITY = 1024
const BATCH = 1000 // values between two looks at the clock; fewer than fit
const TURN = 100 * BATCH // values between two turns of the loop: a few milliseconds

/** Values go in and out by the batch, so that the channel is neither always empty nor always full. */
async function synchronous(stage: Stage): Promise<void> {
  const values = channel<number>({ capacity: CAPACITY })
  await stage.drive(async (section: Section) => {
    while (!section.over(section.acknowledged)) {
      if (section.acknowledged % TURN === 0) await new Promise(setImmediate)
      let sum = 0
      for (let value = 0; value < BATCH; value++) assert(values.tryPut(value))
      for (let value = 0; value < BATCH; value++) sum += values.tryGet() ?? 0
      assert(sum === ((BATCH - 1) * BATCH) / 2, 'all came out')
      section.acknowledged += BATCH
    }
  })
}

async function bareArray(stage: Stage): Promise<void> {
  const values: number[] = []
  await stage.drive(async (section: Section) => {
    while (!section.over(section.acknowledged)) {
      if (section.acknowledged % TURN === 0) await new Promise(setImmediate)
      let sum = 0
      for (let value = 0; value < BATCH; value++) values.push(value)
      for (let value = 0; value < BATCH; value++) sum += values.shift() ?? 0
      assert(sum === ((BATCH - 1) * BATCH) / 2, 'all came out')
      section.acknowledged += BATCH
    }
  })
}

/** One loop that puts and one that gets, both awaiting every value. */
function awaited(capacity: number): (stage: Stage) => Promise<void> {
  return (stage) =>
    stage.drive(async (section: Section) => {
      const values = channel<number>({ capacity })
      const producing = (async () => {
        for (let value = 0; value % BATCH !== 0 || !section.over(value); value++) {
          await values.put(value)
        }
        values.close()
      })()
      for await (const value of values) section.acknowledged = value + 1
      await producing
    })
}

/** The same with `get` in the place of `for await`. */
async function awaitedGet(stage: Stage): Promise<void> {
  await stage.drive(async (section: Section) => {
    const values = channel<number>({ capacity: CAPACITY })
    const producing = (async () => {
      for (let value = 1; value % BATCH !== 0 || !section.over(value); value++)
        await values.put(value)
      await values.put(0)
    })()
    for (let value = await values.get(); value !== 0; value = await values.get()) {
      section.acknowledged = value
    }
    await producing
  })
}

const pythonQueue: VariantOptions = {
  name: 'queue.Queue of Python',
  role: 'rival',
  settings: `two threads, maxsize=${CAPACITY}`,
  find: () => findProduct('python'),
  run: async (stage) => {
    await stage.measure(async (section) => {
      const program = sourceFile(import.meta.url, 'queue_of_python.py')
      section.claim(await runForeign('python3', [program, `${CAPACITY}`]))
    })
  },
}

export const workloads: readonly Workload[] = [
  defineWorkload({
    name: 'channel: tryPut and tryGet',
    area: 'channels',
    durability: 'none',
    unit: 'msgs',
    targets: [atLeastPerSecond(5_000_000)],
    variants: [
      { name: 'channel', role: 'ours', run: synchronous },
      { name: 'a bare array', role: 'yardstick', run: bareArray },
      pythonQueue,
    ],
  }),
  defineWorkload({
    name: 'channel: awaited put and get',
    area: 'channels',
    durability: 'none',
    unit: 'msgs',
    targets: [atLeastPerSecond(2_000_000)],
    variants: [
      { name: 'get', role: 'ours', run: awaitedGet },
      { name: 'for await', role: 'ours', run: awaited(CAPACITY) },
      { name: 'for await, room for one', role: 'ours', run: awaited(1) },
      { name: 'for await, rendezvous', role: 'ours', run: awaited(0) },
      pythonQueue,
    ],
  }),
]

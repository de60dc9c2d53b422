/**
 * The harness against itself: the same work under two names, and planted work that takes exactly twice as
 * long. What is not about 1.00x and 2.00x here is noise of the machine, or a fault of the harness.
 */

import { assert } from '../../src/base/assert.ts'
import type { Section, Stage } from '../stage.ts'
import { ratioTo } from '../target.ts'
import { defineWorkload, type Workload } from '../workload.ts'

const STEPS = 2_000 // a few microseconds: the clock costs nothing beside it
const CALLS_A_BATCH = 100

/** Arithmetic that touches no memory, so that two processes differ in nothing. */
function work(steps: number): void {
  let state = 0x9e3779b9
  for (let step = 0; step < steps; step++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
  }
  assert(state !== 0, 'xorshift never reaches zero') // read, so that the compiler cannot drop the work
}

async function runCalls(stage: Stage, steps: number): Promise<void> {
  await stage.drive(async (section: Section) => {
    while (!section.over(section.acknowledged)) {
      const startMs = performance.now()
      for (let call = 0; call < CALLS_A_BATCH; call++) work(steps)
      section.latency.record((performance.now() - startMs) / CALLS_A_BATCH)
      section.acknowledged += CALLS_A_BATCH
      await new Promise(setImmediate) // the loop's delay is part of what is shown
    }
  })
}

const length = { kind: 'seconds', warmUp: 0.5, measured: 1 } as const // enough for arithmetic
const once = async (stage: Stage): Promise<void> => runCalls(stage, STEPS)
const twice = async (stage: Stage): Promise<void> => runCalls(stage, 2 * STEPS)

export const workloads: readonly Workload[] = [
  defineWorkload({
    name: 'the same work twice',
    area: 'self',
    durability: 'none',
    unit: 'calls',
    length,
    targets: [ratioTo('again').atLeast(0.95), ratioTo('again').atMost(1.05)],
    variants: [
      { name: 'once', role: 'ours', run: once },
      { name: 'again', role: 'yardstick', run: once },
    ],
  }),
  defineWorkload({
    name: 'planted: half as fast',
    area: 'self',
    durability: 'none',
    unit: 'calls',
    length,
    targets: [ratioTo('planted').atLeast(1.9), ratioTo('planted').atMost(2.1)],
    variants: [
      { name: 'plain', role: 'ours', run: once },
      { name: 'planted', role: 'yardstick', settings: 'twice the steps', run: twice },
      {
        name: 'nobody',
        role: 'rival',
        find: async () => ({ kind: 'absent', why: 'it exists to show how absence looks' }),
        run: once,
      },
    ],
  }),
]

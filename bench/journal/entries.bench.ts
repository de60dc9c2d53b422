/** Small entries: many in flight, and one at a time. */
import { assert } from '../../src/base/assert.ts'
import type { Section, Stage } from '../stage.ts'
import { atLeastPerSecond, atMostTimes } from '../target.ts'
import { defineWorkload, type Workload } from '../workload.ts'
import { plainLoop } from './plain-loop.ts'
import { Rig } from './rig.ts'

const ENTRY_BYTES = 100
const GROUP = 100 // what one turn of a busy connection appends
const FRAME_BYTES = 160 // one entry of 100 bytes alone in a frame, as it stands in the file

async function manyEntries(stage: Stage): Promise<void> {
  const rig = await Rig.open(stage)
  const body = new Uint8Array(ENTRY_BYTES).fill(7)
  await stage.drive(async (section: Section) => {
    let started = 0
    while (!section.over(started)) {
      for (let group = 0; group < 100; group++) await rig.append(GROUP, body)
      started += 100 * GROUP
    }
    await rig.settled()
    section.acknowledged = started
  })
  await rig.close()
}

async function oneEntry(stage: Stage): Promise<void> {
  const rig = await Rig.open(stage)
  const body = new Uint8Array(ENTRY_BYTES).fill(7)
  await stage.drive(async (section: Section) => {
    while (!section.over(section.acknowledged)) {
      const startMs = performance.now()
      const settled = rig.settledOnce()
      const ticket = await rig.append(1, body)
      await settled
      section.latency.record(performance.now() - startMs)
      assert(rig.settledThrough >= ticket)
      section.acknowledged++
    }
  })
  await rig.close()
}

export const workloads: readonly Workload[] = [
  defineWorkload({
    name: 'entries of 100 bytes',
    area: 'journal',
    durability: 'fsync',
    unit: 'entries',
    payloadBytes: ENTRY_BYTES,
    length: { kind: 'seconds', warmUp: 3, measured: 20 },
    targets: [atLeastPerSecond(1_500_000)],
    variants: [{ name: 'journal', role: 'ours', run: manyEntries }],
  }),
  defineWorkload({
    name: 'one entry at a time',
    area: 'journal',
    durability: 'fsync',
    unit: 'entries',
    payloadBytes: ENTRY_BYTES,
    inFlight: 1,
    length: { kind: 'seconds', warmUp: 2, measured: 8 },
    targets: [
      atMostTimes('p50Ms', { factor: 1.3, of: 'write+fdatasync' }),
      atMostTimes('p99Ms', { factor: 2, of: 'write+fdatasync', plus: 0.3 }),
    ],
    variants: [
      { name: 'journal', role: 'ours', run: oneEntry },
      {
        name: 'write+fdatasync',
        role: 'yardstick',
        settings: `synchronous, ${FRAME_BYTES} bytes each, pre-filled file`,
        run: (stage) => plainLoop(stage, FRAME_BYTES),
      },
    ],
  }),
]

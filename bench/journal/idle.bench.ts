/** An open journal to which nobody appends: it costs no CPU, whichever engine it is. */
import { setTimeout as delay } from 'node:timers/promises'
import { MemoryEngine } from '../../src/journal/memory-engine.ts'
import { nodeWorld } from '../../src/node/world.ts'
import type { Stage } from '../stage.ts'
import { atMost } from '../target.ts'
import { defineWorkload, type VariantOptions, type Workload } from '../workload.ts'
import { Rig } from './rig.ts'

const ENTRIES = 10_000 // so that files, threads and timers are all there
const SETTLING_MS = 2_500 // the mark of an idle journal comes after one second; then nothing is left to do
const IDLE_SECONDS = 5 // CPU is counted in microseconds: this shows a thousandth of a core many times over
const QUICK_MS = 200

/** Waits, and is measured meanwhile. */
async function idle(stage: Stage): Promise<void> {
  const isQuick = stage.effort === 'quick'
  await delay(isQuick ? QUICK_MS : SETTLING_MS)
  await stage.measure(async () => {
    await delay(isQuick ? QUICK_MS : IDLE_SECONDS * 1_000)
  })
}

async function idleJournal(stage: Stage): Promise<void> {
  const rig = await Rig.open(stage)
  await rig.append(ENTRIES, new Uint8Array(100))
  await rig.settled()
  await idle(stage)
  await rig.close()
}

async function idleMemory(stage: Stage): Promise<void> {
  const events = { settled: () => undefined, stopped: () => undefined }
  const owner = { restore: () => Promise.resolve(), replay: () => undefined, live: () => false }
  const { scheduler, disk } = nodeWorld()
  const engine = new MemoryEngine({ scheduler, limits: {}, events }, () => owner)
  for (let entry = 0; entry < ENTRIES; entry++) {
    engine.log.reserve(1, 100, 'publish')
    engine.log.write({ kind: 1, flags: 0, log: 1, number: 0 }, new Uint8Array(100))
  }
  await engine.log.settled(ENTRIES)
  await idle(stage)
  await engine.close()
  await disk.close()
}

/** The same process without a journal: what Node itself costs while it waits. */
const nothing: VariantOptions = { name: 'nothing', role: 'yardstick', run: idle }

function idleWorkload(name: string, run: (stage: Stage) => Promise<void>): Workload {
  return defineWorkload({
    name,
    area: 'journal',
    durability: 'none',
    unit: 'idle',
    length: { kind: 'seconds', warmUp: 0, measured: IDLE_SECONDS },
    targets: [atMost('cpuShare', 0.001)],
    variants: [{ name: 'journal', role: 'ours', run }, nothing],
  })
}

export const workloads: readonly Workload[] = [
  idleWorkload('an idle journal in a directory', idleJournal),
  idleWorkload('an idle journal in memory', idleMemory),
]

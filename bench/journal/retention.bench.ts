/**
 * Ten million appends of which the newest are kept, on a journal that has seen as many: memory and directory stay as
 * they are.
 */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { MiB } from '../../src/base/bytes.ts'
import type { Section, Stage } from '../stage.ts'
import { ownAtMost } from '../target.ts'
import { defineWorkload, type Workload } from '../workload.ts'
import { Rig } from './rig.ts'

const ENTRY_BYTES = 100
const GROUP = 100
const RETAINED_GROUPS = 5_000 // half a million entries are kept: less than a tenth of all
const SAMPLES = 100
const SETTLING_GROUPS = 100_000 // more than two snapshots: from then on each gives back what the last one kept

async function appendAndTrim(stage: Stage): Promise<void> {
  const rig = await Rig.open(stage, { retainedGroups: RETAINED_GROUPS })
  const body = new Uint8Array(ENTRY_BYTES).fill(7)
  const rssBytes: number[] = []
  const directoryBytes: number[] = []
  for (let group = 0; group < SETTLING_GROUPS; group++) await rig.append(GROUP, body)
  await stage.measure(async (section: Section) => {
    const groups = Math.ceil(section.operations / GROUP)
    const sampleEvery = Math.max(1, Math.floor(groups / SAMPLES))
    for (let group = 1; group <= groups; group++) {
      await rig.append(GROUP, body)
      if (group % sampleEvery > 0) continue
      await rig.settled()
      rssBytes.push(process.memoryUsage.rss())
      directoryBytes.push(sizeOf(join(stage.directory, 'journal')))
    }
    await rig.settled()
    section.acknowledged = groups * GROUP
  })
  stage.figure('rss growth MiB', growth(rssBytes) / MiB)
  stage.figure('directory growth MiB', growthOfMost(directoryBytes) / MiB)
  stage.figure('largest rss MiB', Math.max(...rssBytes) / MiB)
  await rig.close()
}

/** From the median of the first tenth to that of the last. */
function growth(samples: readonly number[]): number {
  const tenth = Math.max(1, Math.floor(samples.length / 10))
  return median(samples.slice(-tenth)) - median(samples.slice(0, tenth))
}

/** From the most of the first half to that of the second: a directory grows until a snapshot, then shrinks. */
function growthOfMost(samples: readonly number[]): number {
  const half = Math.floor(samples.length / 2)
  return Math.max(...samples.slice(half)) - Math.max(...samples.slice(0, half))
}

function median(samples: readonly number[]): number {
  return samples.toSorted((left, right) => left - right)[Math.floor(samples.length / 2)] ?? 0
}

function sizeOf(directory: string): number {
  return readdirSync(directory).reduce((sum, name) => sum + statSync(join(directory, name)).size, 0)
}

export const workloads: readonly Workload[] = [
  defineWorkload({
    name: '10 million appends with retention',
    area: 'journal',
    durability: 'fsync',
    unit: 'entries',
    payloadBytes: ENTRY_BYTES,
    length: { kind: 'operations', warmUp: 0, measured: 10_000_000 },
    limitSeconds: 300,
    figures: [
      { name: 'rss growth MiB', better: 'lower' },
      { name: 'directory growth MiB', better: 'lower' },
      { name: 'largest rss MiB', better: 'lower' },
    ],
    // A full file more or less is 64 MiB; a leak of one byte an entry would be ten, of a row each 160.
    targets: [ownAtMost('rss growth MiB', 24), ownAtMost('directory growth MiB', 256)],
    variants: [{ name: 'journal', role: 'ours', run: appendAndTrim }],
  }),
]

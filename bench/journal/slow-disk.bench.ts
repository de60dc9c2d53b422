/**
 * The journal on a disk of 2 or 10 ms a sync and 125 MB/s. The yardstick is the arithmetic: commits of
 * this size, one behind the other, at exactly those costs.
 */
import { KiB, MiB } from '../../src/base/bytes.ts'
import { nodeWorld } from '../../src/node/world.ts'
import type { Section, Stage } from '../stage.ts'
import { ratioTo } from '../target.ts'
import { defineWorkload, type Workload } from '../workload.ts'
import { Rig } from './rig.ts'
import { SlowDisk, type Slowness } from './slow-disk.ts'

const PIECE_BYTES = 256 * KiB
const OVERHEAD_BYTES = 4 * KiB
const BYTES_PER_SECOND = 125e6

async function onSlowDisk(stage: Stage, slowness: Slowness, chunkBytes: number): Promise<void> {
  const disk = new SlowDisk(nodeWorld().disk, slowness)
  const rig = await Rig.open(stage, { disk, limits: { commitBytes: chunkBytes + OVERHEAD_BYTES } })
  const count = Math.max(1, chunkBytes / PIECE_BYTES)
  const body = new Uint8Array(chunkBytes / count).fill(7)
  await stage.drive(async (section: Section) => {
    let started = 0
    while (!section.over(started)) {
      await rig.append(count, body)
      started++
    }
    await rig.settled()
    section.acknowledged = started
  })
  await rig.close()
  await disk.close()
}

async function arithmetic(stage: Stage, slowness: Slowness, chunkBytes: number): Promise<void> {
  const seconds = slowness.syncMs / 1e3 + chunkBytes / slowness.bytesPerSecond
  await stage.measure(async (section: Section) => {
    const operations = 1_000
    section.acknowledged = operations
    section.claim({
      operations,
      seconds: operations * seconds,
      cpuSeconds: null,
      peakRssBytes: null,
      loop: null,
    })
  })
}

function slowCommits(syncMs: number, label: string, chunkBytes: number): Workload {
  const slowness = { syncMs, bytesPerSecond: BYTES_PER_SECOND }
  return defineWorkload({
    name: `commits of ${label}, ${syncMs} ms a sync, 125 MB/s`,
    area: 'journal',
    durability: 'fsync',
    unit: 'entries',
    payloadBytes: chunkBytes,
    length: { kind: 'seconds', warmUp: 1, measured: 6 },
    targets: [ratioTo('arithmetic').atLeast(0.85), ratioTo('arithmetic').atMost(1.15)],
    variants: [
      { name: 'journal', role: 'ours', run: (stage) => onSlowDisk(stage, slowness, chunkBytes) },
      {
        name: 'arithmetic',
        role: 'yardstick',
        settings: 'computed: sync time plus size over bandwidth, no gaps',
        run: (stage) => arithmetic(stage, slowness, chunkBytes),
      },
    ],
  })
}

export const workloads: readonly Workload[] = [
  slowCommits(2, '64 KiB', 64 * KiB),
  slowCommits(2, '1 MiB', MiB),
  slowCommits(10, '64 KiB', 64 * KiB),
  slowCommits(10, '1 MiB', MiB),
]

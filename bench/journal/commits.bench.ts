/** Commits of one size, one behind the other: how near the journal comes to a bare loop of write and sync. */
import { KiB, MiB } from '../../src/base/bytes.ts'
import type { Section, Stage } from '../stage.ts'
import { anyOf, atLeastMegabytesPerSecond, ratioTo } from '../target.ts'
import { defineWorkload, type Workload } from '../workload.ts'
import { plainLoop } from './plain-loop.ts'
import { Rig } from './rig.ts'

const PIECE_BYTES = 256 * KiB // bodies above this come as fragments
const OVERHEAD_BYTES = 4 * KiB // headers of the frames, so that exactly one group fits a commit

/** One group a commit, as many in flight as the journal takes. */
async function journalCommits(stage: Stage, chunkBytes: number): Promise<void> {
  const rig = await Rig.open(stage, { limits: { commitBytes: chunkBytes + OVERHEAD_BYTES } })
  const count = Math.max(1, chunkBytes / PIECE_BYTES)
  const body = new Uint8Array(chunkBytes / count).fill(7)
  await stage.drive(async (section: Section) => {
    const before = rig.journal.log.nextTicket
    let started = 0
    while (!section.over(started)) {
      await rig.append(count, body)
      started++
    }
    await rig.settled()
    section.acknowledged = started
    if (rig.journal.log.settledThrough < before) throw new Error('nothing was settled')
  })
  await rig.close()
}

function commitsOf(label: string, chunkBytes: number): Workload {
  return defineWorkload({
    name: `commits of ${label}`,
    area: 'journal',
    durability: 'fsync',
    unit: 'entries',
    payloadBytes: chunkBytes,
    length: { kind: 'seconds', warmUp: 4, measured: 20 },
    targets: [anyOf(ratioTo('write+fdatasync').atLeast(0.8), atLeastMegabytesPerSecond(800))],
    variants: [
      { name: 'journal', role: 'ours', run: (stage) => journalCommits(stage, chunkBytes) },
      {
        name: 'write+fdatasync',
        role: 'yardstick',
        settings: 'synchronous, pre-filled 64-MiB file, nothing recycled or cleaned',
        run: (stage) => plainLoop(stage, chunkBytes),
      },
    ],
  })
}

export const workloads: readonly Workload[] = [
  commitsOf('64 KiB', 64 * KiB),
  commitsOf('256 KiB', 256 * KiB),
  commitsOf('1 MiB', MiB),
]

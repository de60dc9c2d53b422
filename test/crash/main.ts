/**
 * Every crash state there is: all sequences of up to three operations, on a new journal and on one that has
 * lived. `node build/test/crash/main.js`, one process for each core; hours where `npm test`
 * takes a share, so `--part=3/20` does the third of twenty parts.
 */
import type { CrashOptions } from './enumerate.ts'
import { type RunCounts, RunTotals, runSequences, sequences } from './journal-run.ts'
import { agedBase, fresh, type RecoverFrom } from './journal-spec.ts'
import { proveInShares, shareOf } from './shares.ts'

type Part = CrashOptions & {
  readonly shortest: number
  readonly longest: number
  readonly recoverFrom: RecoverFrom
}

const parts: readonly Part[] = [
  // Short sequences: every state is crashed again at every call of its recovery, every moment is a kill too.
  { shortest: 1, longest: 2, recoverFrom: 'newest', againEvery: 1, killEvery: 1 },
  // Of three operations a twentieth is: their recoveries are those of shorter ones, mostly.
  { shortest: 3, longest: 3, recoverFrom: 'newest', againEvery: 20, killEvery: 20 },
  { shortest: 1, longest: 3, recoverFrom: 'older', againEvery: 0, killEvery: 0 },
]

function sum(all: readonly RunCounts[]): RunTotals {
  const totals = new RunTotals()
  for (const counts of all) totals.merge(counts)
  return totals
}

const workloads = 2 * parts.reduce((count, part) => count + sizeOf(part), 0)

function sizeOf({ shortest, longest }: Part): number {
  return [...sequences(shortest, longest)].length
}

await proveInShares<RunCounts>({
  program: import.meta.filename,
  async work(share, tell) {
    const totals = new RunTotals()
    for (const base of [fresh, await agedBase()]) {
      for (const part of parts) {
        const options = { ...part, base, progress: () => tell(totals.counts) }
        await runSequences(shareOf(sequences(part.shortest, part.longest), share), options, totals)
      }
    }
  },
  describe: (all) => `of ${workloads} workloads: ${sum(all).describe()}`,
  judge(all) {
    const totals = sum(all)
    totals.assertCamePast(['rolled', 'retired', 'cleaned', 'snapshots', 'cut', 'olderSnapshots'])
    if (totals.workloads !== workloads) throw new Error(`only ${totals.workloads} workloads`)
  },
})

/**
 * Every crash state there is: all sequences of up to three operations, on a new journal and on one that has
 * lived. `node build/test/crash/main.js`, one process for each core; `--part=3/20` does the third of twenty parts.
 *
 * A sequence is crashed from the moment on at which its last operation begins: until then it does what the sequence
 * without that operation does, which is checked, and which is crashed by itself. Those that end alike are done by one
 * process, one after the other, because they often come to the same disks: each is recovered once.
 */
import type { CrashOptions } from './enumerate.ts'
import {
  journalRecoveries,
  type RunCounts,
  RunTotals,
  runSequences,
  sequences,
} from './journal-run.ts'
import { agedBase, type Base, fresh, operations, type RecoverFrom } from './journal-spec.ts'
import { Prefixes } from './prefixes.ts'
import { proveInShares, shareOf } from './shares.ts'

type Part = Pick<CrashOptions, 'againEvery' | 'killEvery'> & {
  readonly recoverFrom: RecoverFrom
  readonly shortest: number
  readonly longest: number
}

const parts: readonly Part[] = [
  // Short sequences: every state is crashed again at every call of its recovery, every moment is a kill too.
  { shortest: 1, longest: 2, recoverFrom: 'newest', againEvery: 1, killEvery: 1 },
  // Of three operations a twentieth is: their recoveries are those of shorter ones, mostly.
  { shortest: 3, longest: 3, recoverFrom: 'newest', againEvery: 20, killEvery: 20 },
  { shortest: 1, longest: 3, recoverFrom: 'older', againEvery: 0, killEvery: 0 },
]

/** What one process does without pause: all sequences on this base that end with this operation. */
type Unit = { readonly base: Base; readonly last: string }

function unitsOn(bases: readonly Base[]): readonly Unit[] {
  return bases.flatMap((base) => Object.keys(operations).map((last) => ({ base, last })))
}

async function runUnit({ base, last }: Unit, run: UnitRun): Promise<void> {
  const { totals, prefixes, progress } = run
  const recoveries = journalRecoveries(totals.census)
  for (const { shortest, longest, ...options } of parts) {
    const all = [...sequences(shortest, longest)].filter((names) => names.at(-1) === last)
    const shared = { base, recoveries, prefixes, progress }
    await runSequences(all, { ...options, ...shared, points: 'own' }, totals)
  }
}

type UnitRun = {
  readonly totals: RunTotals
  readonly prefixes: Prefixes
  readonly progress: () => void
}

function sum(all: readonly RunCounts[]): RunTotals {
  const totals = new RunTotals()
  for (const counts of all) totals.merge(counts)
  return totals
}

const workloads = 2 * 2 * [...sequences(1, 3)].length

await proveInShares<RunCounts>({
  program: import.meta.filename,
  async work(share, tell) {
    const totals = new RunTotals()
    const progress = (): void => tell(totals.counts)
    const bases = [fresh, await agedBase()]
    const prefixes = new Map(bases.map((base) => [base, new Prefixes(base)]))
    for (const unit of shareOf(unitsOn(bases), share)) {
      await runUnit(unit, { totals, prefixes: prefixes.get(unit.base)!, progress })
    }
  },
  describe: (all) => `of ${workloads} workloads: ${sum(all).describe()}`,
  judge(all) {
    const totals = sum(all)
    totals.assertCamePast(['rolled', 'retired', 'cleaned', 'snapshots', 'cut', 'olderSnapshots'])
    if (totals.workloads !== workloads) throw new Error(`only ${totals.workloads} workloads`)
  },
})

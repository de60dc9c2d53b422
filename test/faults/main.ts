/**
 * Every failure of every call of every sequence of up to two operations, on a new journal and on one that has lived:
 * `node build/test/faults/main.js`, one process for each core; `--part=3/20` does the third of twenty parts.
 *
 * Sequences that begin alike are done by one process, one after the other: a failure often stops the journal before
 * the second operation, and leaves the same disks whatever that would have been. Each is recovered once.
 */
import { agedBase, type Base, fresh } from '../crash/journal-spec.ts'
import { proveInShares, shareOf } from '../crash/shares.ts'
import { failingOperations } from './cold-reads.ts'
import {
  describeLoops,
  failingSequences,
  type LoopTotals,
  noLoops,
  runLoops,
} from './journal-loop.ts'

const LONGEST = 2
const workloads = 2 * [...failingSequences(1, LONGEST)].length

/** What one process does without pause: all sequences on this base that begin with this operation. */
type Unit = { readonly base: Base; readonly first: string }

function unitsOn(bases: readonly Base[]): readonly Unit[] {
  return bases.flatMap((base) => Object.keys(failingOperations).map((first) => ({ base, first })))
}

function sum(all: readonly LoopTotals[]): LoopTotals {
  const totals = noLoops()
  for (const one of all) {
    totals.workloads += one.workloads
    totals.injections += one.injections
    totals.states += one.states
    totals.known += one.known
    totals.recoveries += one.recoveries
  }
  return totals
}

await proveInShares<LoopTotals>({
  program: import.meta.filename,
  async work(share, tell) {
    const totals = noLoops()
    const progress = (): void => tell(totals)
    for (const { base, first } of shareOf(unitsOn([fresh, await agedBase()]), share)) {
      const all = [...failingSequences(1, LONGEST)].filter((names) => names[0] === first)
      await runLoops(all, { base, share: { share: 0, of: 1 }, progress }, totals)
    }
  },
  describe: (all) => `of ${workloads} workloads: ${describeLoops(sum(all))}`,
  judge(all) {
    const { workloads: count } = sum(all)
    if (count !== workloads) throw new Error(`only ${count} workloads`)
  },
})

/**
 * Every failure of every call of every sequence of up to two operations, on a new journal and on one that has lived:
 * `node build/test/faults/main.js`, one process for each core; hours where `npm test` takes a share.
 */
import { sequences } from '../crash/journal-run.ts'
import { agedBase, fresh } from '../crash/journal-spec.ts'
import { proveInShares, shareOf } from '../crash/shares.ts'
import { describeLoops, type LoopTotals, noLoops, runLoops } from './journal-loop.ts'

const LONGEST = 2
const workloads = 2 * [...sequences(1, LONGEST)].length

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
    for (const base of [fresh, await agedBase()]) {
      const options = { base, share: { share: 0, of: 1 }, progress: () => tell(totals) }
      await runLoops(shareOf(sequences(1, LONGEST), share), options, totals)
    }
  },
  describe: (all) => `of ${workloads} workloads: ${describeLoops(sum(all))}`,
  judge(all) {
    const { workloads: count } = sum(all)
    if (count !== workloads) throw new Error(`only ${count} workloads`)
  },
})

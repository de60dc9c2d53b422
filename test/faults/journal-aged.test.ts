/** Failing calls of a journal that has lived: a share of all of them, of every operation alone and of some pairs. */
import assert from 'node:assert/strict'
import { agedBase } from '../crash/journal-spec.ts'
import { longTest } from '../crash/long-test.ts'
import { shareOf } from '../crash/shares.ts'
import { describeLoops, failingSequences, noLoops, runLoops } from './journal-loop.ts'

await longTest(
  'no failing call loses what a journal that has lived settled, or what the next process saw',
  async () => {
    const totals = noLoops()
    const base = await agedBase()
    await runLoops(failingSequences(1, 1), { base, share: { share: 0, of: 7 } }, totals)
    const pairs = shareOf(failingSequences(2, 2), { share: 5, of: 32 })
    await runLoops(pairs, { base, share: { share: 0, of: 64 } }, totals)
    assert.ok(totals.injections > 1_000, `only ${totals.injections} failing calls`)
    return describeLoops(totals)
  },
)

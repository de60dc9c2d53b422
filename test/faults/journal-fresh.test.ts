/** Failing calls of a new journal: a share of all of them, of every operation alone and of some pairs. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { sequences } from '../crash/journal-run.ts'
import { fresh } from '../crash/journal-spec.ts'
import { shareOf } from '../crash/shares.ts'
import { describeLoops, noLoops, runLoops } from './journal-loop.ts'

test('no failing call loses what a new journal settled, or what the next process saw', async (context) => {
  const totals = noLoops()
  const base = fresh
  await runLoops(sequences(1, 1), { base, share: { share: 0, of: 16 } }, totals)
  const pairs = shareOf(sequences(2, 2), { share: 5, of: 16 })
  await runLoops(pairs, { base, share: { share: 0, of: 64 } }, totals)
  context.diagnostic(describeLoops(totals))
  assert.ok(totals.injections > 500, `only ${totals.injections} failing calls`)
})

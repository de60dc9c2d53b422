/**
 * One share of the journal's crash enumeration as a test: which sequences on which base, and how many
 * different states it must come past, so that all shares together pass 100,000 in `npm test`.
 */
import assert from 'node:assert/strict'
import type { CensusCounts } from '../journal/census.ts'
import { type RunOptions, RunTotals, runSequences, sequences } from './journal-run.ts'
import { longTest } from './long-test.ts'
import { type Share, shareOf } from './shares.ts'

export type ShareOptions = Omit<RunOptions, 'base'> &
  Share & {
    /** The longest of the sequences. */
    readonly length: number
    readonly statesMin: number
    readonly camePast: readonly (keyof CensusCounts)[]
  }

/** Every state of these sequences recovers to what was settled, and nothing else. */
export function shareTest(
  title: string,
  base: () => Promise<RunOptions['base']>,
  options: ShareOptions,
): Promise<void> {
  return longTest(title, async () => {
    const totals = new RunTotals()
    const all = shareOf(sequences(1, options.length), options)
    await runSequences(all, { ...options, base: await base() }, totals)
    const { statesMin, camePast } = options
    assert.ok(totals.states >= statesMin, `only ${totals.states} states, of ${statesMin}`)
    totals.assertCamePast(camePast)
    return totals.describe()
  })
}

/**
 * One share of the journal's crash enumeration as a test: which sequences on which base, and how many
 * different states it must come past, so that all shares together pass 100,000 in `npm test`.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { type RunOptions, runSequences } from './journal-run.ts'

export type Share = Omit<RunOptions, 'base'> & { readonly statesMin: number }

/** Every state of these sequences recovers to what was settled, and nothing else. */
export function shareTest(
  title: string,
  base: () => Promise<RunOptions['base']>,
  share: Share,
): void {
  test(title, async (context) => {
    const totals = await runSequences({ base: await base(), ...share })
    const { workloads, calls, states, againStates, killStates } = totals
    context.diagnostic(
      `${workloads} workloads, ${calls} disk calls, ${states} states after one crash, ` +
        `${againStates} more after a second, ${killStates} kills`,
    )
    assert.ok(states >= share.statesMin, `only ${states} states, ${share.statesMin} are this share`)
  })
}

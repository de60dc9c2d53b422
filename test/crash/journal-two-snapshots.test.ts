/** Crashes of a journal that frees its files on the strength of two young snapshots: longer than the sequences go. */
import { RunTotals, runSequences } from './journal-run.ts'
import { fresh } from './journal-spec.ts'
import { longTest } from './long-test.ts'

const STORY = ['fill', 'drain', 'snapshot', 'small', 'snapshot', 'tidy', 'fill'] as const

await longTest('files are freed for snapshots whose names are durable', async () => {
  const totals = new RunTotals()
  await runSequences([STORY], { base: fresh, againEvery: 0, killEvery: 0 }, totals)
  totals.assertCamePast(['rolled', 'snapshots', 'retired'])
  return totals.describe()
})

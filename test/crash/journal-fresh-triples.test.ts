/** Crashes of a new journal: a share of all sequences of up to three operations. */
import { shareTest } from './journal-share.ts'
import { fresh } from './journal-spec.ts'

await shareTest('three operations in a row keep what was settled', async () => fresh, {
  length: 3,
  share: 1,
  of: 48,
  againEvery: 0,
  killEvery: 0,
  statesMin: 40_000,
  camePast: ['rolled', 'snapshots', 'cut'],
})

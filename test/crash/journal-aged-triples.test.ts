/** Crashes of a journal that has lived: a share of all sequences of up to three operations. */
import { shareTest } from './journal-share.ts'
import { agedBase } from './journal-spec.ts'

await shareTest('recycling and cleaning keep what was settled', agedBase, {
  length: 3,
  share: 1,
  of: 48,
  againEvery: 0,
  killEvery: 0,
  statesMin: 40_000,
  camePast: ['rolled', 'retired', 'cleaned', 'snapshots', 'cut'],
})

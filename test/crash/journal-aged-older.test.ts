/** Recoveries that lose the newest snapshot, of a journal that has lived. */
import { shareTest } from './journal-share.ts'
import { agedBase } from './journal-spec.ts'

await shareTest('the older snapshot leads to the same state', agedBase, {
  length: 2,
  share: 2,
  of: 8,
  recoverFrom: 'older',
  againEvery: 0,
  killEvery: 0,
  statesMin: 8_000,
  camePast: ['rolled', 'snapshots', 'cut', 'olderSnapshots'],
})

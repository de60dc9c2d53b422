/** Crashes in the middle of recoveries, killed processes, and recoveries from the older snapshot. */
import { shareTest } from './journal-share.ts'
import { agedBase } from './journal-spec.ts'

shareTest('a second crash during recovery changes nothing', agedBase, {
  length: 2,
  share: 0,
  of: 8,
  againEvery: 20,
  killEvery: 20,
  statesMin: 8_000,
  camePast: ['rolled', 'retired', 'cleaned', 'snapshots', 'cut'],
})

shareTest('the older snapshot leads to the same state', agedBase, {
  length: 2,
  share: 2,
  of: 8,
  recoverFrom: 'older',
  againEvery: 0,
  killEvery: 0,
  statesMin: 8_000,
  camePast: ['rolled', 'snapshots', 'cut', 'olderSnapshots'],
})

/** Crashes in the middle of recoveries, and killed processes, of a journal that has lived. */
import { shareTest } from './journal-share.ts'
import { agedBase } from './journal-spec.ts'

await shareTest('a second crash during recovery changes nothing', agedBase, {
  length: 2,
  share: 0,
  of: 8,
  againEvery: 20,
  killEvery: 20,
  statesMin: 8_000,
  camePast: ['rolled', 'retired', 'cleaned', 'snapshots', 'cut'],
})

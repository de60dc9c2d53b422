/** Crashes of a new journal: all sequences of up to two operations. */
import { shareTest } from './journal-share.ts'
import { fresh } from './journal-spec.ts'

await shareTest(
  'nothing settled is lost, invented or reordered in a new journal',
  async () => fresh,
  {
    length: 2,
    share: 0,
    of: 1,
    againEvery: 0,
    killEvery: 0,
    statesMin: 70_000,
    camePast: ['rolled', 'snapshots', 'cut'],
  },
)

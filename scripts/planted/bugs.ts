/** All bugs that are planted, one at a time, to see that the tests notice. */
import { brokerBugs } from './broker-bugs.ts'
import type { Bug } from './bug.ts'
import { edgeBugs } from './edge-bugs.ts'
import { journalBugs } from './journal-bugs.ts'
import { largeBugs } from './large-bugs.ts'
import { recoveryBugs } from './recovery-bugs.ts'
import { scratchBugs } from './scratch-bugs.ts'

export const bugs: readonly Bug[] = [
  ...journalBugs,
  ...recoveryBugs,
  ...brokerBugs,
  ...largeBugs,
  ...scratchBugs,
  ...edgeBugs,
]

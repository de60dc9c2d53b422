/** All bugs that are planted, one at a time, to see that the tests notice. */
import { brokerBugs } from './broker-bugs.ts'
import type { Bug } from './bug.ts'
import { durabilityBugs } from './durability-bugs.ts'
import { edgeBugs } from './edge-bugs.ts'
import { expiryBugs } from './expiry-bugs.ts'
import { journalBugs } from './journal-bugs.ts'
import { largeBugs } from './large-bugs.ts'
import { recoveryBugs } from './recovery-bugs.ts'
import { scratchBugs } from './scratch-bugs.ts'
import { spaceBugs } from './space-bugs.ts'

export const bugs: readonly Bug[] = [
  ...journalBugs,
  ...spaceBugs,
  ...recoveryBugs,
  ...brokerBugs,
  ...largeBugs,
  ...durabilityBugs,
  ...scratchBugs,
  ...edgeBugs,
  ...expiryBugs,
]

/**
 * `npm run audit:sync`: watches the system calls of a process that appends 10,000 entries, and shows that no
 * acknowledgement left before the sync of what it acknowledges. It needs strace, on Linux.
 */
import { type Conduct, hasStrace, runAudit } from './audit/run-audit.ts'

const ENTRIES = 10_000 // some five hundred commits, over a roll of files
const CANARY_ENTRIES = 400 // twenty acknowledgements, each of which is too early
const NOT_RUN = 3

/** An audit that finds nothing wrong with a process that is wrong proves nothing about any other. */
async function findsGuilty(conduct: Conduct): Promise<boolean> {
  const { acks, violations } = await runAudit(CANARY_ENTRIES, conduct)
  const isFound = violations.some((violation) => violation.includes('is acknowledged'))
  const verdict = isFound ? `found guilty: ${violations[0]}` : 'NOT FOUND'
  console.log(`canary '${conduct}', ${acks} acknowledgements: ${verdict}`)
  return isFound
}

async function main(): Promise<number> {
  if (!hasStrace()) {
    console.log('not run: strace is not installed')
    return NOT_RUN
  }
  for (const conduct of ['early', 'unsynced'] as const) {
    if (!(await findsGuilty(conduct))) return 1
  }
  const { acks, acknowledged, writes, syncs, violations } = await runAudit(ENTRIES, 'honest')
  for (const violation of violations) console.log(violation)
  const counts = `${acknowledged} entries in ${writes} frames, ${syncs} syncs, ${acks} acknowledgements`
  const isWhole = acknowledged >= ENTRIES
  if (!isWhole) console.log(`only ${acknowledged} of ${ENTRIES} entries were seen`)
  console.log(`${counts}, ${violations.length} before their sync or beside the known files`)
  return isWhole && violations.length === 0 ? 0 : 1
}

process.exitCode = await main()

/**
 * The process under audit: appends entries to a journal on the real disk, and says on stdout what is settled. As a
 * canary it says so too early: of what it has only appended, or of what is only written.
 */
import { writeSync } from 'node:fs'
import { openJournal } from '../../src/journal/journal.ts'
import { nodeWorld } from '../../src/node/world.ts'

const [directory = '', countText = '', conduct = ''] = process.argv.slice(2)
const ENTRIES_AT_ONCE = 20 // so that thousands of appends are hundreds of commits
const count = Number(countText)
const { disk, scheduler, random } = nodeWorld()
const journal = await openJournal(
  {
    disk,
    scheduler,
    random,
    directory,
    durability: conduct === 'unsynced' ? 'os' : 'fsync',
    limits: {},
    events: {
      settled: (through) => {
        writeSync(1, `settled ${through}\n`)
      },
      stopped: (error) => {
        throw error
      },
    },
  },
  () => ({ restore: () => Promise.resolve(), live: () => false, replay: () => undefined }),
)
const body = new Uint8Array(100)
for (let appended = 0; appended < count; ) {
  if (journal.log.reserve(1, body.length, 'publish') !== 'ok') {
    await journal.log.room()
    continue
  }
  body.fill(appended)
  const ticket = journal.log.write({ kind: 1, flags: 0, log: 0, number: appended }, body)
  appended++
  if (appended % ENTRIES_AT_ONCE > 0) continue
  if (conduct === 'early') writeSync(1, `settled ${ticket}\n`)
  await journal.log.settled(ticket)
}
await journal.log.settled(journal.log.nextTicket - 1)
await journal.close()
await disk.close()

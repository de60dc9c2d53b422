/**
 * Writes test/fixtures/journal-v1 anew: `node build/test/golden/make-journal-v1.js`. Once a version with this format
 * is released, the directory never changes again: a new format gets a directory of its own beside it.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { JournalWorld } from '../journal/journal-world.ts'
import { CrashDisk } from '../sim/crash-disk.ts'
import { loadDirectory, saveDirectory } from './directories.ts'
import { contentOfJournal, makeGolden } from './journal-content.ts'

const fixtures = join(import.meta.dirname, '..', '..', '..', 'test', 'fixtures')
const folder = join(fixtures, 'journal-v1')

const disk = new CrashDisk()
await makeGolden(disk)
await saveDirectory(disk, folder)
const world = await JournalWorld.open(await loadDirectory(folder))
const content = await contentOfJournal(world)
await world.journal.close()
writeFileSync(join(fixtures, 'journal-v1.json'), `${JSON.stringify(content, null, 1)}\n`)

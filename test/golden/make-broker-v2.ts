/**
 * Writes test/fixtures/broker-v2 anew: `node build/test/golden/make-broker-v2.js`. Once a version with this format is
 * released, the directory never changes again: a new format gets a directory of its own beside it.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CrashDisk } from '../sim/crash-disk.ts'
import { contentOfBroker } from './broker-content.ts'
import { playBrokerStory } from './broker-story.ts'
import { loadDirectory, saveDirectory } from './directories.ts'

const fixtures = join(import.meta.dirname, '..', '..', '..', 'test', 'fixtures')
const folder = join(fixtures, 'broker-v2')

await saveDirectory(await playBrokerStory(new CrashDisk()), folder)
const content = await contentOfBroker(await loadDirectory(folder))
writeFileSync(join(fixtures, 'broker-v2.json'), `${JSON.stringify(content, null, 1)}\n`)

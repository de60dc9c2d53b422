/** Spare files are there before somebody asks: whoever takes one, at whatever moment, has another one made. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { microtasks, tinyLimits } from '../../test/journal/journal-world.ts'
import { CrashDisk } from '../../test/sim/crash-disk.ts'
import { drained } from '../../test/sim/turn.ts'
import { FileTable } from './file-table.ts'
import { JournalFile } from './journal-file.ts'
import { checkedLimits } from './limits.ts'
import { Slabs } from './slabs.ts'
import { SpareFiles } from './spare-files.ts'

const DIRECTORY = 'journal'
const STEPS_MAX = 8 // more than lie between the last file and the end of the work on it

async function inSteps(count: number, then: () => void): Promise<void> {
  for (let step = 0; step < count; step++) await null
  then()
}

for (let steps = 0; steps <= STEPS_MAX; steps++) {
  test(`a file taken ${steps} steps after the others are ready is made up for`, async () => {
    const disk = new CrashDisk()
    await disk.makeDirectory(DIRECTORY)
    let taken: unknown = null
    let waiting: Promise<void> | null = null
    const take = (): void => {
      taken = spares.take('publish', 1)
    }
    const spares: SpareFiles = new SpareFiles({
      disk,
      slabs: new Slabs(disk),
      scheduler: microtasks,
      directory: DIRECTORY,
      identity: { low: 1, high: 2 },
      limits: checkedLimits(tinyLimits),
      table: new FileTable(),
      // Two at first, and another one as soon as one was taken.
      changed: () => {
        if (spares.armedCount === 2) waiting ??= inSteps(steps, take)
      },
      failed: (error) => assert.fail(String(error)),
    })
    spares.start()
    await drained()
    await waiting
    await drained()
    assert(taken instanceof JournalFile)
    assert.equal(spares.armedCount, 3)
    await spares.close()
  })
}

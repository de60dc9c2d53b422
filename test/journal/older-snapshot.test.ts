/** Losing the newest snapshot costs nothing: the older one and all that replay needs behind it are kept. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openStage, operationOf } from '../crash/journal-spec.ts'
import { Ledger } from '../crash/ledger.ts'
import { CrashDisk } from '../sim/crash-disk.ts'
import { drained } from '../sim/turn.ts'
import { JournalWorld } from './journal-world.ts'

async function loseNewest(disk: CrashDisk): Promise<void> {
  const names = (await disk.list('data')).map(({ name }) => name)
  const newest = names.filter((name) => /^snapshot-\d/.test(name)).sort((a, b) => (a < b ? 1 : -1))
  assert.equal(newest.length, 2)
  await disk.remove(disk.join('data', newest[0]!))
}

test('a file in which the older snapshot begins its replay is not recycled', async () => {
  const disk = new CrashDisk()
  const stage = await openStage(disk, new Ledger())
  // The first snapshot is begun before the files in which it ends are settled.
  for (const name of ['small', 'rollSnapshot', 'drain', 'snapshot', 'tidy']) {
    await operationOf(name)(stage)
  }
  await drained()
  await stage.world.journal.close()
  await loseNewest(disk)
  const world = await JournalWorld.open(disk)
  assert.equal(world.owner.held.size, 0)
  assert.equal(world.journal.store.references, 0)
  await world.journal.close()
})

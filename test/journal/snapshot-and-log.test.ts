/** What snapshots and the log are to each other: either may be lost, and it is noticed or made up for. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openStage, operationOf } from '../crash/journal-spec.ts'
import { Ledger } from '../crash/ledger.ts'
import { CrashDisk } from '../sim/crash-disk.ts'
import { drained } from '../sim/turn.ts'
import { bodyOfSize, JournalWorld } from './journal-world.ts'

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

test('files that the newest snapshot covers alone are kept for the older one', async () => {
  const disk = new CrashDisk()
  const world = await JournalWorld.open(disk)
  const pass = async (): Promise<void> => {
    for (let round = 0; round < 20; round++) {
      await world.release(await world.put(1, [bodyOfSize(900, round)]))
      await world.settled()
      await drained()
    }
  }
  const kept = await world.put(1, [bodyOfSize(900, 99)])
  await world.snapshot()
  await pass()
  await world.snapshot()
  await world.journal.tidy()
  // Whatever came free is written over.
  await pass()
  await world.journal.close()
  await loseNewest(disk)
  const again = await JournalWorld.open(disk)
  assert.deepEqual([...again.owner.held.keys()], kept)
  await again.journal.close()
})

test('a format file whose checksum is wrong is refused, though all else in it is right', async () => {
  const disk = new CrashDisk()
  await (await JournalWorld.open(disk)).journal.close()
  const file = await disk.open('data/format', 'write')
  const sum = new Uint8Array(1)
  await file.read(sum, 8)
  await file.write(Uint8Array.of(sum[0]! ^ 1), 8)
  await file.close()
  await assert.rejects(JournalWorld.open(disk), { code: 'JOURNAL_DAMAGED' })
})

test('a log that ends before its snapshot is refused', async () => {
  const disk = new CrashDisk()
  const world = await JournalWorld.open(disk)
  await world.note('one')
  await world.snapshot()
  await world.journal.close()
  // Nothing is left of the commits, as if they had never been: an end as clean as any.
  const file = await disk.open('data/journal-00000', 'write')
  await file.write(new Uint8Array(3072), 1024)
  await file.close()
  await assert.rejects(JournalWorld.open(disk), { code: 'JOURNAL_DAMAGED' })
})

test('a damaged snapshot is passed over, said, and removed', async () => {
  const disk = new CrashDisk()
  const world = await JournalWorld.open(disk)
  for (const text of ['one', 'two']) {
    await world.note(text)
    await world.snapshot()
  }
  await world.journal.close()
  const snapshots = async (): Promise<readonly string[]> =>
    (await disk.list('data'))
      .map(({ name }) => name)
      .filter((name) => /^snapshot-\d/.test(name))
      .sort()
  const [older, newest] = await snapshots()
  const file = await disk.open(`data/${newest}`, 'write')
  await file.write(Uint8Array.of(0xff), 70)
  await file.close()
  const again = await JournalWorld.open(disk)
  assert.deepEqual(again.journal.report.damagedSnapshots, [newest])
  assert.deepEqual(again.owner.notes, ['one', 'two'])
  assert.deepEqual(await snapshots(), [older])
  await again.journal.close()
})

/** What nobody wanted synced may be lost, but it never takes the directory with it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CrashDisk } from '../sim/crash-disk.ts'
import { drained } from '../sim/turn.ts'
import { bodyOfSize, JournalWorld } from './journal-world.ts'

/** Opens on every state that a power cut may leave now; answers how many notes each had. */
async function notesAfterCrash(disk: CrashDisk): Promise<readonly number[]> {
  const counts: number[] = []
  for (const image of disk.images()) {
    const world = await JournalWorld.open(new CrashDisk({ image }))
    counts.push(world.owner.notes.length)
    await world.journal.close()
  }
  return counts
}

test('a footer that survives a crash never stands above commits that did not', async () => {
  const disk = new CrashDisk()
  const world = await JournalWorld.open(disk)
  disk.record(() => 0)
  for (let round = 0; round < 3; round++) {
    await world.put(1, [bodyOfSize(800, round), bodyOfSize(600, round)], 'os')
  }
  await world.settled()
  for (const point of disk.points) {
    for (const image of point.images()) {
      const again = await JournalWorld.open(new CrashDisk({ image }))
      await again.journal.close()
    }
  }
  await world.journal.close()
})

test('a snapshot does not count before what it holds is synced', async () => {
  const disk = new CrashDisk()
  const world = await JournalWorld.open(disk)
  await world.note('synced')
  await world.settled()
  await world.note('given to the system', 'os')
  await world.settled()
  assert.deepEqual(new Set(await notesAfterCrash(disk)), new Set([1, 2]))
  await world.snapshot()
  assert.deepEqual(new Set(await notesAfterCrash(disk)), new Set([2]))
  await world.journal.close()
})

test('a snapshot ends while others go on without ever asking for a sync', async () => {
  const world = await JournalWorld.open(new CrashDisk())
  await world.note('synced')
  const snapshot = world.snapshot()
  let isDone: boolean = false
  const done = snapshot.then(() => {
    isDone = true
  })
  for (let round = 0; round < 1_000 && !isDone; round++) await world.note('busy', 'os')
  assert.ok(isDone)
  await done
  await world.journal.close()
})

test('in mode os an entry that asks for more is settled only when it, and all before it, is synced', async () => {
  const disk = new CrashDisk()
  const world = await JournalWorld.open(disk, { durability: 'os' })
  await world.note('given to the system')
  await world.settled()
  assert.deepEqual(new Set(await notesAfterCrash(disk)), new Set([0, 1]))
  await world.note('synced', 'fsync')
  await world.settled()
  assert.deepEqual(new Set(await notesAfterCrash(disk)), new Set([2]))
  await world.note('given to the system again')
  await world.settled()
  assert.deepEqual(new Set(await notesAfterCrash(disk)), new Set([2, 3]))
  await world.journal.close()
})

test('in mode os an entry that asked for a sync that failed is never settled', async () => {
  const disk = new CrashDisk()
  const world = await JournalWorld.open(disk, { durability: 'os' })
  await world.note('given to the system')
  await world.settled()
  await drained()
  disk.observe({
    issued: ({ kind, path, number }) => {
      if (kind !== 'sync' || !path.includes('/journal-')) return
      disk.faults.plan({ call: number, code: 'io', lasts: 'once', writtenBytes: 0 })
    },
  })
  await world.note('synced', 'fsync')
  await assert.rejects(world.settled(), { code: 'JOURNAL_STOPPED' })
  await world.journal.close()
})

/** A snapshot that a close interrupts ends before the close does, and never counts half; none follows a stop. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DiskError } from '../../src/base/ports.ts'
import { CrashDisk } from '../sim/crash-disk.ts'
import { JournalWorld } from './journal-world.ts'

const bytes = new Uint8Array(1_000)

test('a snapshot that is being written when the journal closes is refused its next write', async () => {
  const disk = new CrashDisk()
  const world = await JournalWorld.open(disk)
  const { journal } = world
  await world.note('a')
  const snapshot = journal.snapshot()
  const written = assert.rejects(
    (async () => {
      for (let count = 0; count < 1_000; count++) await snapshot.write(bytes)
    })(),
    { code: 'JOURNAL_STOPPED' },
  )
  await journal.close()
  await written
  await assert.rejects(snapshot.finish(), { code: 'JOURNAL_STOPPED' })
  assert.deepEqual(disk.openPaths, [])
})

test('a snapshot that was never begun opens nothing after the close', async () => {
  const disk = new CrashDisk()
  const { journal } = await JournalWorld.open(disk)
  const snapshot = journal.snapshot()
  await journal.close()
  await assert.rejects(snapshot.write(bytes), { code: 'JOURNAL_STOPPED' })
  assert.deepEqual(disk.openPaths, [])
})

test('after the close of a journal no call for its snapshot reaches the disk', async () => {
  for (let turns = 0; turns < 60; turns++) {
    const disk = new CrashDisk()
    const world = await JournalWorld.open(disk)
    await world.note('a')
    const finished = world.snapshot().catch((error: unknown) => error)
    for (let turn = 0; turn < turns; turn++) await null
    await world.journal.close()
    const { callCount } = disk
    await finished
    assert.equal(disk.callCount, callCount, `after ${turns} turns`)
    const again = await JournalWorld.open(disk)
    assert.deepEqual(again.owner.notes, ['a'])
    await again.journal.close()
  }
})

test('a journal that stopped because a snapshot could not be kept refuses the next one', async () => {
  const disk = new CrashDisk()
  const world = await JournalWorld.open(disk)
  await world.note('a')
  await world.settled()
  disk.rename = (path) => Promise.reject(new DiskError('io', path, 'no rename'))
  await assert.rejects(world.snapshot(), { code: 'io' })
  assert.ok(world.stopped !== null)
  await assert.rejects(world.snapshot(), { code: 'JOURNAL_STOPPED' })
  await world.journal.close()
  assert.deepEqual(disk.openPaths, [])
})

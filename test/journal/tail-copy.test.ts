/** While recovery writes the end of the journal anew, a copy of it takes the place of what a power cut garbles. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { expectMark } from '../../src/base/mark.ts'
import { SNAPSHOT_SPARE_NAMES } from '../../src/journal/snapshot-space.ts'
import { CrashDisk } from '../sim/crash-disk.ts'
import { bodyOfSize, JournalWorld } from './journal-world.ts'

/** Two acknowledged notes with no mark behind them, as the next process finds them. */
async function killedDisk(): Promise<CrashDisk> {
  const disk = new CrashDisk()
  const world = await JournalWorld.open(disk)
  for (const text of ['one', 'two']) {
    await world.note(text)
    await world.settled()
  }
  return disk.killProcess()
}

async function namesOn(disk: CrashDisk): Promise<readonly string[]> {
  return (await disk.list('data')).map(({ name }) => name)
}

for (const room of ['some', 'none'] as const) {
  test(`a power cut at any call of a recovery leaves what it writes anew, or its copy; room: ${room}`, () =>
    cutEverywhere(room))
}

async function cutEverywhere(room: 'some' | 'none'): Promise<void> {
  const disk = await killedDisk()
  if (room === 'none') disk.capacityBytes = disk.usedBytes
  disk.record(() => 0)
  await (await JournalWorld.open(disk)).journal.close()
  await expectMark('recovery/tail-put-back', async () => {
    for (const point of disk.points) {
      // Combinations by chance, too: what was not synced of the copy may be lost while its original is garbled.
      const samples = Array.from({ length: 40 }, (_, seed) => point.sample(seed))
      for (const image of [...point.images(), ...samples]) {
        const left = new CrashDisk({ image })
        const world = await JournalWorld.open(left)
        assert.deepEqual(world.owner.notes, ['one', 'two'], image.name)
        await world.journal.close()
        const copies = (await namesOn(left)).filter((name) => name === 'tail-copy')
        assert.deepEqual(copies, [], 'the copy is gone once it is of no use')
      }
    }
  })
}

test('without room for the copy a spare is given up for it', async () => {
  const disk = await killedDisk()
  disk.capacityBytes = disk.usedBytes
  const before = (await namesOn(disk)).length
  const world = await expectMark('recovery/space-given-up', () => JournalWorld.open(disk))
  assert.deepEqual(world.owner.notes, ['one', 'two'])
  disk.capacityBytes = Number.POSITIVE_INFINITY
  await world.note('three')
  await world.journal.close()
  const names = await namesOn(disk)
  assert.ok(!names.some((name) => name.startsWith('tail-copy')))
  assert.ok(names.length >= before - 1)
  const again = await JournalWorld.open(disk)
  assert.deepEqual(again.owner.notes, ['one', 'two', 'three'])
  await again.journal.close()
})

test('what is given up for the copy is a spare: files in use stay, and all that is in them', async () => {
  const disk = new CrashDisk()
  const world = await JournalWorld.open(disk)
  const bodies = Array.from({ length: 12 }, (_, index) => bodyOfSize(900, index))
  const tickets: number[] = []
  for (const body of bodies) tickets.push(...(await world.put(1, [body])))
  await world.settled()
  const left = disk.killProcess()
  // The space of snapshots is given up before any file.
  for (const name of SNAPSHOT_SPARE_NAMES) await left.remove(`data/${name}`)
  left.capacityBytes = left.usedBytes
  const after = await expectMark('recovery/space-given-up', () => JournalWorld.open(left))
  for (const [index, ticket] of tickets.entries()) {
    assert.deepEqual(await after.journal.store.read(ticket), bodies[index])
  }
  await after.journal.close()
})

test('without room for the copy and without a spare the journal says what it needs, and changes nothing', async () => {
  const disk = await killedDisk()
  for (const name of await namesOn(disk)) {
    if (/journal-0000[^0]|snapshot-spare/.test(name)) await disk.remove(`data/${name}`)
  }
  disk.capacityBytes = disk.usedBytes
  const names = await namesOn(disk)
  await assert.rejects(JournalWorld.open(disk), {
    code: 'JOURNAL_FULL',
    message: /^the disk of data is full: \d+ bytes are needed .* start again$/,
  })
  assert.deepEqual(await namesOn(disk), names)
  assert.deepEqual(disk.openPaths, [])
  disk.capacityBytes = Number.POSITIVE_INFINITY
  const world = await JournalWorld.open(disk)
  assert.deepEqual(world.owner.notes, ['one', 'two'])
  await world.journal.close()
})

test('a clean end is written anew without a copy', async () => {
  const disk = new CrashDisk({ log: 'on' })
  const world = await JournalWorld.open(disk)
  await world.note('one')
  await world.journal.close()
  await (await JournalWorld.open(disk)).journal.close()
  assert.ok(!disk.calls.some(({ path }) => path.includes('tail-copy')))
})

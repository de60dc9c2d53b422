/** Whatever fails, no file stays open once the journal is closed or was not opened. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { agedBase } from '../crash/journal-spec.ts'
import { CrashDisk } from '../sim/crash-disk.ts'
import { drained } from '../sim/turn.ts'
import { bodyOfSize, JournalWorld } from './journal-world.ts'

const { image } = await agedBase()
assert(image !== null)

/** Opens an aged directory, and works on it, while the given call fails; answers whether that call came. */
async function failCall(
  call: number,
  work: (world: JournalWorld) => Promise<unknown>,
): Promise<boolean> {
  const disk = new CrashDisk({ image: image! })
  disk.faults.plan({ call, code: 'io', lasts: 'once', writtenBytes: 0 })
  let world: JournalWorld | null = null
  try {
    world = await JournalWorld.open(disk)
    await work(world)
  } catch (error) {
    assert.match(String(error), /planned failure|stopped/)
  }
  await drained()
  await world?.journal.close()
  assert.deepEqual(disk.openPaths, [], `after call ${call} failed`)
  return disk.faults.met > 0 || call <= disk.callCount
}

test('an open that fails at any call leaves no file open', async () => {
  let call = 1
  while (await failCall(call, () => Promise.resolve())) call++
  assert(call > 100)
})

test('housekeeping that fails at any call leaves no file open', async () => {
  const tidy = async (world: JournalWorld): Promise<void> => {
    await world.release([...world.owner.held.keys()].slice(0, 1))
    await world.journal.tidy()
  }
  let call = 100
  while (await failCall(call, tidy)) call++
  assert(call > 150)
})

test('a journal keeps no more files open than it may', async () => {
  const disk = new CrashDisk()
  const world = await JournalWorld.open(disk)
  const tickets: number[] = []
  for (let round = 0; round < 60; round++) {
    tickets.push(...(await world.put(1, [bodyOfSize(900, round)])))
    await world.settled()
    // Four for reading, the one in use and its spares, and one that is being sealed.
    assert(disk.openPaths.length <= 4 + 1 + 3 + 1, disk.openPaths.join())
  }
  for (const ticket of tickets) {
    await world.journal.store.read(ticket)
    assert(disk.openPaths.length <= 4 + 1 + 3 + 1, disk.openPaths.join())
  }
  await world.journal.close()
})

test('a read that a close meets leaves no file open', async () => {
  for (let turns = 0; turns < 20; turns++) {
    const disk = new CrashDisk()
    const world = await JournalWorld.open(disk)
    const [first] = await world.put(1, [bodyOfSize(900, 1)])
    for (let round = 0; round < 20; round++) await world.put(1, [bodyOfSize(900, round)])
    await world.settled()
    await world.journal.close()
    const again = await JournalWorld.open(disk)
    const read = again.journal.store.read(first!).catch((error: unknown) => error)
    for (let turn = 0; turn < turns; turn++) await null
    await again.journal.close()
    await read
    assert.deepEqual(disk.openPaths, [], `after ${turns} turns`)
  }
})

/** Whatever fails, no file stays open once the journal is closed or was not opened. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { agedBase } from '../crash/journal-spec.ts'
import { CrashDisk } from '../sim/crash-disk.ts'
import { drained } from '../sim/turn.ts'
import { JournalWorld } from './journal-world.ts'

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

/** A spare file that a killed process was making when it died is not built on before its name is durable. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CrashDisk } from '../sim/crash-disk.ts'
import { drained } from '../sim/turn.ts'
import { bodyOfSize, JournalWorld } from './journal-world.ts'

const CALLS = 72 // of an opening and all its spare files

/** The disk as a process leaves it that is killed at this call, its un-synced bytes and names in place. */
async function killedAt(call: number): Promise<CrashDisk> {
  const disk = new CrashDisk()
  disk.cutPowerAt(call)
  JournalWorld.open(disk).catch(() => undefined)
  await drained()
  return new CrashDisk({ image: disk.point().killed() })
}

test('what the next process writes to the files that it finds is there after a power cut', async () => {
  let found = 0
  for (let call = 1; call <= CALLS; call++) {
    const disk = await killedAt(call)
    const world = await JournalWorld.open(disk)
    found += (await disk.list('data')).filter(({ name }) => name.startsWith('journal-')).length
    // Into the first file behind the one that the journal began with, before another one is made.
    for (let round = 0; round < 3; round++) await world.put(1, [bodyOfSize(1_200, round)])
    await world.note('last')
    await world.settled()
    for (const image of disk.images()) {
      const again = await JournalWorld.open(new CrashDisk({ image }))
      assert.deepEqual(again.owner.notes, ['last'], `killed at ${call}: ${image.name}`)
      await again.journal.close()
    }
    await world.journal.close()
  }
  assert(found > CALLS)
})

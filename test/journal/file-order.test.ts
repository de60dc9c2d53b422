/** Files follow each other as their footers say, whatever the order in which they were made ready. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CrashDisk } from '../sim/crash-disk.ts'
import { drained } from '../sim/turn.ts'
import { bodyOfSize, JournalWorld } from './journal-world.ts'

const limits = {
  fileBytesMax: 8192,
  commitBytes: 7000,
  recoveryBytes: 14_000,
}

test('a damaged footer is no end when the file behind it was made ready before', async () => {
  const disk = new CrashDisk()
  const world = await JournalWorld.open(disk, { limits })
  await drained()
  // Too large for the spare files that are ready: another is made, and they follow after it.
  await world.put(
    1,
    [1, 2, 3, 4, 5].map((mark) => bodyOfSize(1000, mark)),
  )
  for (let round = 0; round < 4; round++) await world.put(1, [bodyOfSize(900, round)])
  await world.settled()
  await world.journal.close()
  // The first file and two spares were there before.
  const file = await disk.open('data/journal-00003', 'write')
  assert.equal(await file.size(), 8192)
  await file.write(Uint8Array.of(1), 8192 - 40)
  await file.close()
  await assert.rejects(JournalWorld.open(disk, { limits }), { code: 'JOURNAL_DAMAGED' })
})

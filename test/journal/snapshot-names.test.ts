/** A power cut damages no snapshot, under whatever name it finds the files. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CrashDisk } from '../sim/crash-disk.ts'
import { JournalWorld } from './journal-world.ts'

test('after a power cut at any call no file goes by the name of a snapshot that it is not', async () => {
  const disk = new CrashDisk()
  const world = await JournalWorld.open(disk)
  for (const note of ['a', 'b', 'c']) {
    await world.note(note)
    await world.snapshot()
  }
  disk.record(() => 0)
  await world.note('d')
  await world.snapshot()
  await world.note('e')
  await world.snapshot()
  let images = 0
  for (const point of [...disk.points, disk.point()]) {
    for (const image of point.images()) {
      const found = await JournalWorld.open(new CrashDisk({ image }))
      const { damagedSnapshots } = found.journal.report
      assert.deepEqual(damagedSnapshots, [], `call ${point.moment.call}: ${image.name}`)
      images++
    }
  }
  assert(images > 100, `${images} images`)
})

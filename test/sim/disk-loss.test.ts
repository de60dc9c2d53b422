/** A disk that lost a file is the disk that the file was removed from, and nothing else of it changed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CrashDisk } from './crash-disk.ts'
import { dumpDisk, writeText } from './disk-dump.ts'
import { withoutFile } from './disk-loss.ts'

async function diskOf(names: readonly string[]): Promise<CrashDisk> {
  const disk = new CrashDisk()
  await disk.makeDirectory('/d')
  for (const name of names) await writeText(disk, `/d/${name}`, `content of ${name}`)
  await disk.syncDirectory('/d')
  return disk
}

test('an image without a file equals the image of a disk where the file never was', async () => {
  const image = (await diskOf(['a', 'b', 'c'])).point().killed()
  const lost = withoutFile(image, '/d', 'b')
  const never = await diskOf(['c', 'a'])
  assert.equal(lost.identity, never.identity())
  assert.notEqual(lost.identity, image.identity)
  assert.equal(await dumpDisk(new CrashDisk({ image: lost })), await dumpDisk(never))
})

test('what is lost is lost for good, and the image it was taken from keeps it', async () => {
  const image = (await diskOf(['a', 'b'])).point().killed()
  const disk = new CrashDisk({ image: withoutFile(image, '/d', 'b') })
  for (const after of disk.images()) {
    const names = await new CrashDisk({ image: after }).list('/d')
    assert.deepEqual(names, [{ name: 'a', kind: 'file' }])
  }
  assert.equal((await new CrashDisk({ image }).list('/d')).length, 2)
})

/** The space of the next two snapshots: what each has to hold, and that a snapshot has its file for itself. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { tinyLimits } from '../../test/journal/journal-world.ts'
import { CrashDisk } from '../../test/sim/crash-disk.ts'
import { expectMark } from '../base/mark.ts'
import { checkedLimits } from './limits.ts'
import { SNAPSHOT_SPARE_NAMES, SnapshotSpace } from './snapshot-space.ts'

const DIRECTORY = 'journal'
const FILE_BYTES = 4_096

async function open(): Promise<{ readonly disk: CrashDisk; readonly space: SnapshotSpace }> {
  const disk = new CrashDisk()
  await disk.makeDirectory(DIRECTORY)
  const limits = checkedLimits({ ...tinyLimits, snapshotReferenceBytes: 10, snapshotSlack: 0.25 })
  return { disk, space: new SnapshotSpace({ disk, directory: DIRECTORY, limits }) }
}

async function fillAll(space: SnapshotSpace): Promise<void> {
  for (const _ of SNAPSHOT_SPARE_NAMES) await space.fill()
}

async function sizes(disk: CrashDisk): Promise<readonly number[]> {
  const found: number[] = []
  for (const name of SNAPSHOT_SPARE_NAMES) {
    const file = await disk.open(disk.join(DIRECTORY, name), 'read')
    found.push(await file.size())
    await file.close()
  }
  return found
}

test('each of two files holds the references, the names, and some of what the next file brings', async () => {
  const { disk, space } = await open()
  assert.equal(space.isAmiss, false)
  space.grew(30)
  space.expect(200, FILE_BYTES)
  assert.equal(space.isAmiss, true)
  await fillAll(space)
  assert.equal(space.isAmiss, false)
  assert.deepEqual(await sizes(disk), [3_566, 3_566])
})

test('more is held than the newest snapshot takes by what came since, and nothing that it has in counts twice', async () => {
  const { disk, space } = await open()
  space.grew(500)
  const file = await space.take()
  await file.close()
  space.grew(30)
  space.kept({ bytes: 5_000, references: 150 })
  space.giveBack('same')
  space.expect(200, FILE_BYTES)
  await fillAll(space)
  assert.deepEqual(await sizes(disk), [7_066, 7_066])
  space.expect(0, FILE_BYTES)
  assert.equal(space.isAmiss, false)
})

test('a file is filled somewhat further than it has to be, so that it is not filled for every few references', async () => {
  const { disk, space } = await open()
  space.expect(100, FILE_BYTES)
  await fillAll(space)
  assert.deepEqual(await sizes(disk), [2_536, 2_536])
  space.expect(151, FILE_BYTES)
  assert.equal(space.isAmiss, false)
  space.expect(152, FILE_BYTES)
  assert.equal(space.isAmiss, true)
})

test('of what is written without a body no more counts than a file holds', async () => {
  const { disk, space } = await open()
  space.grew(1_000_000)
  space.expect(0, FILE_BYTES)
  await fillAll(space)
  assert.deepEqual(await sizes(disk), [5_632, 5_632])
})

test('a file that a large state needed is cut for a small one, and kept while it is not far too large', async () => {
  const { disk, space } = await open()
  space.expect(2_000, FILE_BYTES)
  await fillAll(space)
  assert.deepEqual(await sizes(disk), [21_536, 21_536])
  // 4,096 and four times 4,364 are 21,552; with 4,354 it is less than what there is.
  space.expect(334, FILE_BYTES)
  assert.equal(space.isAmiss, false)
  space.expect(333, FILE_BYTES)
  assert.equal(space.isAmiss, true)
  await expectMark('snapshot-space/shrunk', async () => {
    while (space.isAmiss) await space.fill()
  })
  assert.deepEqual(await sizes(disk), [4_866, 4_866])
})

test('a file of an earlier run that is far too large is cut', async () => {
  const { disk, space } = await open()
  for (const name of SNAPSHOT_SPARE_NAMES) {
    const file = await disk.open(disk.join(DIRECTORY, name), 'create')
    await file.write(new Uint8Array(50_000), 0)
    await file.close()
  }
  space.expect(0, FILE_BYTES)
  while (space.isAmiss) await space.fill()
  assert.deepEqual(await sizes(disk), [1_536, 1_536])
})

test('a snapshot waits for the filling under way, and is then alone with its file', async () => {
  const { disk, space } = await open()
  space.expect(1_000, FILE_BYTES)
  let isFilling = true
  const filling = space.fill().then(() => {
    isFilling = false
  })
  const file = await space.take()
  assert.equal(isFilling, false)
  await filling
  const path = space.takenPath
  const touched: string[] = []
  disk.observe({ issued: (call) => void touched.push(call.path) })
  await fillAll(space)
  assert(touched.length > 0 && !touched.includes(path))
  assert.equal(space.isAmiss, false)
  assert.deepEqual(disk.openPaths, [path])
  assert.equal(await file.size(), 11_536)
})

test('a file that got another name leaves its own to one that is filled anew', async () => {
  const { disk, space } = await open()
  space.expect(10, FILE_BYTES)
  await fillAll(space)
  const file = await space.take()
  await file.close()
  await disk.rename(space.takenPath, disk.join(DIRECTORY, 'snapshot'))
  space.giveBack('other')
  assert.equal(space.isAmiss, true)
  await fillAll(space)
  assert.equal(space.isAmiss, false)
  assert.deepEqual(await sizes(disk), [1_636, 1_636])
})

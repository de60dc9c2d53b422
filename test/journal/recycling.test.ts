/** Files that come free are written again: a journal in steady use fills no new ones. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CrashDisk } from '../sim/crash-disk.ts'
import { bodyOfSize, DIRECTORY, JournalWorld } from './journal-world.ts'

const FILE_BYTES = 4096
const FILES_BETWEEN_SNAPSHOTS = 10

/** A queue that drains, through `snapshots` snapshots; answers how many journal files were made meanwhile. */
async function filesMade(world: JournalWorld, disk: CrashDisk, snapshots: number): Promise<number> {
  let made = 0
  disk.observe({
    issued: (call) => {
      if (call.kind === 'create' && call.path.startsWith(`${DIRECTORY}/journal-`)) made++
    },
  })
  for (let done = 0; done < snapshots; ) {
    const tickets = await world.put(1, [bodyOfSize(900, done)])
    await world.settled()
    await world.release(tickets)
    if (!world.journal.snapshotDue) continue
    await world.snapshot()
    await world.journal.tidy()
    done++
  }
  return made
}

function openWith(disk: CrashDisk, recycledBytes: number): Promise<JournalWorld> {
  const snapshotAfterBytes = FILES_BETWEEN_SNAPSHOTS * FILE_BYTES
  return JournalWorld.open(disk, { limits: { snapshotAfterBytes, recycledBytes } })
}

test('a queue that drains fills no new file once it has written through two snapshots', async () => {
  const disk = new CrashDisk()
  const world = await openWith(disk, 2 * FILES_BETWEEN_SNAPSHOTS * FILE_BYTES)
  assert((await filesMade(world, disk, 3)) >= FILES_BETWEEN_SNAPSHOTS)
  assert.equal(await filesMade(world, disk, 5), 0)
  await world.journal.close()
})

test('of files that came free no more are kept than the limit says', async () => {
  const disk = new CrashDisk()
  const world = await openWith(disk, 0)
  await filesMade(world, disk, 3)
  assert((await filesMade(world, disk, 5)) > FILES_BETWEEN_SNAPSHOTS)
  await world.journal.close()
})

test('files in which the last body died are let go by themselves once two snapshots cover them', async () => {
  const disk = new CrashDisk()
  const world = await JournalWorld.open(disk)
  for (let round = 0; round < 200; round++) {
    const tickets = await world.put(1, [bodyOfSize(900, round)])
    await world.settled()
    await world.release(tickets)
    if (world.journal.snapshotDue) await world.snapshot()
  }
  const names = (await disk.list(DIRECTORY)).map(({ name }) => name)
  const files = names.filter((name) => name.startsWith('journal-'))
  assert(files.length < 16, `${files.length} files of some 70`)
  await world.journal.close()
})

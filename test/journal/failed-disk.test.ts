/** After a call of the disk failed, the next process on the same machine builds on nothing that is not durable. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { JournalStopped } from '../../src/journal/errors.ts'
import { CrashDisk } from '../sim/crash-disk.ts'
import type { Call, Fault } from '../sim/disk-faults.ts'
import { drained } from '../sim/turn.ts'
import { bodyOfSize, JournalWorld } from './journal-world.ts'

/** Which call fails: the `nth` of those that are meant, from this moment on. */
type Meant = { readonly nth?: number; readonly code: Fault['code']; is(call: Call): boolean }

function failNext(disk: CrashDisk, { nth = 1, code, is }: Meant): void {
  let count = 0
  disk.observe({
    issued(call) {
      if (!is(call)) return
      count++
      if (count !== nth) return
      disk.faults.plan({ call: call.number, code, lasts: 'once', writtenBytes: 0 })
    },
  })
}

function isSync({ kind, path }: Call): boolean {
  return kind === 'sync' && path.endsWith('journal-00000')
}

function isDirectorySync({ kind, path }: Call): boolean {
  return kind === 'sync-directory' && path === 'data'
}

/** Every state that a power cut may leave has all these notes, and opens. */
async function assertDurable(disk: CrashDisk, notes: readonly string[]): Promise<void> {
  for (const image of disk.images()) {
    const world = await JournalWorld.open(new CrashDisk({ image }))
    assert.deepEqual(world.owner.notes, notes, image.name)
    await world.journal.close()
  }
}

async function reopened(disk: CrashDisk, world: JournalWorld): Promise<JournalWorld> {
  await world.journal.close()
  assert.deepEqual(disk.openPaths, [])
  return JournalWorld.open(disk)
}

test('a commit whose sync failed is durable once the journal was opened again', async () => {
  const disk = new CrashDisk()
  const world = await JournalWorld.open(disk)
  await world.note('one')
  await world.settled()
  failNext(disk, { code: 'io', is: isSync })
  await world.note('two')
  await assert.rejects(world.settled(), JournalStopped)
  const again = await reopened(disk, world)
  await assertDurable(disk, ['one', 'two'])
  await again.note('three')
  await again.settled()
  await assertDurable(disk, ['one', 'two', 'three'])
  await again.journal.close()
})

test('a commit behind one that failed does not make the directory look damaged', async () => {
  const disk = new CrashDisk()
  const world = await JournalWorld.open(disk)
  await world.note('one')
  await world.settled()
  await drained()
  failNext(disk, { code: 'full', is: ({ kind }) => kind === 'write' })
  // Two commits, which are both handed over before the first one fails.
  const puts = [world.put(1, [bodyOfSize(1200, 1)]), world.put(1, [bodyOfSize(1200, 2)])]
  await Promise.all(puts)
  await assert.rejects(world.settled(), JournalStopped)
  const again = await reopened(disk, world)
  assert.deepEqual(again.owner.notes, ['one'])
  await again.journal.close()
})

test('no commit of a file is written before the footer of the one before it is synced', async () => {
  const disk = new CrashDisk()
  const world = await JournalWorld.open(disk)
  const isFooter = ({ kind, position, sizeBytes }: Call): boolean =>
    kind === 'write' && position > 2048 && position + sizeBytes === 4096
  await drained()
  failNext(disk, { code: 'full', is: isFooter })
  await Promise.allSettled([1, 2, 3].map((mark) => world.put(1, [bodyOfSize(1400, mark)])))
  await assert.rejects(world.settled(), JournalStopped)
  assert.equal(disk.faults.met, 1)
  const again = await reopened(disk, world)
  await again.journal.close()
})

test('a snapshot whose name may vanish does not count', async () => {
  const disk = new CrashDisk()
  const world = await JournalWorld.open(disk)
  await world.note('one')
  await world.settled()
  await drained()
  failNext(disk, { code: 'io', is: isDirectorySync })
  await assert.rejects(world.snapshot(), { code: 'io' })
  assert(world.stopped instanceof JournalStopped)
  const again = await reopened(disk, world)
  await assertDurable(disk, ['one'])
  await again.journal.close()
})

// The directory is synced twice while it is made, once when it is opened, then for each file that is held ahead.
for (const nth of [4, 5, 6, 7]) {
  test(`a file held ahead whose name may vanish is not used: sync ${nth} of the directory`, async () => {
    const disk = new CrashDisk()
    failNext(disk, { code: 'io', nth, is: isDirectorySync })
    const world = await JournalWorld.open(disk)
    await drained()
    assert(world.stopped instanceof JournalStopped)
    const again = await reopened(disk, world)
    for (let round = 0; round < 6; round++) await again.put(1, [bodyOfSize(1400, round)])
    await again.note('last')
    await again.settled()
    for (const text of ['a snapshot', 'another']) {
      await again.note(text)
      await again.snapshot()
    }
    await assertDurable(disk, ['last', 'a snapshot', 'another'])
    await again.journal.close()
  })
}

test('a directory whose format file may vanish is made anew', async () => {
  const disk = new CrashDisk()
  failNext(disk, { code: 'io', nth: 2, is: isDirectorySync })
  await assert.rejects(JournalWorld.open(disk), { code: 'JOURNAL_DISK' })
  const world = await JournalWorld.open(disk)
  await world.note('one')
  await world.settled()
  await assertDurable(disk, ['one'])
  await world.journal.close()
})

/** What a cleaner reads and writes, and that it does so once: its averages may err, and its files be scarce. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { HandTimers } from '../../test/crash/journal-ops.ts'
import { bodyOfSize, DIRECTORY, JournalWorld, Refused } from '../../test/journal/journal-world.ts'
import { NOTE } from '../../test/journal/ledger-owner.ts'
import { CrashDisk } from '../../test/sim/crash-disk.ts'
import { drained } from '../../test/sim/turn.ts'
import { expectMark } from '../base/mark.ts'
import type { Purpose } from './spare-files.ts'

const LARGE_BYTES = 900
const SMALL_BYTES = 10
const ROUNDS = 40 // three to a file

/**
 * Files of which three bodies live that are nearly all of the bytes, among two dozen dead ones: by their averages
 * six of them would fit into one.
 */
async function misleadingFiles(disk: CrashDisk): Promise<{ world: JournalWorld; kept: number[] }> {
  const world = await JournalWorld.open(disk)
  const kept: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    kept.push(...(await world.put(1, [bodyOfSize(LARGE_BYTES, round)])))
    const small = Array.from({ length: 8 }, (_, index) => bodyOfSize(SMALL_BYTES, index))
    await world.release(await world.put(1, small))
    await world.settled()
  }
  for (const text of ['one', 'two']) {
    await world.note(text)
    await world.snapshot()
  }
  return { world, kept }
}

/** Tidies so often; answers how many bytes of journal files were read and written meanwhile. */
async function moved(world: JournalWorld, disk: CrashDisk, times: number): Promise<number> {
  let bytes = 0
  disk.observe({
    issued: ({ kind, path, sizeBytes }) => {
      const isJournal = path.startsWith(`${DIRECTORY}/journal-`)
      if (isJournal && (kind === 'read' || kind === 'write')) bytes += sizeBytes
    },
  })
  for (let time = 0; time < times; time++) {
    await world.journal.tidy()
    await drained()
  }
  return bytes
}

const filesOf = async (disk: CrashDisk): Promise<number> =>
  (await disk.list(DIRECTORY)).filter(({ name }) => name.startsWith('journal-')).length

test('files whose averages mislead a cleaner are read once, until something in them dies', async () => {
  const disk = new CrashDisk()
  const { world, kept } = await misleadingFiles(disk)
  const first = await expectMark('cleaner/more-than-expected', () => moved(world, disk, 10))
  assert(first > 0 && first < 3 * ROUNDS * LARGE_BYTES, `${first} bytes`)
  assert.equal(await moved(world, disk, 30), 0)
  // Now less lives than fits into fewer files.
  const files = await filesOf(disk)
  const dead = kept.filter((_, index) => index % 4 !== 0)
  await world.release(dead)
  await world.settled()
  assert((await moved(world, disk, 10)) > 0)
  assert((await filesOf(disk)) < files, 'nothing was cleaned')
  assert.equal(await moved(world, disk, 30), 0)
  for (const [index, ticket] of kept.entries()) {
    if (dead.includes(ticket)) continue
    assert.deepEqual(await world.journal.store.read(ticket), bodyOfSize(LARGE_BYTES, index))
  }
  await world.journal.close()
})

test('what a cleaner moves while bodies die one by one is a few times what there was', async () => {
  const disk = new CrashDisk()
  const { world, kept } = await misleadingFiles(disk)
  let bytes = 0
  // From many files in turn, so that each loses a little at a time.
  for (let step = 0; step < 7; step++) {
    for (let index = step; index < kept.length; index += 7) {
      await world.release([kept[index]!])
      await world.settled()
      bytes += await moved(world, disk, 1)
    }
  }
  assert.equal(world.journal.store.references, 0)
  assert(bytes < 4 * ROUNDS * LARGE_BYTES, `${bytes} bytes`)
  await world.journal.close()
})

test('on a full disk there is room for the entry that swaps files, and none is rewritten for nothing', async () => {
  const disk = new CrashDisk({ capacityBytes: 40 * 4_096 })
  const world = await JournalWorld.open(disk, { scheduler: new HandTimers() })
  // A body of a file lives, and the rest does not.
  for (let round = 0; round < ROUNDS; round++) {
    const bodies = Array.from({ length: 4 }, (_, index) => bodyOfSize(120, index))
    const tickets = await world.put(1, bodies)
    await world.release(tickets.slice(round % 3 === 0 ? 1 : 0))
    await world.settled()
  }
  for (const text of ['one', 'two']) {
    await world.note(text)
    await world.snapshot()
  }
  // Large ones until they are refused, then the smallest there are.
  for (const [size, purpose] of [
    [700, 'publish'],
    [1, 'relief'],
  ] as const) {
    await assert.rejects(async () => {
      for (;;) await noteOfSize(world, size, purpose)
    }, Refused)
  }
  await world.journal.tidy()
  await drained()
  await noteOfSize(world, 1, 'relief')
  await world.journal.tidy()
  await drained()
  assert.equal(await moved(world, disk, 10), 0)
  await world.journal.close()
})

async function noteOfSize(world: JournalWorld, size: number, purpose: Purpose): Promise<void> {
  const head = { kind: NOTE, flags: 0, log: 0, number: 0 }
  await world.write(1, size, () => world.journal.log.write(head, new Uint8Array(size)), purpose)
  await world.settled()
  await drained()
}

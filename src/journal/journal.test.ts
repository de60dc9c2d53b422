/** The journal as its owner sees it: what was settled is there again, wherever it lies by then. */
import assert from 'node:assert/strict'
import test from 'node:test'
import {
  bodyOfSize,
  JournalWorld,
  scatter,
  scatteredBody,
} from '../../test/journal/journal-world.ts'
import { CrashDisk } from '../../test/sim/crash-disk.ts'
import { expectMark } from '../base/mark.ts'
import { bodyOf } from './entry-cursor.ts'

test('a new directory opens empty and says that it was made', async () => {
  const disk = new CrashDisk()
  const world = await JournalWorld.open(disk)
  assert.equal(world.journal.report.created, true)
  assert.equal(world.journal.log.nextTicket, 1)
  await world.journal.close()
  assert.deepEqual(disk.openPaths, [])
})

test('entries survive a close and come back in order with their bodies', async () => {
  const disk = new CrashDisk()
  const first = await JournalWorld.open(disk)
  const bodies = [bodyOfSize(100, 1), bodyOfSize(0, 2), bodyOfSize(1400, 3)]
  const tickets: number[] = []
  for (const body of bodies) tickets.push(...(await first.put(7, [body])))
  await first.note('a note')
  await first.settled()
  await first.journal.close()
  const second = await JournalWorld.open(disk)
  assert.deepEqual([...second.owner.held.keys()], tickets)
  assert.deepEqual(second.owner.notes, ['a note'])
  for (const [index, ticket] of tickets.entries()) {
    assert.deepEqual(await second.journal.store.read(ticket), bodies[index])
  }
  assert.equal(second.journal.report.created, false)
  assert.equal(second.journal.report.cut, null)
  await second.journal.close()
})

test('a journal of many files is replayed along their footers', async () => {
  const disk = new CrashDisk()
  const first = await JournalWorld.open(disk)
  const tickets: number[] = []
  for (let round = 0; round < 60; round++) {
    tickets.push(...(await first.put(round % 3, [bodyOfSize(200, round), bodyOfSize(50, round)])))
    if (round % 5 === 0) await first.settled()
  }
  await first.settled()
  await first.journal.close()
  const second = await JournalWorld.open(disk)
  assert.deepEqual([...second.owner.held.keys()], tickets)
  for (const [index, ticket] of tickets.entries()) {
    const expected = bodyOfSize(index % 2 === 0 ? 200 : 50, index >> 1)
    assert.deepEqual(await second.journal.store.read(ticket), expected)
  }
  assert.equal(second.journal.store.references, tickets.length)
  await second.journal.close()
})

test('a recent entry is in memory, an old one is after load', async () => {
  const world = await JournalWorld.open(new CrashDisk())
  const [old] = await world.put(1, [bodyOfSize(300, 1)])
  for (let round = 0; round < 40; round++) await world.put(1, [bodyOfSize(300, round)])
  const [recent] = await world.put(1, [bodyOfSize(10, 9)])
  await world.settled()
  const peeked = world.journal.store.peek(recent!)
  assert(peeked !== null)
  assert.deepEqual(bodyOf(peeked), bodyOfSize(10, 9))
  assert.equal(world.journal.store.peek(old!), null)
  await world.journal.store.load(old!)
  const loaded = world.journal.store.peek(old!)
  assert(loaded !== null)
  assert.deepEqual(bodyOf(loaded), bodyOfSize(300, 1))
  await world.journal.close()
})

test('a body that was read stays what it was when its memory is used again', async () => {
  const world = await JournalWorld.open(new CrashDisk())
  const [ticket] = await world.put(1, [bodyOfSize(200, 1)])
  const body = await world.journal.store.read(ticket!)
  for (let round = 0; round < 40; round++) await world.put(1, [bodyOfSize(300, round)])
  await world.settled()
  assert.deepEqual(body, bodyOfSize(200, 1))
  await world.journal.close()
})

test('a file is filled up to its footer and not into it, whatever lies in it', async () => {
  for (let size = 0; size < 160; size += 16) {
    const disk = new CrashDisk()
    const first = await JournalWorld.open(disk)
    const tickets = await first.put(0, [bodyOfSize(size, 0)])
    // Each of a log of its own, which takes a row of the footer.
    for (let log = 1; log < 80; log++)
      tickets.push(...(await first.put(log, [bodyOfSize(40, log)])))
    await first.settled()
    await first.journal.close()
    const second = await JournalWorld.open(disk)
    assert.deepEqual([...second.owner.held.keys()], tickets)
    for (const [log, ticket] of tickets.entries()) {
      const expected = bodyOfSize(log === 0 ? size : 40, log)
      assert.deepEqual(await second.journal.store.read(ticket), expected)
    }
    await second.journal.close()
  }
})

test('dead files are recycled once two snapshots cover them, and the directory stays small', async () => {
  const disk = new CrashDisk()
  const world = await JournalWorld.open(disk)
  for (let round = 0; round < 300; round++) {
    const tickets = await world.put(1, [bodyOfSize(400, round), bodyOfSize(400, round)])
    await world.release(tickets)
    await world.settled()
    if (world.journal.snapshotDue) await world.snapshot()
    await world.journal.tidy()
  }
  const names = (await disk.list('data')).map((entry) => entry.name)
  const files = names.filter((name) => name.startsWith('journal-'))
  // Two snapshots' worth of journal (16 KiB and a little), the spares and the one in use; 90 without recycling.
  assert(files.length < 16, `${files.length} files after 240 KB through 4-KiB files`)
  assert.equal(world.journal.store.references, 0)
  await world.journal.close()
  const again = await JournalWorld.open(disk)
  assert.equal(again.owner.held.size, 0)
  await again.journal.close()
})

test('survivors of sparse files are carried into one file and read from there', async () => {
  const disk = new CrashDisk()
  const world = await JournalWorld.open(disk)
  const kept = await scatter(world, 100, 'at the end')
  const before = (await disk.list('data')).length
  await world.journal.tidy()
  await world.settled()
  for (const [index, ticket] of kept.entries()) {
    assert.deepEqual(await world.journal.store.read(ticket), scatteredBody(index))
  }
  await world.journal.close()
  const again = await JournalWorld.open(disk)
  assert.deepEqual([...again.owner.held.keys()], kept)
  for (const [index, ticket] of kept.entries()) {
    assert.deepEqual(await again.journal.store.read(ticket), scatteredBody(index))
  }
  assert.equal(again.journal.store.references, kept.length)
  await again.journal.close()
  const after = (await disk.list('data')).length
  assert(after < before, `${before} files before, ${after} after`)
})

test('a large body comes back whole from its fragments, and is gone with its last reference', async () => {
  const disk = new CrashDisk()
  const world = await JournalWorld.open(disk)
  const pieces = Array.from({ length: 20 }, (_, index) => bodyOfSize(1000, index))
  const ticket = await world.large(pieces)
  await world.settled()
  await world.journal.close()
  const again = await JournalWorld.open(disk)
  const fragments = again.owner.large.get(ticket)
  assert(fragments !== undefined)
  for (const [index, fragment] of fragments.entries()) {
    assert.deepEqual(await again.journal.store.read(fragment), pieces[index])
  }
  await again.release([ticket])
  await again.settled()
  assert.equal(again.journal.store.references, 0)
  await again.journal.close()
})

/** A cleaning during which somebody begins to read what it would carry, so many promises after its beginning. */
async function cleanBesideReader(moment: number): Promise<void> {
  const world = await JournalWorld.open(new CrashDisk())
  const { store } = world.journal
  const kept = await scatter(world, 60, 'at the end')
  const tidied = world.journal.tidy()
  for (let turn = 0; turn < moment; turn++) await null
  for (const ticket of kept) store.hold(ticket)
  await world.release(kept)
  await tidied
  for (const [index, ticket] of kept.entries()) {
    assert.deepEqual(await store.read(ticket), scatteredBody(index))
    store.unhold(ticket)
  }
  assert.equal(store.references, 0)
  await world.journal.close()
}

test('what somebody reads while its file is cleaned stays readable, though nothing refers to it', () =>
  expectMark('housekeeper/held-while-cleaned', async () => {
    for (let moment = 0; moment < 60; moment++) await cleanBesideReader(moment)
  }))

test('a second opener is refused by name of the directory', async () => {
  const disk = new CrashDisk()
  const world = await JournalWorld.open(disk)
  await assert.rejects(JournalWorld.open(disk), { code: 'JOURNAL_LOCKED' })
  await world.journal.close()
})

test('every run of a journal has an epoch above the one before', async () => {
  const disk = new CrashDisk()
  const epochs: number[] = []
  for (let run = 0; run < 3; run++) {
    const world = await JournalWorld.open(disk)
    epochs.push(world.journal.log.epoch)
    await world.note('x')
    await world.settled()
    if (run === 1) await world.snapshot()
    await world.journal.close()
  }
  assert.deepEqual(epochs, [1, 2, 3])
})

test('a journal whose format file is lost is refused, even when only its first file is left', async () => {
  const disk = new CrashDisk()
  const world = await JournalWorld.open(disk)
  await world.put(1, [bodyOfSize(50, 1)])
  await world.settled()
  await world.journal.close()
  for (const { name } of await disk.list('data')) {
    if (name !== 'journal-00000' && name !== 'lock') await disk.remove(disk.join('data', name))
  }
  await assert.rejects(JournalWorld.open(disk), { code: 'JOURNAL_DAMAGED' })
})

test('damage in what was durable is refused with its file, its byte and the commands that help', async () => {
  const disk = new CrashDisk()
  const world = await JournalWorld.open(disk)
  for (const text of ['one', 'two', 'three']) {
    await world.note(text)
    await world.settled()
  }
  await world.journal.close()
  const file = await disk.open('data/journal-00000', 'write')
  await file.write(Uint8Array.of(0xff), 1_024 + 50)
  await file.close()
  await assert.rejects(JournalWorld.open(disk), {
    code: 'JOURNAL_DAMAGED',
    file: 'data/journal-00000',
    offset: 1_024,
    message:
      /^a damaged commit in data\/journal-00000 at byte 1024; nothing was changed\. Run 'naru journal verify' .*'naru journal repair' to cut it out after a copy was made$/,
  })
})

test('a torn end is cut, and said with its file, its byte and its size', async () => {
  const disk = new CrashDisk()
  const world = await JournalWorld.open(disk)
  await world.note('one')
  await world.settled()
  await world.put(1, [bodyOfSize(300, 1)])
  await world.settled()
  const killed = disk.killProcess()
  const file = await killed.open('data/journal-00000', 'write')
  // Behind the first commit: 40 of a header, 24 of the epoch, 19 of the note, rounded up.
  await file.write(Uint8Array.of(0xff), 1_112 + 100)
  await file.close()
  const { journal, owner } = await JournalWorld.open(killed)
  assert.deepEqual(journal.report.cut, { file: 'data/journal-00000', offset: 1_112, bytes: 360 })
  assert.deepEqual([owner.notes, owner.held.size], [['one'], 0])
  await journal.close()
})

/** A directory that was written once is opened by every later build, entry by entry; one from the future is refused. */
import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { crc32c } from '@node-rs/crc32'
import { openJournal } from '../../src/journal/journal.ts'
import { checkedLimits } from '../../src/journal/limits.ts'
import { verifyJournal } from '../../src/journal/tools/verify.ts'
import { nodeWorld } from '../../src/node/world.ts'
import { JournalWorld, tinyLimits } from '../journal/journal-world.ts'
import { LedgerOwner } from '../journal/ledger-owner.ts'
import { loadDirectory } from './directories.ts'
import { contentOfJournal, type GoldenContent } from './journal-content.ts'

const fixtures = join(import.meta.dirname, '..', '..', '..', 'test', 'fixtures')
const folder = join(fixtures, 'journal-v1')
const expected = JSON.parse(
  readFileSync(join(fixtures, 'journal-v1.json'), 'utf8'),
) as GoldenContent

/** A copy in which tests may write. */
async function inCopy(body: (directory: string) => Promise<void>): Promise<void> {
  const parent = mkdtempSync(join(tmpdir(), 'naru-golden-'))
  const directory = join(parent, 'data')
  cpSync(folder, directory, { recursive: true })
  try {
    await body(directory)
  } finally {
    rmSync(parent, { recursive: true })
  }
}

test('the frozen directory holds survivors, two snapshots and a log behind them', async () => {
  const names = readdirSync(folder)
  assert.equal(names.filter((name) => /^snapshot-\d{16}$/.test(name)).length, 2)
  assert.ok(expected.bodies.length > 3 && expected.large.length > 0 && expected.notes.length === 2)
  assert.ok(expected.nextTicket > expected.snapshotTicket + 1)
})

test('every entry and every body of format 1 is there', async () => {
  const world = await JournalWorld.open(await loadDirectory(folder))
  assert.deepEqual(await contentOfJournal(world), expected)
  await world.note('and it goes on')
  await world.settled()
  await world.journal.close()
})

test('format 1 opens on the real disk, with the limits as they are used', () =>
  inCopy(async (directory) => {
    const { disk, scheduler, random } = nodeWorld()
    const owners: LedgerOwner[] = []
    const context = { disk, path: directory, limits: checkedLimits(tinyLimits) }
    assert.deepEqual(await verifyJournal({ ...context, progress: () => undefined }), [])
    const events = { settled: () => undefined, stopped: () => undefined }
    const options = { disk, scheduler, random, directory, limits: {}, events }
    const journal = await openJournal({ ...options, durability: 'fsync' }, (store) => {
      owners.push(new LedgerOwner(store))
      return owners[0]!
    })
    for (const { ticket, body } of expected.bodies) {
      assert.equal(Buffer.from(await journal.store.read(ticket)).toString('hex'), body)
    }
    assert.deepEqual(owners[0]!.notes, expected.notes)
    await journal.close()
    await disk.close()
  }))

test('a directory of a newer format is refused, and left as it is', () =>
  inCopy(async (directory) => {
    const path = join(directory, 'format')
    const bytes = readFileSync(path)
    bytes.writeUInt16LE(2, 12)
    bytes.writeUInt32LE(crc32c(bytes.subarray(12)), 8)
    writeFileSync(path, bytes)
    const disk = await loadDirectory(directory)
    const before = disk.identity()
    await assert.rejects(JournalWorld.open(disk), {
      code: 'JOURNAL_VERSION',
      message: /format 2; this version of Naru reads format 1$/,
    })
    const context = { disk, path: 'data', limits: checkedLimits(tinyLimits) }
    await assert.rejects(verifyJournal({ ...context, progress: () => undefined }), {
      code: 'JOURNAL_VERSION',
    })
    await disk.remove('data/lock')
    assert.equal(disk.identity(), before)
  }))

/** `naru journal` as a user runs it, on a real directory. */
import assert from 'node:assert/strict'
import { mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { NaruProcess } from '../../test/cli/naru-process.ts'
import { openJournal } from '../journal/journal.ts'
import { nodeWorld } from '../node/world.ts'
import { UsageError } from './failure.ts'
import { planInspect } from './journal-plan.ts'

async function run(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const naru = new NaruProcess('naru', ['journal', ...args])
  const { code } = await naru.exit()
  return { code, out: naru.stdout, err: naru.stderr }
}

const owner = {
  restore: () => Promise.resolve(),
  live: () => true,
  replay: () => undefined,
}

async function inJournal(body: (directory: string) => Promise<void>): Promise<void> {
  const parent = await mkdtemp(join(tmpdir(), 'naru-journal-'))
  const directory = join(parent, 'data')
  const { disk, scheduler, random } = nodeWorld()
  try {
    const events = { settled: () => undefined, stopped: () => undefined }
    const options = { disk, scheduler, random, directory, limits: {}, events }
    const journal = await openJournal({ ...options, durability: 'fsync' }, () => owner)
    for (const text of ['first', 'second', 'third']) {
      const bytes = new TextEncoder().encode(text)
      assert.equal(journal.log.reserve(1, bytes.length, 'publish'), 'ok')
      const ticket = journal.log.write({ kind: 9, flags: 0, log: 7, number: 5 }, bytes)
      await journal.log.settled(ticket)
    }
    // Spares are made in the background; the end waits for one that was begun.
    while (!(await readdir(directory)).includes('journal-00001')) await journal.log.room()
    await journal.close()
    await body(directory)
  } finally {
    await disk.close()
    await rm(parent, { recursive: true })
  }
}

async function flip(path: string, at: number): Promise<void> {
  const file = await open(path, 'r+')
  const bytes = Buffer.alloc(1)
  await file.read(bytes, 0, 1, at)
  bytes[0]! ^= 1
  await file.write(bytes, 0, 1, at)
  await file.close()
}

test('verify says clean and ends with 0, and leaves every file as it was', () =>
  inJournal(async (directory) => {
    const names = await readdir(directory)
    assert.deepEqual(await run('verify', directory), { code: 0, out: 'clean\n', err: '' })
    assert.deepEqual(await readdir(directory), names)
  }))

test('inspect lists files, snapshots and entries with the start of their bodies', () =>
  inJournal(async (directory) => {
    const { code, out, err } = await run('inspect', directory)
    assert.deepEqual([code, err], [0, ''])
    assert.match(out, /^journal-00000 {2}log .* last {2}tickets 1 to 4 /m)
    assert.match(out, /^journal-00001 {2}spare /m)
    assert.match(
      out,
      /^2 {2}journal-00000@\d+ .* kind 9 {2}flags 0 {2}log 7 .* 5 bytes {2}"first"$/m,
    )
    const json = await run('inspect', directory, '--json', '--from', '3', '--limit', '1')
    const entry = JSON.parse(json.out) as Record<string, unknown>
    assert.deepEqual([entry.type, entry.ticket, entry.size], ['entry', 3, 6])
    assert.equal(entry.start, Buffer.from('second').toString('hex'))
  }))

test('damage is found with file and offset, repaired after a copy, and the copy is the old file', () =>
  inJournal(async (directory) => {
    const file = join(directory, 'journal-00000')
    const listed = await run('inspect', directory, '--json', '--from', '3', '--limit', '1')
    const { offset } = JSON.parse(listed.out) as { offset: number }
    await flip(file, offset + 50)
    const damaged = await readFile(file)
    const found = await run('verify', directory)
    assert.equal(found.code, 1)
    assert.match(found.out, new RegExp(`journal-00000: byte ${offset}: damage: interior damage: `))
    assert.match(found.out, /\n1 finding\n$/)
    const backup = `${directory}-backup`
    const repaired = await run('repair', directory, '--backup', backup)
    assert.deepEqual([repaired.code, repaired.err], [0, ''])
    assert.match(repaired.out, /the log was cut at byte \d+, .* lost: tickets 3 to 4, /)
    assert.match(repaired.out, /\nrepaired\n$/)
    assert.deepEqual(await readdir(backup), ['journal-00000'])
    assert.deepEqual(await readFile(join(backup, 'journal-00000')), damaged)
    assert.equal((await run('verify', directory)).out, 'clean\n')
    const again = await run('repair', directory)
    assert.deepEqual([again.code, again.out], [0, 'nothing to do\n'])
    const { out } = await run('inspect', directory, '--limit', '10')
    assert.match(out, /"first"/)
    assert.doesNotMatch(out, /"second"|"third"/)
  }))

test('without --backup the copies lie in a directory of their own inside', () =>
  inJournal(async (directory) => {
    await flip(join(directory, 'format'), 20)
    assert.equal((await run('repair', directory)).code, 0)
    const copies = (await readdir(directory)).filter((name) => name.startsWith('repair-'))
    assert.equal(copies.length, 1)
    assert.deepEqual(await readdir(join(directory, copies[0]!)), ['format'])
    assert.equal((await run('verify', directory)).out, 'clean\n')
  }))

test('a directory that is in use, or none, is one sentence and exit code 1', () =>
  inJournal(async (directory) => {
    const { disk } = nodeWorld()
    const lock = await disk.lock(disk.join(directory, 'lock'))
    for (const command of ['verify', 'inspect', 'repair']) {
      const { code, out, err } = await run(command, directory)
      assert.deepEqual([code, out], [1, ''])
      assert.equal(err, `error: ${directory} is in use by another process; stop it first\n`)
    }
    await lock.release()
    await disk.close()
    const { code, err } = await run('verify', join(directory, 'nothing'))
    assert.equal(code, 1)
    assert.match(err, /^error: .*nothing: there is no such directory\n$/)
    assert.deepEqual((await readdir(directory)).includes('nothing'), false)
  }))

test('a number that is none is refused with its flag', () => {
  assert.throws(() => planInspect({ from: '-1' }), UsageError)
  assert.throws(() => planInspect({ limit: '1e3' }), /^UsageError: --limit 1e3: /)
  assert.deepEqual(planInspect({ files: true }).limit, 0)
  assert.deepEqual([...planInspect({}).lists], ['files', 'snapshots'])
})

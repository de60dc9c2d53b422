/** Power cuts, kills, failures, a full disk and slow calls, as a test asks for them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Panic } from '../../src/base/assert.ts'
import { KiB } from '../../src/base/bytes.ts'
import { CrashDisk } from './crash-disk.ts'
import { dumpDisk, readText, textBytes, writeText } from './disk-dump.ts'
import type { Call, Fault } from './disk-faults.ts'
import { SimClock } from './sim-clock.ts'
import { SimScheduler } from './sim-scheduler.ts'
import { Stuck, settled } from './turn.ts'

function fault(call: number, code: Fault['code'], writtenBytes = 0): Fault {
  return { call, code, lasts: 'once', writtenBytes }
}

function neverAnswers(call: Promise<unknown>): Promise<void> {
  return assert.rejects(settled(call, 'a call after the power cut', 10), Stuck)
}

test('every call is numbered, and a commit is a write and a sync', async () => {
  const disk = new CrashDisk({ log: 'on' })
  await disk.makeDirectory('/d')
  const file = await disk.open('/d/a', 'create')
  await file.commit([textBytes('ab'), textBytes('c')], 10, 'sync')
  await file.commit([textBytes('d')], 0, 'no-sync')
  await file.write(textBytes('e'), 1)
  await file.read(new Uint8Array(4), 2)
  await file.size()
  await file.truncate(9)
  await file.sync()
  await file.close()
  await disk.rename('/d/a', '/d/b')
  await disk.list('/d')
  await disk.freeBytes('/d')
  await disk.syncDirectory('/d')
  await disk.remove('/d/b')
  await (await disk.lock('/d/l')).release()
  const kinds = disk.calls.map(
    ({ kind, position, sizeBytes }) => `${kind} ${position} ${sizeBytes}`,
  )
  assert.deepEqual(kinds, [
    'make-directory 0 0',
    'sync-directory 0 0',
    'create 0 0',
    'write 10 3',
    'sync 0 0',
    'write 0 1',
    'write 1 1',
    'read 2 4',
    'size 0 0',
    'truncate 9 0',
    'sync 0 0',
    'close 0 0',
    'rename 0 0',
    'list 0 0',
    'free-bytes 0 0',
    'sync-directory 0 0',
    'remove 0 0',
    'lock 0 0',
    'unlock 0 0',
  ])
  assert.deepEqual(
    disk.calls.map(({ number }) => number),
    kinds.map((_, index) => index + 1),
  )
  assert.equal(disk.callCount, kinds.length)
})

test('the call of the power cut may reach the disk and never answers, nor does any later one', async () => {
  const disk = new CrashDisk()
  await writeText(disk, '/a', 'old')
  await disk.syncDirectory('/')
  const file = await disk.open('/a', 'write')
  disk.cutPowerAt(disk.callCount + 1)
  await neverAnswers(file.commit([textBytes('new')], 0, 'sync'))
  assert.ok(disk.isDead)
  await neverAnswers(file.sync())
  await neverAnswers(disk.open('/a', 'read'))
  const seen = new Set<string>()
  for (const image of disk.images()) seen.add(await readText(new CrashDisk({ image }), '/a'))
  assert.ok(seen.has('old') && seen.has('new') && seen.has('nld'))
})

test('what a call under way has not finished is not durable', async () => {
  const clock = new SimClock()
  const scheduler = new SimScheduler({ clock })
  const timing = { clock, scheduler, delayMs: () => 10, bytesPerSecond: Number.POSITIVE_INFINITY }
  const disk = new CrashDisk({ timing })
  await scheduler.run(async () => {
    const file = await disk.open('/a', 'create')
    await disk.syncDirectory('/')
    await file.write(textBytes('1'), 0)
    const syncing = file.sync()
    await file.write(textBytes('2'), 1)
    await syncing
  })
  // The sync was asked for before the second write: it saved the first alone.
  const texts = new Set<string>()
  for (const image of disk.images()) texts.add(await readText(new CrashDisk({ image }), '/a'))
  assert.ok(texts.has('1') && texts.has('12') && !texts.has(''))
})

test('a kill loses no byte, syncs none, and frees the locks', async () => {
  const disk = new CrashDisk()
  await disk.lock('/lock')
  await writeText(disk, '/a', 'un-synced', 'no-sync')
  const next = disk.killProcess()
  assert.ok(disk.isDead)
  await neverAnswers(disk.list('/'))
  await (await next.lock('/lock')).release()
  assert.equal(await readText(next, '/a'), 'un-synced')
  const names = new Set<string>()
  for (const image of next.images()) names.add(await dumpDisk(new CrashDisk({ image })))
  assert.ok(names.has(''), 'nothing of it was durable')
  await next.syncDirectory('/')
  const file = await next.open('/a', 'read')
  await file.sync()
  assert.equal(
    [...next.images()].every(({ identity }) => identity === next.identity()),
    true,
  )
})

test('an image can be opened many times, and none of its disks knows of the others', async () => {
  const disk = new CrashDisk()
  await writeText(disk, '/a', 'abc')
  await disk.syncDirectory('/')
  const image = disk.point().killed()
  const [one, other] = [new CrashDisk({ image }), new CrashDisk({ image })]
  const file = await one.open('/a', 'write')
  await file.commit([textBytes('X')], 1, 'sync')
  assert.equal(await readText(one, '/a'), 'aXc')
  assert.equal(await readText(other, '/a'), 'abc')
  assert.equal(await readText(disk, '/a'), 'abc')
})

test('crash points are left by calls that change the disk or the mark, and by no others', async () => {
  const disk = new CrashDisk()
  let mark = 0
  disk.record(() => mark)
  const file = await disk.open('/a', 'create')
  await file.write(textBytes('1'), 0)
  await file.size()
  await file.read(new Uint8Array(1), 0)
  mark = 1
  await file.size()
  await file.sync()
  await file.size()
  const moments = disk.points.map(({ moment }) => [moment.call, moment.mark])
  assert.deepEqual(moments, [
    [1, 0],
    [2, 0],
    [5, 1],
    [7, 1],
  ])
})

test('a planned failure meets one call, with its code, and the call did nothing', async () => {
  const disk = new CrashDisk()
  disk.faults.plan(fault(1, 'handles'))
  await assert.rejects(disk.open('/a', 'create'), { code: 'handles', path: '/a' })
  assert.deepEqual(await disk.list('/'), [])
  const file = await disk.open('/a', 'create')
  disk.faults.plan(fault(disk.callCount + 1, 'io'))
  await assert.rejects(file.write(textBytes('abc'), 0), { code: 'io' })
  assert.equal(await file.size(), 0)
  assert.equal(disk.faults.met, 2)
})

test('a failing write may leave a part, and a short one goes on with the rest', async () => {
  const disk = new CrashDisk({ log: 'on' })
  const file = await disk.open('/a', 'create')
  disk.faults.plan(fault(disk.callCount + 1, 'full', 2))
  await assert.rejects(file.write(textBytes('abcd'), 0), { code: 'full' })
  assert.equal(await readText(disk, '/a'), 'ab')
  disk.faults.plan(fault(disk.callCount + 1, 'short', 3))
  await file.commit([textBytes('123456')], 0, 'sync')
  assert.equal(await readText(disk, '/a'), '123456')
  const writes = disk.calls.filter(({ kind }) => kind === 'write')
  assert.deepEqual(
    writes.slice(-2).map((call) => [call.position, call.sizeBytes]),
    [
      [0, 6],
      [3, 3],
    ],
  )
})

test('a lasting failure meets every call that it can meet until it is healed', async () => {
  const disk = new CrashDisk()
  const file = await disk.open('/a', 'create')
  disk.faults.plan({ ...fault(disk.callCount + 1, 'full'), lasts: 'until-healed' })
  for (let round = 0; round < 3; round++) {
    await assert.rejects(file.write(textBytes('a'), 0), { code: 'full' })
    await assert.rejects(disk.open('/b', 'create'), { code: 'full' })
    assert.equal(await file.size(), 0)
    await disk.syncDirectory('/')
  }
  disk.faults.heal()
  await file.write(textBytes('a'), 0)
})

test('a call that cannot fail in this way is spared', async () => {
  const disk = new CrashDisk()
  const file = await disk.open('/a', 'create')
  for (const code of ['full', 'handles', 'short', 'exists'] as const) {
    disk.faults.plan(fault(disk.callCount + 1, code, 1))
    assert.equal(await file.size(), 0)
  }
  assert.equal(disk.faults.met, 0)
})

test('a full disk takes what fits, and has room again when something goes', async () => {
  const disk = new CrashDisk({ capacityBytes: 12 * KiB })
  await writeText(disk, '/a', 'a'.repeat(4 * KiB))
  assert.equal(await disk.freeBytes('/'), 8 * KiB)
  const file = await disk.open('/b', 'create')
  await assert.rejects(file.write(new Uint8Array(10 * KiB), 1), { code: 'full', path: '/b' })
  assert.equal(await file.size(), 8 * KiB)
  assert.equal(disk.usedBytes, 12 * KiB)
  await file.write(new Uint8Array(8 * KiB), 0)
  await assert.rejects(file.write(new Uint8Array(1), 8 * KiB), { code: 'full' })
  const old = await disk.open('/a', 'read')
  await disk.remove('/a')
  assert.equal(disk.usedBytes, 12 * KiB, 'an open file keeps its space')
  await old.close()
  await file.write(new Uint8Array(4 * KiB), 8 * KiB)
  await file.truncate(100)
  assert.equal(disk.usedBytes, 4 * KiB)
  disk.capacityBytes = 100 * KiB
  assert.equal(await disk.freeBytes('/'), 96 * KiB)
})

test('a hole takes no space', async () => {
  const disk = new CrashDisk({ capacityBytes: 8 * KiB })
  const file = await disk.open('/a', 'create')
  await file.truncate(1024 * KiB)
  assert.equal(disk.usedBytes, 0)
  await file.write(new Uint8Array(1), 512 * KiB)
  assert.equal(disk.usedBytes, 4 * KiB)
})

test('delays and bandwidth add up as the arithmetic says', async () => {
  const clock = new SimClock()
  const scheduler = new SimScheduler({ clock })
  const delayMs = ({ kind }: Call): number => (kind === 'sync' ? 2 : 0)
  const timing = { clock, scheduler, delayMs, bytesPerSecond: 125_000_000 }
  const disk = new CrashDisk({ timing })
  await scheduler.run(async () => {
    const file = await disk.open('/a', 'create')
    const startMs = clock.monotonicMs()
    for (let round = 0; round < 100; round++) {
      await file.commit([new Uint8Array(125_000)], 0, 'sync')
    }
    const tookMs = clock.monotonicMs() - startMs
    // 1 ms to move the bytes and 2 ms to sync them; the rest is what the tasks themselves took.
    assert.ok(tookMs >= 300 && tookMs < 301, `${tookMs} ms`)
    await file.close()
  })
})

test('an owner who changes the pieces of a commit, or writes twice at once, is stopped', async () => {
  const clock = new SimClock()
  const scheduler = new SimScheduler({ clock })
  const timing = { clock, scheduler, delayMs: () => 1, bytesPerSecond: Number.POSITIVE_INFINITY }
  const disk = new CrashDisk({ timing })
  await scheduler.run(async () => {
    const file = await disk.open('/a', 'create')
    const piece = textBytes('abc')
    const committing = file.commit([piece], 0, 'sync')
    piece[1] = 0
    await assert.rejects(committing, Panic)
    const writing = file.write(textBytes('1'), 0)
    assert.throws(() => void file.truncate(0), Panic)
    await writing
    await file.close()
  })
})

test('observers hear of calls, bytes and syncs in their order', async () => {
  const disk = new CrashDisk()
  const heard: string[] = []
  disk.observe({
    issued: ({ kind }) => heard.push(kind),
    written: (path, position, bytes) => heard.push(`${path} ${position} ${bytes.length} written`),
    synced: (path) => heard.push(`${path} synced`),
    failed: ({ kind }, { code }) => heard.push(`${kind} failed: ${code}`),
  })
  const file = await disk.open('/a', 'create')
  disk.faults.plan(fault(3, 'io'))
  await assert.rejects(file.commit([textBytes('abc')], 7, 'sync'))
  await file.sync()
  await disk.syncDirectory('/')
  assert.deepEqual(heard, [
    'create',
    'write',
    '/a 7 3 written',
    'sync',
    'sync failed: io',
    'sync',
    '/a synced',
    'sync-directory',
    '/ synced',
  ])
})

test('behind a commit that failed nothing of the same file reaches the disk', async () => {
  const disk = new CrashDisk({ log: 'on' })
  const file = await disk.open('/a', 'create')
  const other = await disk.open('/b', 'create')
  disk.faults.plan(fault(3, 'full', 2))
  const commits = [file, file, other].map((each) => each.commit([textBytes('abcd')], 0, 'sync'))
  const outcomes = await Promise.allSettled(commits)
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['rejected', 'rejected', 'fulfilled'],
  )
  assert.deepEqual(
    disk.calls.slice(2).map(({ kind, path }) => `${kind} ${path}`),
    ['write /a', 'write /b', 'sync /b'],
  )
  await file.write(textBytes('x'), 0)
})

test('files left open are named, and a disk is not closed over them', async () => {
  const disk = new CrashDisk()
  const file = await disk.open('/a', 'create')
  assert.deepEqual(disk.openPaths, ['/a'])
  assert.throws(() => void disk.close(), Panic)
  await file.close()
  await disk.close()
})

test('a disk without history does the same and cannot lose power', async () => {
  const disk = new CrashDisk({ history: 'none' })
  await writeText(disk, '/a', 'abc')
  assert.equal(await readText(disk, '/a'), 'abc')
  assert.throws(() => disk.cutPower(), Panic)
  assert.throws(() => disk.point(), Panic)
  assert.throws(() => disk.record(() => 0), Panic)
})

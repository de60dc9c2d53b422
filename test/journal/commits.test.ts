/** What goes to the disk at once, and what has to wait: the shape of commits, and what bounds them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readFormat } from '../../src/journal/directory.ts'
import type { JournalLimits } from '../../src/journal/limits.ts'
import { verifySnapshot } from '../../src/journal/snapshot-reader.ts'
import type { Purpose } from '../../src/journal/spare-files.ts'
import { HandTimers } from '../crash/journal-ops.ts'
import { CrashDisk } from '../sim/crash-disk.ts'
import { drained } from '../sim/turn.ts'
import { FrameWatch } from './frame-watch.ts'
import { bodyOfSize, JournalWorld, tinyLimits } from './journal-world.ts'
import { NOTE } from './ledger-owner.ts'

/** Files that none of these tests fills. */
const wide: Partial<JournalLimits> = { fileBytesMin: 65_536, fileBytesMax: 65_536 }
const { commitBytes = 0, frameBytes = 0, entryBytes = 0 } = tinyLimits
const HEAD = { kind: NOTE, flags: 0, log: 0, number: 0 }

type Seen = { writes: number[]; syncs: number; frames: number[] }

/** Sizes of the commits and of the frames in them from now on, and how many syncs there were. */
function watched(disk: CrashDisk): Seen {
  const seen: Seen = { writes: [], syncs: 0, frames: [] }
  disk.observe({
    issued: ({ kind, path, sizeBytes }) => {
      if (!path.includes('/journal-')) return
      if (kind === 'write') seen.writes.push(sizeBytes)
      if (kind === 'sync') seen.syncs++
    },
  })
  disk.observe(new FrameWatch([{ frame: ({ bytes }) => void seen.frames.push(bytes.length) }]))
  return seen
}

/** An open journal that has written its first entry, its spare files ready. */
async function begun(
  options: Parameters<typeof JournalWorld.open>[1] = {},
): Promise<{ disk: CrashDisk; world: JournalWorld }> {
  const disk = new CrashDisk()
  const world = await JournalWorld.open(disk, {
    ...options,
    limits: { ...wide, ...options.limits },
  })
  await world.note('first')
  await world.settled()
  await drained()
  return { disk, world }
}

/** Entries of so many bytes, in this turn, until it is not `ok`; answers how many and what it said. */
function writeUntilRefused(
  { journal: { log } }: JournalWorld,
  bytes: number,
  purpose: Purpose,
): { count: number; answer: string } {
  for (let count = 0; ; count++) {
    const answer = log.reserve(1, bytes, purpose)
    if (answer !== 'ok') return { count, answer }
    log.write(HEAD, new Uint8Array(bytes))
  }
}

test('what many write in one turn is one frame, one write, one sync and one call', async () => {
  const { disk, world } = await begun()
  const seen = watched(disk)
  world.settledCalls.length = 0
  const notes = Array.from({ length: 12 }, (_, index) => world.note(`n${index}`))
  const tickets = await Promise.all(notes)
  await world.settled()
  assert.deepEqual([seen.writes.length, seen.syncs, seen.frames.length], [1, 1, 1])
  assert.deepEqual(world.settledCalls, [tickets.at(-1)])
  await world.journal.close()
})

test('no commit and no frame is longer than it may be, and none is much shorter', async () => {
  const { disk, world } = await begun()
  const seen = watched(disk)
  await Promise.all(Array.from({ length: 60 }, (_, mark) => world.put(1, [bodyOfSize(100, mark)])))
  await world.settled()
  const written = seen.writes.reduce((sum, size) => sum + size, 0)
  assert(
    seen.writes.every((size) => size <= commitBytes),
    seen.writes.join(),
  )
  assert(seen.writes.length <= Math.ceil(written / commitBytes) + 2, seen.writes.join())
  assert(
    seen.frames.every((size) => size <= frameBytes),
    seen.frames.join(),
  )
  assert(seen.frames.length <= 1.5 * Math.ceil(written / frameBytes), seen.frames.join())
  await world.journal.close()
})

test('a group that no commit or no file has room for is refused, and nothing of it is taken', async () => {
  for (const limits of [{}, { fileBytesMin: 4_096, fileBytesMax: 4_096, commitBytes: 6_000 }]) {
    const { disk, world } = await begun({ limits: { recoveryBytes: 16_384, ...limits } })
    const { log } = world.journal
    const { nextTicket } = log
    const calls = disk.callCount
    assert.equal(log.reserve(3, 3_000, 'publish'), 'too-large')
    assert.equal(log.nextTicket, nextTicket)
    assert.equal(log.reserve(1, entryBytes, 'publish'), 'ok')
    log.write(HEAD, new Uint8Array(entryBytes))
    assert.equal(disk.callCount, calls)
    await world.settled()
    await world.journal.close()
  }
})

test('with much that is not synced publishers wait, what frees space may go on, but not for ever', async () => {
  const limits = { unsyncedBytes: 3_000, fragmentBytes: 800 }
  const { world } = await begun({ limits })
  const { log } = world.journal
  const fragments = writeUntilRefused(world, 100, 'fragment')
  assert.equal(fragments.answer, 'wait')
  const bytesOf = (count: number): number => count * (100 + 16)
  // Pieces of large bodies: no more of them than this is in front of anybody.
  assert(bytesOf(fragments.count) <= 800 + 200, `${fragments.count} fragments`)
  const publishes = writeUntilRefused(world, 100, 'publish')
  assert.equal(publishes.answer, 'wait')
  const all = bytesOf(fragments.count + publishes.count)
  assert(all > 2_500 && all < 3_300, `${all} bytes not synced`)
  const relief = writeUntilRefused(world, 100, 'relief')
  assert.equal(relief.answer, 'wait')
  const more = all + bytesOf(relief.count)
  assert(more > 5_000 && more < 6_500, `${more} bytes not synced`)
  await log.room()
  await world.settled()
  for (const purpose of ['fragment', 'publish'] as const) {
    assert.equal(log.reserve(1, 100, purpose), 'ok')
    log.write(HEAD, new Uint8Array(100))
  }
  await world.settled()
  await world.journal.close()
})

test('what asks for no sync gets none, until so many commits went without', async () => {
  const { disk, world } = await begun({ limits: { unsyncedCommits: 5 } })
  const seen = watched(disk)
  for (let round = 0; round < 5; round++) {
    await world.note('given to the system', 'os')
    await world.settled()
  }
  assert.deepEqual([seen.writes.length, seen.syncs], [5, 0])
  await world.note('one more', 'os')
  await world.settled()
  assert.deepEqual([seen.writes.length, seen.syncs], [6, 1])
  await world.journal.close()
})

test('a journal that rests writes one mark, and then nothing; one that was closed writes none', async () => {
  const timers = new HandTimers()
  const { disk, world } = await begun({ scheduler: timers })
  const seen = watched(disk)
  const rest = async (): Promise<void> => {
    for (let round = 0; round < 5; round++) {
      timers.fire()
      await drained()
    }
  }
  await rest()
  assert.deepEqual([seen.writes.length, seen.syncs, seen.frames], [1, 1, [0]])
  const { callCount } = disk
  await rest()
  assert.equal(disk.callCount, callCount)
  await world.note('and again')
  await world.settled()
  await world.journal.close()
  assert.deepEqual([seen.writes.length, seen.frames.at(-1)], [3, 0])
  const again = await JournalWorld.open(disk, { scheduler: timers, limits: wide })
  await drained()
  const calls = disk.callCount
  await rest()
  assert.equal(disk.callCount, calls, 'the end was proven already')
  await again.journal.close()
})

test('a snapshot is due after so much new journal, and after so many times the last snapshot', async () => {
  const limits = { snapshotAfterBytes: 2_000, snapshotGrowth: 3 }
  const { disk, world } = await begun({ limits })
  const seen = watched(disk)
  const writtenUntilDue = async (): Promise<number> => {
    seen.writes.length = 0
    for (let round = 0; round < 1_000 && !world.journal.snapshotDue; round++) {
      await world.note('x'.repeat(100))
      await world.settled()
    }
    return seen.writes.reduce((sum, size) => sum + size, 0)
  }
  const first = await writtenUntilDue()
  assert(first > 1_600 && first < 2_300, `${first} bytes`)
  for (let round = 0; round < 20; round++) await world.note('y'.repeat(200))
  await world.settled()
  await world.snapshot()
  const entry = (await disk.list('data')).find(({ name }) => /^snapshot-\d/.test(name))
  const { identity } = await readFormat(disk, 'data')
  // Its file is longer.
  const snapshot = await verifySnapshot(disk, 'data', entry?.name ?? '', identity)
  assert(snapshot !== null)
  const size = snapshot.bytes
  assert(3 * size > 4_000)
  const second = await writtenUntilDue()
  assert(second >= 3 * size && second < 3 * size + 400, `${second} bytes after one of ${size}`)
  await world.journal.close()
})

test('no snapshot is due that would be the same as the newest, though its last bytes were written after it began', async () => {
  const { world } = await begun({ limits: { snapshotAfterBytes: 1, snapshotGrowth: 0 } })
  const noted = world.note('on its way')
  const snapshot = world.snapshot()
  await noted
  await snapshot
  await world.settled()
  assert.equal(world.journal.snapshotDue, false)
  await world.note('and one more')
  await world.settled()
  assert.equal(world.journal.snapshotDue, true)
  await world.journal.close()
})

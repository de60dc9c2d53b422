/**
 * A disk without space: publishers are told so, what frees space goes on by the reserve, and once there is
 * space publishing goes on by itself, without a restart and without anybody asking in a circle meanwhile.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { expectMark } from '../../src/base/mark.ts'
import { HandTimers } from '../crash/journal-ops.ts'
import { bodyOfSize, JournalWorld, Refused } from '../journal/journal-world.ts'
import { CrashDisk } from '../sim/crash-disk.ts'
import { drained, settled } from '../sim/turn.ts'

const FILE_BYTES = 4096

async function openFull(files: number): Promise<{
  readonly disk: CrashDisk
  readonly world: JournalWorld
  readonly timers: HandTimers
}> {
  const disk = new CrashDisk({ capacityBytes: files * FILE_BYTES })
  const timers = new HandTimers()
  const world = await JournalWorld.open(disk, { scheduler: timers })
  return { disk, world, timers }
}

/** Publishes until the journal refuses; answers the tickets that it took. */
async function publishUntilFull(world: JournalWorld): Promise<number[]> {
  const tickets: number[] = []
  for (let round = 0; round < 1_000; round++) {
    try {
      tickets.push(...(await world.put(1, [bodyOfSize(600, round)])))
    } catch (error) {
      assert(error instanceof Refused && error.answer === 'full', String(error))
      return tickets
    }
  }
  throw new Error('never full')
}

/** Asks until there is room, as a publisher that was refused does. */
async function publishPatiently(world: JournalWorld): Promise<void> {
  while (world.journal.log.reserve(1, 600, 'publish') !== 'ok') {
    await world.journal.log.room()
    // Some need a while to come back.
    await drained()
  }
  const head = { kind: 3, flags: 0, log: 0, number: 0 }
  world.owner.notes.push('')
  world.journal.log.write(head, new Uint8Array(0))
}

test('a full disk refuses publishers, lets everything that frees space go on, and then takes them again', async () => {
  const { disk, world, timers } = await openFull(20)
  // Two snapshots of a smaller state: their space, doubled, is the reserve of those to come.
  await world.note('first')
  await world.snapshot()
  await world.note('second')
  await world.snapshot()
  const tickets = await publishUntilFull(world)
  assert(tickets.length > 20, `only ${tickets.length} fit`)
  await world.settled()
  const waiting = publishPatiently(world)
  let isThrough: boolean = false
  void waiting.then(() => {
    isThrough = true
  })
  // Consumers drain: every release is taken at once, on the reserve.
  for (const ticket of tickets.slice(0, -2)) assert(await world.release([ticket]))
  await world.settled()
  assert.equal(isThrough, false)
  assert.equal(world.journal.snapshotDue, true)
  await world.snapshot()
  await world.release(tickets.slice(-2, -1))
  await world.snapshot()
  await world.journal.tidy()
  await drained()
  timers.fire()
  await settled(waiting, 'the publisher')
  assert.equal(world.journal.log.isFull, false)
  await world.settled()
  assert.equal(world.stopped, null)
  const [last] = tickets.slice(-1)
  assert.deepEqual([...world.owner.held.keys()], [last])
  assert(disk.usedBytes <= disk.capacityBytes)
  await world.journal.close()
  const again = await JournalWorld.open(disk)
  assert.deepEqual([...again.owner.held.keys()], [last])
  await again.journal.close()
})

test('publishers who wait for space ask the disk once, and once more each time the retry comes', async () => {
  const { disk, world, timers } = await openFull(6)
  const patient: Promise<void>[] = []
  await publishUntilFull(world)
  await drained()
  const { callCount } = disk
  for (let index = 0; index < 10; index++) patient.push(publishPatiently(world))
  for (let round = 0; round < 100; round++) await drained()
  assert(disk.callCount - callCount < 10, `${disk.callCount - callCount} calls for ten who wait`)
  for (let round = 1; round <= 5; round++) {
    timers.fire()
    for (let turn = 0; turn < 10; turn++) await drained()
    assert(disk.callCount - callCount < 10 + 10 * round, 'asks more than once a retry')
  }
  disk.capacityBytes = 40 * FILE_BYTES
  timers.fire()
  await settled(Promise.all(patient), 'those who wait')
  await world.settled()
  await world.journal.close()
})

test('space that somebody else frees is found by itself', async () => {
  const { disk, world, timers } = await openFull(6)
  await publishUntilFull(world)
  disk.capacityBytes = 100 * FILE_BYTES
  const waiting = publishPatiently(world)
  await drained()
  timers.fire()
  await settled(waiting, 'the publisher')
  assert.equal(world.journal.log.isFull, false)
  await world.journal.close()
})

test('on a full disk a second snapshot is due when the first alone lets nothing go', async () => {
  const { world, timers } = await openFull(20)
  for (const text of ['first', 'second']) {
    await world.note(text)
    await world.snapshot()
  }
  const tickets = await publishUntilFull(world)
  const waiting = publishPatiently(world)
  await world.settled()
  for (const ticket of tickets) await world.release([ticket])
  await world.settled()
  await expectMark('housekeeper/wants-a-second-snapshot', async () => {
    for (let count = 0; count < 2; count++) {
      assert.equal(world.journal.snapshotDue, true)
      await world.snapshot()
      await drained()
    }
  })
  assert.equal(world.journal.snapshotDue, false)
  await world.journal.tidy()
  await drained()
  timers.fire()
  await settled(waiting, 'the publisher')
  assert.equal(world.journal.log.isFull, false)
  await world.journal.close()
})

const NEVER = { snapshotAfterBytes: Number.POSITIVE_INFINITY }

/** A disk that is full to its last block before the first snapshot, and who waits for space there. */
async function fullAtOnce(files: number): Promise<{
  readonly disk: CrashDisk
  readonly world: JournalWorld
  readonly timers: HandTimers
  readonly tickets: number[]
  readonly waiting: Promise<void>
}> {
  const disk = new CrashDisk({ capacityBytes: files * FILE_BYTES })
  const timers = new HandTimers()
  const world = await JournalWorld.open(disk, { scheduler: timers, limits: NEVER })
  const tickets = await publishUntilFull(world)
  await drained()
  disk.capacityBytes = disk.usedBytes
  return { disk, world, timers, tickets, waiting: publishPatiently(world) }
}

/** Releases one after the other, and does what a broker does when it may free space. */
async function drainOneByOne(world: JournalWorld, tickets: readonly number[]): Promise<void> {
  for (const ticket of tickets) {
    assert(await world.release([ticket]))
    await world.settled()
    if (world.journal.snapshotDue) await world.snapshot()
    await world.journal.tidy()
    await drained()
  }
}

async function sparesOn(disk: CrashDisk): Promise<readonly string[]> {
  const names = (await disk.list('data')).map(({ name }) => name)
  return names.filter((name) => name.startsWith('snapshot-spare')).sort()
}

test('the space of two snapshots is there from the first opening on', async () => {
  const disk = new CrashDisk()
  const world = await JournalWorld.open(disk)
  await drained()
  assert.deepEqual(await sparesOn(disk), ['snapshot-spare', 'snapshot-spare-2'])
  await world.journal.close()
})

test('the space of two snapshots grows with what they would hold, before it is needed', async () => {
  const disk = new CrashDisk()
  const world = await JournalWorld.open(disk, { limits: NEVER })
  for (let round = 0; round < 100; round++) await world.put(1, [bodyOfSize(100, round)])
  for (let round = 0; round < 15; round++) await world.note('n'.repeat(200))
  await world.settled()
  await drained()
  disk.capacityBytes = disk.usedBytes
  for (let count = 0; count < 2; count++) {
    await world.snapshot()
    // One that is without a new ticket would be the same.
    await world.release([[...world.owner.held.keys()][0]!])
  }
  await world.journal.close()
})

test('files given up for the space of snapshots are made again, also when the disk is filled a second time meanwhile', () =>
  expectMark('spares/given-up-for-a-snapshot', async () => {
    const { disk, world, timers, tickets, waiting } = await fullAtOnce(30)
    const half = Math.floor(tickets.length / 2)
    await drainOneByOne(world, tickets.slice(0, half))
    const { capacityBytes } = disk
    // What comes free now, somebody else takes.
    disk.capacityBytes = 0
    await drainOneByOne(world, tickets.slice(half))
    assert.equal(world.stopped, null)
    disk.capacityBytes = capacityBytes
    timers.fire()
    await settled(waiting, 'the publisher')
    await world.settled()
    await drained()
    assert.equal(world.stopped, null)
    assert.equal(world.journal.log.isFull, false)
    assert.deepEqual(await sparesOn(disk), ['snapshot-spare', 'snapshot-spare-2'])
    assert(disk.usedBytes <= disk.capacityBytes)
    await world.journal.close()
  }))

test('publishers who wait for space write nothing to the file that is kept for acknowledgements', async () => {
  const { disk, world, tickets, waiting } = await fullAtOnce(40)
  let isThrough: boolean = false
  void waiting.then(() => {
    isThrough = true
  })
  const written = new Set<string>()
  disk.observe({
    issued: ({ kind, path }) => {
      if (kind === 'write' && path.includes('journal-')) written.add(path)
    },
  })
  let released = 0
  // The first is the file that publishers had filled.
  while (written.size < 2) {
    assert(await world.release([tickets[released++]!]), `refused after ${released}`)
    await world.settled()
  }
  await drained()
  assert.equal(isThrough, false)
  assert.equal(world.journal.log.reserve(1, 10, 'publish'), 'full')
  assert.equal(world.journal.log.reserve(1, 10, 'fragment'), 'full')
  assert(await world.release([tickets[released]!]))
  await world.journal.close()
})

test('a power cut while a full disk gets its space back loses nothing', async () => {
  const { disk, world, tickets } = await fullAtOnce(14)
  const [last] = tickets.slice(-1)
  await world.release(tickets.slice(0, -1))
  await world.settled()
  disk.record(() => 0)
  for (let count = 0; count < 2; count++) {
    await world.snapshot()
    await drained()
  }
  await world.journal.tidy()
  await drained()
  assert(disk.points.length > 20, `only ${disk.points.length} points`)
  for (const point of disk.points) {
    for (const image of point.images()) {
      const again = await JournalWorld.open(new CrashDisk({ image }))
      assert.deepEqual([...again.owner.held.keys()], [last])
      await again.journal.close()
    }
  }
  await world.journal.close()
})

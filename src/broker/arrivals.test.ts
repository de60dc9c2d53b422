/** Bodies that have no room in one entry: on their way in, in their queue, after a crash, and on their way out. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DiskBroker, readAll, type Taken } from '../../test/broker/disk-broker.ts'
import { CrashDisk } from '../../test/sim/crash-disk.ts'
import { drained, settled } from '../../test/sim/turn.ts'
import { expectMark } from '../base/mark.ts'
import { Content } from '../machine/message.ts'
import type { Queue } from '../machine/queue.ts'
import { isRefusal } from '../machine/refusal.ts'
import type { Reading } from './reading.ts'
import { HELD } from './room.ts'
import { DEFAULT_NAMESPACE } from './runtime.ts'

/** Fragments of a hundred bytes, so that a few hundred bytes are large. */
const limits = { bodyBytes: 100, bodyBytesMax: 2_000, arrivingBytes: 3_000 }

const seen = (taken: readonly Taken[]): unknown[] => taken.map(({ name, size }) => [name, size])

/** What a consumer gets of the queue `q` on a disk as it is, once everything has come to rest. */
async function foundOn(disk: CrashDisk): Promise<readonly Taken[]> {
  const broker = await DiskBroker.open(disk, limits)
  broker.assertNoLeak()
  const taken = broker.take(await broker.queue('q'))
  await drained()
  return taken
}

/** How many files the journal has. */
async function filesOf(disk: CrashDisk): Promise<number> {
  const entries = await settled(disk.list('data'), 'the names')
  return entries.filter(({ name }) => name.startsWith('journal-')).length
}

test('a large body keeps its place among others, as it was, after a restart too', async () => {
  const disk = new CrashDisk()
  const broker = await DiskBroker.open(disk, limits)
  const queue = await broker.queue('q')
  broker.publish(queue, 'new 1')
  broker.publishLarge(queue, 'new 2', { size: 101 })
  broker.publish(queue, 'new 3')
  broker.publishLarge(queue, 'new 4', { size: 1_234 })
  broker.publishLarge(queue, 'new 5', { size: 700 })
  const expected = [
    ['new 1', 7],
    ['new 2', 101],
    ['new 3', 7],
    ['new 4', 1_234],
    ['new 5', 700],
  ]
  const taken = broker.take(queue)
  await drained()
  // A small one may be read while the large one before it still is: their order is that of delivery.
  const inOrder = [...taken].sort((left, right) => left.sequence - right.sequence)
  assert.deepEqual(seen(inOrder), expected)
  assert.deepEqual(broker.early, [])
  broker.assertNoLeak()
  const found = await foundOn(disk.killProcess())
  assert.deepEqual(seen([...found].sort((left, right) => left.sequence - right.sequence)), expected)
})

test('after a power cut at any call a large body is there whole, or nothing of it', async () => {
  const disk = new CrashDisk()
  const broker = await DiskBroker.open(disk, limits)
  const queue = await broker.queue('q')
  await drained()
  const told: string[] = []
  disk.record(() => told.length)
  const names = ['old 1', 'old 2', 'old 3', 'old 4']
  for (const [index, name] of names.entries()) {
    const ticket =
      index % 2 === 0
        ? broker.publishLarge(queue, name, { size: 350 + index })
        : broker.publish(queue, name)
    void broker.runtime.commits.settled(ticket).then(() => told.push(name))
    await drained()
  }
  broker.runtime.settle(queue, 1, 1)
  await drained()
  assert.deepEqual(told, names)
  let whole = 0
  for (const point of [...disk.points, disk.point()]) {
    const promised = names.slice(0, point.moment.mark)
    for (const image of point.images()) {
      const found = await foundOn(new CrashDisk({ image }))
      const there = new Set(found.map(({ name }) => name))
      const isSettled = there.size > 0 && !there.has('old 1')
      for (const name of promised.slice(isSettled ? 1 : 0)) {
        assert(there.has(name), `${name} at call ${point.moment.call}: ${image.name}`)
      }
      whole += found.filter(({ size }) => size > 100).length
    }
  }
  assert(whole > 0)
})

test('what was given up half way is dead, and a crash leaves nothing of it', async () => {
  const disk = new CrashDisk()
  const broker = await DiskBroker.open(disk, limits)
  const queue = await broker.queue('q')
  const arrival = broker.arriving(900)
  assert.equal(arrival.put(new Uint8Array(450), 0, 450), 450)
  broker.publish(queue, 'new 1')
  await drained()
  const image = disk.killProcess()
  arrival.close()
  arrival.close()
  broker.assertNoLeak()
  assert.deepEqual(seen(await foundOn(image)), [['new 1', 7]])
})

test('pieces of any size make the same body', async () => {
  const broker = await DiskBroker.open(new CrashDisk(), limits)
  const bytes = Buffer.from(Array.from({ length: 777 }, (_, index) => index % 251))
  for (const pieceSize of [1, 7, 99, 100, 101, 250, 777]) {
    const arrival = broker.arriving(bytes.length, 'transient')
    for (let at = 0; at < bytes.length; at += pieceSize) {
      const size = Math.min(pieceSize, bytes.length - at)
      assert.equal(arrival.isWhole, false)
      assert.equal(arrival.put(bytes, at, size), size)
    }
    assert.equal(arrival.isWhole, true)
    assert.deepEqual(await readAll(broker.runtime.arrivals.read(arrival)), bytes)
    arrival.close()
    await drained()
  }
})

test('what finds no room is taken later, from where it stopped', async () => {
  const journalLimits = { fragmentBytes: 400 }
  const broker = await DiskBroker.open(new CrashDisk(), limits, journalLimits)
  const queue = await broker.queue('q')
  await drained()
  const bytes = Buffer.alloc(1_500, 'x')
  const arrival = broker.arriving(bytes.length)
  let turns = 0
  for (let at = 0; at < bytes.length; turns++) {
    const taken = arrival.put(bytes, at, bytes.length - at)
    at += taken
    if (at === bytes.length) break
    // Others find room: what waits is the large body alone.
    broker.publish(queue, `new ${turns}`)
    await settled(new Promise<void>((resolve) => broker.runtime.whenRoom(resolve)), 'the room')
  }
  assert(turns > 1, 'all of it found room at once')
  assert.deepEqual(await readAll(broker.runtime.arrivals.read(arrival)), bytes)
  arrival.close()
})

test('a large body that is only transient is handed out, and gone with the process', async () => {
  const disk = new CrashDisk()
  const broker = await DiskBroker.open(disk, limits)
  const queue = await broker.queue('q')
  broker.publishLarge(queue, 'new 1', { size: 333, persistence: 'transient' })
  broker.publish(queue, 'new 2')
  await drained()
  broker.assertNoLeak()
  const session = await broker.queue('s', 'session')
  broker.publishLarge(session, 'gone 1', { size: 333 })
  const taken = broker.take(session)
  await drained()
  assert.deepEqual(seen(taken), [['gone 1', 333]])
  broker.runtime.settle(session, 1, 1)
  const found = await foundOn(disk.killProcess())
  assert.deepEqual(seen(found), [['new 2', 7]])
})

test('a large body goes with its queue, and with what is purged', async () => {
  const broker = await DiskBroker.open(new CrashDisk(), limits)
  for (const end of ['deleted', 'purged'] as const) {
    const queue = await settled(broker.queue('q'), 'the queue')
    broker.publishLarge(queue, 'new 1', { size: 333, persistence: 'transient' })
    broker.publishLarge(queue, 'new 2', { size: 333 })
    await drained()
    assert.equal(broker.runtime.references, 5)
    if (end === 'purged') await settled(broker.runtime.declare.purge(queue), 'the purge')
    else await settled(broker.runtime.declare.deleteQueue(queue), 'the end of the queue')
    await drained()
    assert.equal(broker.runtime.references, 0)
  }
})

test('one body for queues of both kinds goes when the last of them has let it go', async () => {
  const broker = await DiskBroker.open(new CrashDisk(), limits)
  const queues = [await broker.queue('q'), await broker.queue('s', 'session')]
  const taken = queues.map((queue) => broker.take(queue))
  await settled(broker.fan('x', queues), 'the exchange')
  broker.publishLarge({ name: 'x' }, 'new 1', { size: 505, exchange: 'x' })
  await drained()
  for (const each of taken) assert.deepEqual(seen(each), [['new 1', 505]])
  broker.assertNoLeak()
  broker.runtime.settle(queues[0]!, 1, 1)
  await drained()
  assert.equal(broker.runtime.references, 0)
  broker.runtime.settle(queues[1]!, 1, 1)
})

test('large bodies that stay behind are carried along when their files are cleaned', async () => {
  const disk = new CrashDisk()
  const broker = await DiskBroker.open(disk, limits)
  const queue = await broker.queue('q')
  const kept: string[] = []
  for (let round = 0; round < 400; round++) {
    const name = `old ${round}`
    broker.publishLarge(queue, name, { size: 300 })
    await drained()
    if (round % 16 === 0) kept.push(name)
    else broker.runtime.settle(queue, round + 1, 1)
    await drained()
  }
  broker.assertNoLeak()
  assert.deepEqual(
    seen(await foundOn(disk.killProcess())),
    kept.map((name) => [name, 300]),
  )
})

test('a body that is being read stays readable when its message goes and its file is cleaned', async () => {
  const broker = await DiskBroker.open(new CrashDisk(), limits)
  const queue = await broker.queue('q')
  broker.publishLarge(queue, 'new 1', { size: 1_800 })
  await drained()
  const readings: Reading[] = []
  broker.readWith(queue, (reading) => readings.push(reading))
  await drained()
  broker.runtime.settle(queue, 1, 1)
  // So much more that its files could be cleaned and used again, several times.
  for (let round = 0; round < 300; round++) {
    broker.publishLarge(queue, 'gone 1', { size: 300 })
    await drained()
    broker.runtime.settle(queue, round + 2, 1)
    await drained()
  }
  const [reading] = readings
  assert(reading !== undefined)
  const body = await settled(readAll(reading), 'the reading')
  assert.equal(body.length, 1_800)
  broker.assertNoLeak()
})

test('large bodies that are kept come along when the files around them are cleaned', async () => {
  const disk = new CrashDisk()
  const broker = await DiskBroker.open(disk, limits)
  const queue = await broker.queue('q')
  const kept: string[] = []
  for (let round = 0; round < 480; round++) {
    const isKept = round % 12 === 0
    const name = isKept ? `new ${round}` : 'gone 1'
    broker.publishLarge(queue, name, { size: 350 })
    await drained()
    if (isKept) kept.push(name)
    else broker.runtime.settle(queue, round + 1, 1)
  }
  await drained()
  const files = await filesOf(disk)
  // Were none cleaned there would be 59: something of what is kept lies in nearly each.
  assert(files < 45, `${files} files are left`)
  broker.assertNoLeak()
  const expected = kept.map((name) => [name, 350])
  const taken = broker.take(queue)
  await drained()
  assert.deepEqual(seen([...taken].sort((left, right) => left.sequence - right.sequence)), expected)
  const found = await foundOn(disk.killProcess())
  assert.deepEqual(seen([...found].sort((left, right) => left.sequence - right.sequence)), expected)
})

test('the files of large bodies come free, however those end', async () => {
  const bytes = new Uint8Array(900)
  const ends: Record<string, (broker: DiskBroker, queue: Queue) => void> = {
    'given up half way': (broker) => {
      const arrival = broker.arriving(bytes.length)
      assert.equal(arrival.put(bytes, 0, 450), 450)
      arrival.close()
    },
    'read and not kept': (broker) => {
      const arrival = broker.arriving(bytes.length)
      assert.equal(arrival.put(bytes, 0, bytes.length), bytes.length)
      const reading = broker.runtime.arrivals.read(arrival)
      reading.advance()
      arrival.close()
      reading.close()
      reading.close()
    },
    'transient and purged': (broker, queue) => {
      broker.publishLarge(queue, 'gone 1', { size: 900, persistence: 'transient' })
      void broker.runtime.declare.purge(queue)
    },
    'persistent and purged': (broker, queue) => {
      broker.publishLarge(queue, 'gone 1', { size: 900 })
      void broker.runtime.declare.purge(queue)
    },
  }
  for (const [how, end] of Object.entries(ends)) {
    const disk = new CrashDisk()
    const broker = await DiskBroker.open(disk, limits)
    const queue = await broker.queue('q')
    for (let round = 0; round < 400; round++) {
      end(broker, queue)
      await drained()
    }
    broker.assertNoLeak()
    const files = await filesOf(disk)
    assert(files <= 30, `${files} files are left by bodies that are ${how}`)
  }
})

test('a body whose message finds no room is published later, as whole as it was', async () => {
  const broker = await DiskBroker.open(new CrashDisk(), limits)
  const queue = await broker.queue('q')
  await drained()
  const { runtime } = broker
  const route = runtime.route(runtime.machine.namespace(DEFAULT_NAMESPACE), '', queue.name)
  assert(!isRefusal(route))
  const bytes = Buffer.from(Array.from({ length: 777 }, (_, index) => index % 251))
  const arrival = broker.arriving(bytes.length)
  assert.equal(arrival.put(bytes, 0, bytes.length), bytes.length)
  let before = 0
  while (runtime.publish(route, new Content(), 'persistent') !== HELD) before++
  assert.equal(runtime.arrivals.publish(route, new Content(), arrival), HELD)
  await settled(new Promise<void>((resolve) => runtime.whenRoom(resolve)), 'the room')
  assert.notEqual(runtime.arrivals.publish(route, new Content(), arrival), HELD)
  await drained()
  const bodies: Promise<Uint8Array>[] = []
  for (let sequence = 1; sequence <= before; sequence++) runtime.settle(queue, sequence, 1)
  await drained()
  broker.readWith(queue, (reading) => bodies.push(readAll(reading)))
  await drained()
  assert.deepEqual(await Promise.all(bodies), [bytes])
})

test('a body that comes while snapshots are taken and files cleaned is whole after a crash', async () => {
  const disk = new CrashDisk()
  const broker = await DiskBroker.open(disk, limits)
  await broker.queue('q')
  const other = await broker.queue('other')
  const body = Buffer.from(`<new 1>${'x'.repeat(1_793)}`)
  const arrival = broker.arriving(body.length)
  // What lives in a file is far larger than its average: more than a cleaner expects.
  const pass = (): Promise<void> =>
    expectMark('snapshot/taken', async () => {
      for (let round = 0; round < 60; round++) {
        broker.publishLarge(other, 'gone', { size: 300 })
        await drained()
        broker.runtime.settle(other, other.nextSequence - 1, 1)
        await drained()
      }
    })
  for (let at = 0; at < body.length; at += 450) {
    assert.equal(arrival.put(body, at, 450), 450)
    await pass()
  }
  const route = broker.runtime.route(broker.runtime.machine.namespace('/'), '', 'q')
  assert(!isRefusal(route))
  assert(broker.runtime.arrivals.publish(route, new Content(), arrival) > 0)
  await drained()
  await pass()
  const after = await DiskBroker.open(disk.killProcess(), limits)
  after.assertNoLeak()
  const readings: Reading[] = []
  after.readWith(await after.queue('q'), (reading) => readings.push(reading))
  await drained()
  assert.deepEqual(Buffer.from(await settled(readAll(readings[0]!), 'the reading')), body)
})

/** A disk without space, and files that nearly nothing lives in: the broker gets its space back by itself. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DiskBroker } from '../../test/broker/disk-broker.ts'
import { CrashDisk } from '../../test/sim/crash-disk.ts'
import { drained, settled } from '../../test/sim/turn.ts'
import { expectMark } from '../base/mark.ts'
import { Content } from '../machine/message.ts'
import type { Queue } from '../machine/queue.ts'
import { isRefusal } from '../machine/refusal.ts'
import { freeze } from '../machine/snapshot.ts'
import { Consumer } from './consumer.ts'
import { HELD } from './room.ts'
import { DEFAULT_NAMESPACE } from './runtime.ts'

const FILE_BYTES = 4_096
const BODY_BYTES = 600

function tryPublish(
  { runtime }: DiskBroker,
  queue: Queue,
  bodyBytes: number = BODY_BYTES,
): 'taken' | 'held' {
  const route = runtime.route(runtime.machine.namespace(DEFAULT_NAMESPACE), '', queue.name)
  assert(!isRefusal(route))
  const content = new Content()
  content.body = new Uint8Array(bodyBytes)
  content.bodySize = bodyBytes
  return runtime.publish(route, content, 'persistent') === HELD ? 'held' : 'taken'
}

/** Publishes until it is held because the disk is full; answers how many were taken. */
async function publishUntilFull(
  broker: DiskBroker,
  queue: Queue,
  bodyBytes: number = BODY_BYTES,
): Promise<number> {
  for (let count = 0; count < 10_000; count++) {
    if (tryPublish(broker, queue, bodyBytes) === 'held') {
      await drained()
      if (tryPublish(broker, queue, bodyBytes) === 'held') {
        assert.equal(broker.runtime.heldWhy, 'disk-full')
        return count
      }
    }
    await drained()
  }
  throw new Error('never full')
}

/** A publisher that comes back whenever it is told to, until it is taken. */
function publishPatiently(broker: DiskBroker, queue: Queue): { isThrough: boolean } {
  const publisher = { isThrough: false }
  const attempt = (): void => {
    if (tryPublish(broker, queue) === 'taken') publisher.isThrough = true
    else broker.runtime.whenRoom(attempt)
  }
  attempt()
  return publisher
}

/** A consumer of the queue; what it gets is added to what it answers, and stays held. */
function take({ runtime }: DiskBroker, queue: Queue): number[] {
  const sequences: number[] = []
  const deliver = ({ sequence }: { readonly sequence: number }): void => {
    sequences.push(sequence)
  }
  runtime.join(queue, new Consumer({ deliver, cancelled: () => undefined }, 'by-consumer'))
  return sequences
}

/** Who drains settles everything in one turn, or one message at a time, each in a commit of its own. */
async function drain(
  broker: DiskBroker,
  queue: Queue,
  turns: 'one turn' | 'many turns',
): Promise<number> {
  const taken = take(broker, queue)
  await drained()
  const held = [...taken]
  for (const sequence of held) {
    broker.runtime.settle(queue, sequence, 1)
    if (turns === 'many turns') await drained()
  }
  await drained()
  return held.length
}

for (const turns of ['one turn', 'many turns'] as const) {
  for (const files of [12, 20, 40]) {
    test(`a full disk of ${files} files that consumers drain in ${turns} takes publishers again by itself`, async () => {
      const disk = new CrashDisk({ capacityBytes: files * FILE_BYTES })
      const broker = await DiskBroker.open(disk)
      const queue = await broker.queue('q')
      const count = await publishUntilFull(broker, queue)
      assert(count > files, `only ${count} were taken`)
      const waiting = publishPatiently(broker, queue)
      await drained()
      assert.equal(waiting.isThrough, false)
      assert.equal(await drain(broker, queue, turns), count)
      assert.equal(broker.runtime.failure, null)
      assert.equal(waiting.isThrough, true)
      assert(disk.usedBytes <= disk.capacityBytes)
    })
  }
}

test('whoever has given up waiting for room is not called when there is some, and the others are', async () => {
  const broker = await DiskBroker.open(new CrashDisk({ capacityBytes: 12 * FILE_BYTES }))
  const queue = await broker.queue('q')
  await publishUntilFull(broker, queue)
  const patient = publishPatiently(broker, queue)
  broker.runtime.forgetRoom(() => assert.fail('never waited'))
  const gone = (): void => assert.fail('called')
  broker.runtime.whenRoom(gone)
  broker.runtime.forgetRoom(gone)
  await drain(broker, queue, 'one turn')
  assert.equal(patient.isThrough, true)
})

const SMALL_BYTES = 200 // of a body: some ten messages go into a file, and a snapshot of all takes several blocks
const NO_MORE = Number.POSITIVE_INFINITY // bytes written before the next snapshot

async function snapshotsOn(disk: CrashDisk): Promise<readonly string[]> {
  const names = (await disk.list('data')).map(({ name }) => name)
  return names.filter((name) => /^snapshot-\d/.test(name)).sort()
}

function stateBytes({ runtime: { machine } }: DiskBroker): number {
  let bytes = 0
  for (const piece of freeze(machine)()) bytes += piece.length
  machine.thaw()
  return bytes
}

/** The disk is full to its last block; consumers drain, and a publisher who waits gets through. */
async function drainToTheEnd(
  { disk, broker, queue }: { disk: CrashDisk; broker: DiskBroker; queue: Queue },
  turns: 'one turn' | 'many turns',
): Promise<void> {
  disk.capacityBytes = disk.usedBytes
  const waiting = publishPatiently(broker, queue)
  await drained()
  assert.equal(waiting.isThrough, false)
  const count = await drain(broker, queue, turns)
  assert.equal(broker.runtime.failure, null)
  assert.equal(waiting.isThrough, true)
  // Not just in what was kept for acknowledgements.
  const more = await publishUntilFull(broker, queue, SMALL_BYTES)
  assert(more > count / 2, `${more} more after ${count}`)
  assert(disk.usedBytes <= disk.capacityBytes)
}

for (const turns of ['one turn', 'many turns'] as const) {
  for (const files of [60, 90]) {
    test(`a disk of ${files} files that is full before the first snapshot takes publishers again once drained in ${turns}`, async () => {
      const disk = new CrashDisk({ capacityBytes: files * FILE_BYTES })
      const broker = await DiskBroker.open(disk, {}, { snapshotAfterBytes: NO_MORE })
      const queue = await broker.queue('q')
      await publishUntilFull(broker, queue, SMALL_BYTES)
      assert.deepEqual(await snapshotsOn(disk), [])
      await drainToTheEnd({ disk, broker, queue }, turns)
    })
  }

  test(`a full disk whose next snapshot is many times as large as the last takes publishers again once drained in ${turns}`, async () => {
    const disk = new CrashDisk()
    const before = await DiskBroker.open(disk)
    const busy = await before.queue('busy')
    const taken = take(before, busy)
    while ((await snapshotsOn(disk)).length < 2) {
      while (tryPublish(before, busy) === 'held') await drained()
      await drained()
      for (const sequence of taken.splice(0)) before.runtime.settle(busy, sequence, 1)
      await drained()
    }
    const last = stateBytes(before)
    await settled(before.runtime.close(), 'the close')
    const broker = await DiskBroker.open(disk, {}, { snapshotAfterBytes: NO_MORE })
    const queue = await broker.queue('q')
    disk.capacityBytes = disk.usedBytes + 40 * FILE_BYTES
    await publishUntilFull(broker, queue, SMALL_BYTES)
    assert(stateBytes(broker) > 10 * last, `${stateBytes(broker)} after ${last}`)
    await drainToTheEnd({ disk, broker, queue }, turns)
  })
}

test('files in each of which a little lives are cleaned, though none of them dies', async () => {
  const disk = new CrashDisk()
  const broker = await DiskBroker.open(disk)
  const queue = await broker.queue('q')
  const taken = take(broker, queue)
  const count = 360
  for (let sent = 0; sent < count; sent++) {
    // The next file may still be in the making.
    while (tryPublish(broker, queue) === 'held') await drained()
    await drained()
    const sequence = taken.pop()
    assert(sequence !== undefined)
    // Some four go into a file.
    if (sequence % 3 > 0) broker.runtime.settle(queue, sequence, 1)
    await drained()
  }
  assert.equal(queue.heldCount, count / 3)
  const files = (await disk.list('data')).filter(({ name }) => name.startsWith('journal-'))
  assert(files.length < count / 4, `${files.length} files`)
})

test('on a full disk files that two snapshots cover are cleaned as soon as little lives in them', async () => {
  const disk = new CrashDisk({ capacityBytes: 40 * FILE_BYTES })
  const broker = await DiskBroker.open(disk)
  const queue = await broker.queue('q')
  const count = await publishUntilFull(broker, queue)
  const taken = take(broker, queue)
  await drained()
  // The newest first, so that all snapshots there will be have been taken when it comes to the old ones.
  for (const sequence of taken.slice().reverse()) {
    if (sequence % 3 > 0) broker.runtime.settle(queue, sequence, 1)
    await drained()
  }
  const more = await publishUntilFull(broker, queue)
  assert(more > count / 3, `${more} more than ${count}`)
})

test('a snapshot that finds no file handle is tried later, and ends nothing', () =>
  expectMark('snapshot/without-room', async () => {
    const disk = new CrashDisk()
    const broker = await DiskBroker.open(disk)
    const queue = await broker.queue('q')
    let isMet: boolean = false
    disk.observe({
      issued: ({ kind, path, number }) => {
        // Others open it to fill it.
        if (!broker.runtime.machine.freezer.held) return
        if (isMet || kind !== 'open' || !path.includes('/snapshot-spare')) return
        isMet = true
        disk.faults.plan({ call: number, code: 'handles', lasts: 'once', writtenBytes: 0 })
      },
    })
    for (let sent = 0; sent < 30; sent++) {
      while (tryPublish(broker, queue) === 'held') await drained()
      await drained()
    }
    assert(isMet)
    assert.equal(broker.runtime.failure, null)
    const names = (await disk.list('data')).map(({ name }) => name)
    assert(names.some((name) => /^snapshot-\d/.test(name)))
  }))

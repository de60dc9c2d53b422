/** Transient messages for which there is no room in memory: through scratch files, in their order, and gone after. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DiskBroker } from '../../test/broker/disk-broker.ts'
import { tinyLimits } from '../../test/journal/journal-world.ts'
import { CrashDisk } from '../../test/sim/crash-disk.ts'
import { drained, settled } from '../../test/sim/turn.ts'
import { expectMark } from '../base/mark.ts'
import { checkedLimits } from '../journal/limits.ts'
import { verifyJournal } from '../journal/tools/verify.ts'
import { Content } from '../machine/message.ts'
import type { Queue } from '../machine/queue.ts'
import { isRefusal } from '../machine/refusal.ts'
import { Consumer } from './consumer.ts'
import type { BrokerLimits } from './limits.ts'
import { HELD } from './room.ts'
import { DEFAULT_NAMESPACE } from './runtime.ts'

const FILE_BYTES = 4_096

/** Two chunks of memory; blocks of 1 KiB. */
const tight: Partial<BrokerLimits> = {
  transientBytes: 4_096,
  scratchBytes: 16 * FILE_BYTES,
  scratchFileBytes: FILE_BYTES,
  scratchSpareBytes: 1,
  scratchWaitingBytes: 4_096,
}

async function scratchOn(disk: CrashDisk): Promise<readonly string[]> {
  const names = (await disk.list('data')).map(({ name }) => name)
  return names.filter((name) => name.startsWith('scratch-')).sort()
}

type Burst = { readonly count: number; readonly persistentEvery: number }

/** One in `persistentEvery` is `new`: nobody may see it before the disk has it. */
function namesOf({ count, persistentEvery }: Burst): readonly string[] {
  return Array.from({ length: count }, (_, index) => {
    const isKept = index % persistentEvery === persistentEvery - 1
    return `${isKept ? 'new' : 'passing'} ${index}`
  })
}

/** Publishes them, each in a turn of its own; answers their names. */
async function publish(broker: DiskBroker, queue: Queue, burst: Burst): Promise<readonly string[]> {
  const names = namesOf(burst)
  for (const name of names) {
    broker.publish(queue, name, name.startsWith('new') ? 'persistent' : 'transient')
    await drained()
  }
  return names
}

/** Publishes a transient message of this many bytes if there is room. */
function tryPublish({ runtime }: DiskBroker, queue: Queue, size: number): 'taken' | 'held' {
  const route = runtime.route(runtime.machine.namespace(DEFAULT_NAMESPACE), '', queue.name)
  assert(!isRefusal(route))
  const content = new Content()
  content.body = new Uint8Array(size)
  content.bodySize = size
  return runtime.publish(route, content, 'transient') === HELD ? 'held' : 'taken'
}

/** Publishes until there is no room though nothing is being written; answers how many were taken. */
async function publishUntilHeld(broker: DiskBroker, queue: Queue): Promise<number> {
  for (let count = 0; count < 2_000; ) {
    if (tryPublish(broker, queue, 300) === 'taken') count++
    else {
      const why = broker.runtime.heldWhy
      await drained()
      if (why !== 'disk-slow') return count
    }
  }
  throw new Error('never held')
}

/** Takes everything that comes; `count` settles it and answers how much there was so far. */
function consume({ runtime }: DiskBroker, queue: Queue): { readonly count: () => number } {
  const held: number[] = []
  let settledCount = 0
  const deliver = ({ sequence }: { readonly sequence: number }): void => {
    held.push(sequence)
  }
  runtime.join(queue, new Consumer({ deliver, cancelled: () => undefined }, 'by-consumer'))
  const count = (): number => {
    for (const sequence of held.splice(0)) {
      runtime.settle(queue, sequence, 1)
      settledCount++
    }
    return settledCount
  }
  return { count }
}

test('what memory has no room for comes in the order of publishing, persistent messages among it', async () => {
  const disk = new CrashDisk()
  const broker = await DiskBroker.open(disk, tight)
  const queue = await broker.queue('q')
  const names = await expectMark('scratch/written', () =>
    publish(broker, queue, { count: 500, persistentEvery: 7 }),
  )
  assert((await scratchOn(disk)).length > 3)
  const taken = broker.take(queue)
  await expectMark('scratch/read', () => drained())
  assert.deepEqual(
    taken.map(({ name }) => name),
    names,
  )
  assert.deepEqual(broker.early, [])
  broker.runtime.settle(queue, 1, 500)
  await drained()
  assert.deepEqual(await scratchOn(disk), [])
  assert.deepEqual([queue.readyCount, queue.heldCount], [0, 0])
  await settled(broker.runtime.close(), 'the close')
  assert.deepEqual(disk.openPaths, [])
})

test('a message that comes back is handed out again from the scratch file it lies in', async () => {
  const disk = new CrashDisk()
  const broker = await DiskBroker.open(disk, tight)
  const queue = await broker.queue('q', 'session')
  const names = await publish(broker, queue, { count: 300, persistentEvery: 1_000 })
  const taken = broker.take(queue)
  await drained()
  broker.runtime.giveBack(queue, 1, 300, 1)
  await drained()
  assert.deepEqual(
    taken.map(({ name }) => name),
    [...names, ...names],
  )
  assert(taken.slice(300).every(({ redelivered }) => redelivered))
})

test('memory is used again as soon as there is room in it', async () => {
  const disk = new CrashDisk()
  const broker = await DiskBroker.open(disk, tight)
  const queue = await broker.queue('q', 'session')
  await publish(broker, queue, { count: 300, persistentEvery: 1_000 })
  const names = await scratchOn(disk)
  assert(names.length > 0)
  const { count } = consume(broker, queue)
  await drained()
  assert.equal(count(), 300)
  await drained()
  for (let round = 0; round < 100; round++) {
    assert.equal(tryPublish(broker, queue, 100), 'taken')
    await drained()
    count()
  }
  assert.equal(count(), 400)
  assert.deepEqual(await scratchOn(disk), [])
})

test('publishers are held when the scratch files are full too, and called when consumers drain them', () =>
  expectMark('room/memory-full', async () => {
    const disk = new CrashDisk()
    const broker = await DiskBroker.open(disk, tight)
    const queue = await broker.queue('q', 'session')
    const sent = await publishUntilHeld(broker, queue)
    assert.equal(broker.runtime.heldWhy, 'memory-full')
    assert((await scratchOn(disk)).length <= 16)
    let calls = 0
    const more = (): void => {
      calls++
      if (tryPublish(broker, queue, 300) === 'held') broker.runtime.whenRoom(more)
    }
    more()
    await drained()
    assert.equal(calls, 1)
    const { count } = consume(broker, queue)
    await drained()
    assert.equal(count(), sent)
    await drained()
    assert(calls > 1)
    assert.equal(count(), sent + 1)
  }))

test('a full disk holds who publishes what is transient, and lets him go on when there is space', () =>
  expectMark('room/scratch-waits', async () => {
    const disk = new CrashDisk({ capacityBytes: 30 * FILE_BYTES })
    const limits = { ...tight, scratchBytes: 100 * FILE_BYTES, scratchSpareBytes: 10 * FILE_BYTES }
    const broker = await DiskBroker.open(disk, limits)
    const queue = await broker.queue('q')
    const sent = await publishUntilHeld(broker, queue)
    assert.equal(broker.runtime.heldWhy, 'disk-full')
    assert.equal(broker.runtime.isDiskFull, false, 'the journal has its space')
    broker.publish(queue, 'new 1', 'persistent')
    await drained()
    const { count } = consume(broker, queue)
    await drained()
    assert.equal(count(), sent + 1)
    await drained()
    assert.equal(tryPublish(broker, queue, 300), 'taken')
    assert.equal(broker.runtime.failure, null)
  }))

test('scratch files of a killed run are removed, and nothing in them is handed out', async () => {
  const disk = new CrashDisk()
  const broker = await DiskBroker.open(disk, tight)
  const names = await publish(broker, await broker.queue('q'), { count: 300, persistentEvery: 10 })
  assert((await scratchOn(disk)).length > 0)
  const again = disk.killProcess()
  const context = {
    disk: again,
    path: 'data',
    limits: checkedLimits(tinyLimits),
    progress: () => {},
  }
  assert.deepEqual(await settled(verifyJournal(context), 'the look'), [], 'they are no damage')
  assert((await scratchOn(again)).length > 0)
  const next = await DiskBroker.open(again, tight)
  assert.deepEqual(await scratchOn(again), [])
  const taken = next.take(await next.queue('q'))
  await drained()
  assert.deepEqual(
    taken.map(({ name }) => name),
    names.filter((name) => name.startsWith('new')),
  )
})

test('a start that finds scratch files of a killed run on a full disk removes them first', async () => {
  const disk = new CrashDisk()
  const broker = await DiskBroker.open(disk, tight)
  await publish(broker, await broker.queue('q'), { count: 300, persistentEvery: 1_000 })
  const again = disk.killProcess({ capacityBytes: disk.usedBytes })
  const next = await DiskBroker.open(again, tight)
  assert.deepEqual(await scratchOn(again), [])
  assert.equal(next.runtime.isDiskFull, false)
})

test('a clean stop leaves no scratch file, whatever was in them', async () => {
  const disk = new CrashDisk()
  const broker = await DiskBroker.open(disk, tight)
  const queue = await broker.queue('q')
  await publish(broker, queue, { count: 300, persistentEvery: 10 })
  assert((await scratchOn(disk)).length > 0)
  await settled(broker.runtime.close(), 'the close')
  assert.deepEqual(await scratchOn(disk), [])
  assert.deepEqual(disk.openPaths, [])
})

test('messages that cannot be read back are lost, with a word to the operator, and all others come', () =>
  expectMark('dispatch/transient-lost', async () => {
    const disk = new CrashDisk()
    const failed: string[] = []
    const broker = await DiskBroker.openWith(disk, {
      limits: tight,
      journal: {},
      failed: (text) => failed.push(text),
    })
    const queue = await broker.queue('q')
    const sent = await publish(broker, queue, { count: 300, persistentEvery: 10 })
    const [first = ''] = await scratchOn(disk)
    const file = await disk.open(`data/${first}`, 'write')
    await file.truncate(100)
    await file.close()
    const taken = broker.take(queue)
    await drained()
    const names = taken.map(({ name }) => name)
    assert.deepEqual(
      names,
      sent.filter((name) => names.includes(name)),
      'in their order',
    )
    assert(names.length < 300 && names.length > 150, `${names.length} came`)
    const kept = sent.filter((name) => name.startsWith('new'))
    assert(kept.every((name) => names.includes(name)))
    assert.equal(failed.length, 1)
    assert.match(failed[0]!, /transient messages there are lost/)
    assert.equal(broker.runtime.failure, null)
    assert.equal(queue.readyCount, 0)
    for (const { sequence } of taken) broker.runtime.settle(queue, sequence, 1)
    await drained()
    assert.deepEqual(await scratchOn(disk), [])
  }))

test('a queue that is purged or deleted lets its scratch files go', async () => {
  const disk = new CrashDisk()
  const broker = await DiskBroker.open(disk, tight)
  for (const life of ['durable', 'session'] as const) {
    const queue = await broker.queue(life, life)
    await publish(broker, queue, { count: 200, persistentEvery: 1_000 })
    assert((await scratchOn(disk)).length > 0)
    if (life === 'durable') await settled(broker.runtime.declare.purge(queue), 'the purge')
    else await settled(broker.runtime.declare.deleteQueue(queue), 'the deletion')
    await drained()
    assert.deepEqual(await scratchOn(disk), [])
  }
})

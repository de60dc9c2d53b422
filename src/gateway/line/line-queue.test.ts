/** The queue behind a line socket: whose it is, what becomes of it, and what it cannot be. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DiskBroker } from '../../../test/broker/disk-broker.ts'
import { MemoryWorld } from '../../../test/processes/memory-world.ts'
import { CrashDisk } from '../../../test/sim/crash-disk.ts'
import { drained, settled } from '../../../test/sim/turn.ts'
import { KiB, MiB } from '../../base/bytes.ts'
import { expectMark } from '../../base/mark.ts'
import type { Disk } from '../../base/ports.ts'
import { DEFAULT_NAMESPACE, Runtime } from '../../broker/runtime.ts'
import type { JournalLimits } from '../../journal/limits.ts'
import type { Queue } from '../../machine/queue.ts'
import { PLAIN_QUEUE } from '../../machine/queue-options.ts'
import { openQueueSink } from './line-queue.ts'
import type { LineOptions } from './options.ts'
import type { QueueSink } from './queue-sink.ts'

const SILENT = { info: () => {}, warn: () => {}, error: () => {} }
const never = new AbortController().signal

/** A broker in memory, in a time that the test moves. */
class Place {
  readonly world: MemoryWorld
  readonly broker: Runtime

  private constructor(world: MemoryWorld, broker: Runtime) {
    this.world = world
    this.broker = broker
  }

  static async open(journalLimits: Partial<JournalLimits> = {}): Promise<Place> {
    const world = new MemoryWorld(1, 'whole')
    const here = { ...world, disk: null as unknown as Disk }
    const options = { world: here, directory: null, durability: 'memory', log: SILENT } as const
    const opening = Runtime.open({ ...options, journalLimits })
    await world.pass(10)
    return new Place(world, await opening)
  }

  /** Moves time until it settles. */
  async drive<T>(promise: Promise<T>): Promise<T> {
    promise.catch(() => {})
    await this.world.pass(10)
    return promise
  }

  sink(name: string, options: LineOptions = {}): Promise<QueueSink> {
    return this.drive(openQueueSink(this.broker, name, options))
  }

  async transientQueue(name: string): Promise<Queue> {
    const options = { ...PLAIN_QUEUE, durable: false }
    const { broker } = this
    const namespace = broker.namespace(DEFAULT_NAMESPACE)!
    const made = await this.drive(broker.declare.queue(namespace, { name, options, owner: null }))
    assert.ok(!('kind' in made))
    return made
  }

  find(name: string): Queue | undefined {
    return this.broker.namespace(DEFAULT_NAMESPACE)?.queues.get(name)
  }
}

test('the queue is made where there is none, and used as it is where there is one', async () => {
  const place = await Place.open()
  const made = await place.sink('made')
  assert.equal(made.offer('a'), 1)
  assert.equal(place.find('made')?.durable, true)
  assert.equal(place.find('made')?.readyCount, 1)
  const there = await place.transientQueue('there')
  const used = await place.sink('there')
  assert.equal(used.offer(Uint8Array.of(1, 2)), 1)
  assert.equal(there.readyCount, 1)
  assert.equal(place.find('there'), there)
})

test('nothing in memory is acknowledged as durable', async () => {
  const place = await Place.open()
  assert.equal((await place.sink('line')).acknowledges, 'never')
})

test('what no queue can be is refused by the name of the option', async () => {
  const place = await Place.open()
  await assert.rejects(place.sink(''), {
    option: 'queue',
    message: /^queue cannot be '': it is em/,
  })
  const long = { messageBytesMax: place.broker.limits.bodyBytes + 1 }
  await assert.rejects(place.sink('line', long), { option: 'messageBytesMax' })
})

test('while the broker has no room clients wait, and what is consumed makes room for them', async () => {
  const place = await Place.open({ memoryBytes: 8 * MiB })
  const sink = await place.sink('line')
  const body = 'x'.repeat(60 * KiB)
  let taken = 0
  while (sink.offer(body) !== 'full') taken++
  assert.ok(taken > 10, `${taken} messages fit`)
  let isIn = false
  const waiting = sink.put(body, never).then(() => {
    isIn = true
  })
  await place.world.pass(1_000)
  assert.equal(isIn, false)
  const purged = place.broker.declare.purge(place.find('line')!)
  await place.world.pass(10)
  await waiting
  assert.equal(await purged, taken)
  assert.equal(place.find('line')?.readyCount, 1)
})

test('a queue that somebody deleted is made again by the next message', async () => {
  const place = await Place.open()
  const sink = await place.sink('line')
  assert.equal(sink.offer('lost with the queue'), 1)
  const before = place.find('line')!
  await place.drive(place.broker.declare.deleteQueue(before))
  const taken = expectMark('line/queue-made-again', () => {
    assert.equal(sink.offer('the next'), 'full')
    return Promise.all([sink.put('the next', never), sink.put('more', never)])
  })
  assert.equal(sink.offer('barging in'), 'full')
  assert.deepEqual(await place.drive(taken), [1, 2])
  assert.notEqual(place.find('line'), before)
  assert.equal(place.find('line')?.readyCount, 2)
  assert.equal(sink.offer('and on'), 3)
})

test('a broker that has closed takes nothing, and nobody waits for it', async () => {
  const place = await Place.open()
  const sink = await place.sink('line')
  await place.drive(place.broker.close())
  assert.equal(sink.offer('late'), 'closed')
  await assert.rejects(place.drive(sink.put('late', never)))
})

test('OK says that the disk has the message, and it is there after a crash', async () => {
  const disk = new CrashDisk()
  const broker = await DiskBroker.open(disk)
  const sink = await settled(openQueueSink(broker.runtime, 'line', {}), 'the sink')
  assert.equal(sink.acknowledges, 'durable')
  for (let index = 0; index < 5; index++) {
    const position = sink.offer(`<new ${index}>`)
    assert.equal(position, index + 1)
    const told = sink.acked(position).then(() => broker.assertDurable(`new ${index}`))
    await settled(told, 'the OK')
  }
  assert.deepEqual(broker.early, [])
  const again = await DiskBroker.open(disk.killProcess())
  const queue = await again.queue('line')
  assert.equal(queue.readyCount, 5)
  // A number that a client was told stays this message's.
  const taken = again.take(queue)
  await drained()
  assert.deepEqual(
    taken.map(({ name, sequence }) => [name, sequence]),
    Array.from({ length: 5 }, (_, index) => [`new ${index}`, index + 1]),
  )
  const more = await settled(openQueueSink(again.runtime, 'line', {}), 'the sink')
  assert.equal(more.offer('<old 5>'), 6)
})

test('a queue that somebody made again in memory alone takes nothing that OK is promised for', async () => {
  const broker = await DiskBroker.open(new CrashDisk())
  const sink = await settled(openQueueSink(broker.runtime, 'line', {}), 'the sink')
  const before = await broker.queue('line')
  await settled(broker.runtime.declare.deleteQueue(before), 'the end of the queue')
  const made = await broker.queue('line', 'session')
  await assert.rejects(settled(sink.put('late', never), 'the put'), /not as durable any more/)
  assert.equal(made.readyCount, 0)
})

test('OK of a queue is worth what its durability says, and never less than what it was', async () => {
  const broker = await DiskBroker.open(new CrashDisk())
  const modes = ['fsync', 'os', 'memory'] as const
  for (const mode of modes) await broker.queue(mode, 'durable', mode)
  const sinks = new Map<string, QueueSink>()
  for (const mode of modes) {
    sinks.set(mode, await settled(openQueueSink(broker.runtime, mode, {}), 'the sink'))
  }
  assert.deepEqual(
    [...sinks.values()].map(({ acknowledges }) => acknowledges),
    ['durable', 'durable', 'never'],
  )
  const remake = async (name: string, durability: 'fsync' | 'os' | 'memory'): Promise<void> => {
    await settled(
      broker.runtime.declare.deleteQueue(await broker.queue(name, 'durable', name as 'os')),
      'the end',
    )
    await broker.queue(name, 'durable', durability)
  }
  await remake('fsync', 'os')
  const late = sinks.get('fsync')!.put('late', never)
  await assert.rejects(settled(late, 'the put'), /not as durable any more/)
  await remake('os', 'fsync')
  assert.equal(await settled(sinks.get('os')!.put('stronger', never), 'the put'), 1)
})

/** What the disk does not give back: messages come once it does, and readers of a stream are told. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AmqpWorld } from '../../test/amqp/amqp-world.ts'
import { CrashDisk } from '../../test/sim/crash-disk.ts'
import { FailingReads } from '../../test/sim/failing-reads.ts'
import { DiskError } from '../base/ports.ts'
import { PLAIN_QUEUE } from '../machine/queue-options.ts'
import { Durable } from './durable.ts'
import { RecordsUnreadable } from './errors.ts'
import { GroupDesks } from './group-desks.ts'
import { OpenEnds } from './open-ends.ts'
import { BrokerQueue } from './queue.ts'
import { BrokerStream } from './stream.ts'

const LIMITS = { bodyBytes: 1_000, bodyBytesMax: 4_000, arrivingBytes: 4_000 }
const COUNT = 20
const RETRY_MS = 1_000
const NUMBERS = Array.from({ length: COUNT }, (_, index) => index)

type Place = {
  readonly disk: CrashDisk
  readonly world: AmqpWorld
  readonly reads: FailingReads
  readonly queue: BrokerQueue<string>
  readonly stream: BrokerStream<string>
}

/** A queue and a stream of twenty bodies each, of which memory has nothing any more. */
async function openPlace(bodyBytes: number): Promise<Place> {
  const disk = new CrashDisk()
  const world = await AmqpWorld.open({}, LIMITS, disk)
  const { broker: runtime, clockwork } = world
  const namespace = runtime.namespace('/')!
  const notes = new Uint8Array(0)
  const queues = [0, 1].map((index) => ({ name: `q${index}`, options: PLAIN_QUEUE, owner: null }))
  for (const each of queues) await clockwork.until(runtime.declare.queue(namespace, each))
  const made = { name: 's', partitions: 1, identity: new Uint8Array(16), notes, durability: null }
  await clockwork.until(runtime.declare.stream(namespace, made))
  const parts = { durable: new Durable(runtime), groups: new GroupDesks(), ends: new OpenEnds() }
  const [queue, filler] = queues.map(({ name }) => {
    const place = { runtime, queue: namespace.queues.get(name)!, ends: parts.ends }
    return new BrokerQueue<string>(place, parts.durable)
  })
  const stream = new BrokerStream<string>(runtime, namespace.streams.get('s')!, parts)
  for (const index of NUMBERS) {
    const body = bodyOf(index, bodyBytes)
    await clockwork.until(queue!.send(body))
    if (bodyBytes <= LIMITS.bodyBytes) await clockwork.until(stream.append({ body }))
  }
  for (const index of NUMBERS) await clockwork.until(filler!.send(bodyOf(index, 500)))
  return { disk, world, reads: new FailingReads(disk), queue: queue!, stream }
}

function bodyOf(index: number, bytes: number): string {
  return `${index} `.padEnd(bytes, `<${index}>`)
}

for (const bodyBytes of [500, 2_500]) {
  test(`messages of ${bodyBytes} bytes that cannot be read are there once they can`, async () => {
    const { world, reads, queue } = await openPlace(bodyBytes)
    const { clockwork } = world
    const consumption = queue.consume()
    reads.begin('io')
    const first = consumption.next()
    await clockwork.advance(3 * RETRY_MS)
    assert.equal(consumption.waitingCount, 0)
    reads.end()
    await clockwork.advance(RETRY_MS)
    for (const index of NUMBERS) {
      const { value } = await clockwork.until(index === 0 ? first : consumption.next())
      assert.equal(value!.body, bodyOf(index, bodyBytes))
      value!.ack()
    }
    world.check()
  })

  test(`who ends meanwhile leaves messages of ${bodyBytes} bytes to others`, async () => {
    const { world, reads, queue } = await openPlace(bodyBytes)
    const { clockwork } = world
    const consumption = queue.consume()
    reads.begin('io')
    const first = consumption.next()
    await clockwork.advance(RETRY_MS)
    await clockwork.until(consumption.close())
    assert.equal((await first).done, true)
    const other = queue.consume()
    await clockwork.advance(RETRY_MS)
    reads.end()
    await clockwork.advance(2 * RETRY_MS)
    const { value } = await clockwork.until(other.next())
    assert.equal(value!.body, bodyOf(0, bodyBytes))
    assert.equal(value!.redelivered, false)
    world.check()
  })
}

/** What came of the first message when its nth read failed; whether there was such a read. */
async function failRead(nth: number, end: 'stay' | 'close'): Promise<boolean> {
  const { world, disk, queue } = await openPlace(3_500)
  const { clockwork } = world
  let reads = 0
  disk.observe({
    issued: ({ kind, number: call }) => {
      if (kind !== 'read' || ++reads !== nth) return
      disk.faults.plan({ call, code: 'io', lasts: 'once', writtenBytes: 0 })
    },
  })
  let consumption = queue.consume()
  await clockwork.settle()
  const isMet = reads === nth
  if (end === 'close') {
    await clockwork.until(consumption.close())
    consumption = queue.consume()
  }
  await clockwork.advance(RETRY_MS)
  const { value } = await clockwork.until(consumption.next())
  assert.equal(value!.body, bodyOf(0, 3_500))
  assert.equal(value!.redelivered, false)
  world.check()
  return isMet
}

test('a body in pieces is whole, whichever read of it fails, and whoever takes it in the end', async () => {
  for (const end of ['stay', 'close'] as const) {
    let nth = 1
    while (await failRead(nth, end)) nth++
    assert(nth > 4, `only ${nth - 1} reads`)
  }
})

for (const code of ['io', 'handles'] as const) {
  test(`who reads a stream that cannot be read (${code}) is told which records, and why, and reads again`, async () => {
    const { world, reads, stream } = await openPlace(500)
    const { clockwork } = world
    const read: string[] = []
    const readAll = async (): Promise<void> => {
      for await (const record of stream.read({ group: 'g' })) {
        read.push(record.body)
        if (record.offset === 4) reads.begin(code)
        if (record.offset === COUNT - 1) return
      }
    }
    const error = await clockwork.until(readAll().catch((thrown: unknown) => thrown))
    assert(error instanceof RecordsUnreadable, String(error))
    assert(error.cause instanceof DiskError)
    assert.equal(error.cause.code, code)
    assert.equal(error.offset, read.length)
    assert.match(error.message, /stream 's', partition 0, offsets .*data\/journal-/)
    assert.match(error.message, code === 'io' ? /check the disk/ : /ulimit -n/)
    world.check()
    reads.end()
    // The group goes on behind what it asked to go on behind.
    await clockwork.until(readAll())
    assert.deepEqual(
      read,
      NUMBERS.map((index) => bodyOf(index, 500)),
    )
  })
}

test('a reader that ends while it reads is told nothing', async () => {
  const { world, reads, stream } = await openPlace(500)
  reads.begin('io')
  const controller = new AbortController()
  const records = stream.read({ signal: controller.signal })
  const first = records.next()
  controller.abort()
  assert.equal((await world.clockwork.until(first)).done, true)
  world.check()
})

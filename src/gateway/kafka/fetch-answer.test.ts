/** Answers to Fetch: copied once from memory or disk, in memory that is used again, each partition for itself. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openColdWorld } from '../../../test/kafka/cold-world.ts'
import { batchesOf, bytesOf, get, got, partitionsOf, put } from '../../../test/kafka/consuming.ts'
import type { Asked } from '../../../test/kafka/kafka-client.ts'
import { KafkaWorld } from '../../../test/kafka/kafka-world.ts'
import { fetch } from '../../../test/kafka/messages.ts'
import { KiB } from '../../base/bytes.ts'
import { Batch } from '../../machine/batch.ts'
import { FORMAT_PLAIN } from '../../machine/message.ts'
import type { Partition } from '../../machine/partition.ts'

function partitionOf(world: KafkaWorld, topic: string): Partition {
  const partition = world.broker.namespace('/')?.streams.get(topic)?.partitions[0]
  assert.ok(partition !== undefined)
  return partition
}

/** Appends a batch that no Kafka client wrote. */
function putForeign(world: KafkaWorld, topic: string): void {
  const batch = new Batch()
  batch.format = FORMAT_PLAIN
  batch.count = 1
  batch.bytes = Buffer.from('not a batch of Kafka')
  batch.size = batch.bytes.length
  world.broker.append(partitionOf(world, topic), batch)
}

test('a partition that holds something else says so, and the others of the answer are as they were', async () => {
  const world = await KafkaWorld.open()
  for (const topic of ['t', 'u', 'v']) await world.topic(topic)
  const client = world.connect()
  await put(client, ['a'])
  putForeign(world, 'u')
  await put(client, ['b'], { topic: 'v' })
  await world.pass(0)
  const wanted = ['t', 'u', 'v'].map((topic) => ({ topic, offset: 0 }))
  assert.deepEqual(await get(client, wanted, { maxWaitMs: 500 }), [[0], { error: 43 }, [0]])
})

test('what is not in memory any more is read from the disk, byte for byte', async () => {
  const world = await openColdWorld(['t', 'u'])
  const client = world.connect()
  for (const offset of [0, 1, 13, 29]) {
    const wanted = ['t', 'u'].map((topic) => ({ topic, offset }))
    const asked = await client.send('Fetch', 11, fetch(wanted))
    for (const [index, partition] of partitionsOf(asked).entries()) {
      const text = bytesOf(partition).toString('latin1')
      const found = [...text.matchAll(/(\d+) of ([tu]) x{500}/g)].map(([, each]) => Number(each))
      assert.deepEqual(
        found,
        Array.from({ length: 30 - offset }, (_, row) => offset + row),
      )
      assert.ok(!text.includes(`of ${'ut'[index]}`))
    }
  }
  world.check()
})

test('a topic that goes while it is read from the disk does not take the others with it', async () => {
  const world = await openColdWorld(['t', 'u', 'v'])
  const client = world.connect()
  const wanted = ['t', 'u', 'v'].map((topic) => ({ topic, offset: 0 }))
  const namespace = world.broker.namespace('/')
  assert.ok(namespace !== undefined)
  const load = world.broker.load.bind(world.broker)
  // Between two reads of the disk, as if another client had come in between.
  world.broker.load = async (partition, row) => {
    if (partition.stream === 'u' && row === 5)
      await world.broker.declare.deleteStream(namespace, 'u')
    await load(partition, row)
  }
  const asked = await client.send('Fetch', 11, fetch(wanted))
  await world.pass(100)
  const all = Array.from({ length: 30 }, (_, offset) => offset)
  assert.deepEqual(got(asked), [all, { error: 3 }, all])
  world.check()
})

test('a client that goes while its answer is read from the disk is not answered', async () => {
  const world = await openColdWorld(['t'])
  const client = world.connect()
  const load = world.broker.load.bind(world.broker)
  world.broker.load = async (partition, row) => {
    if (row === 3) await client.leave()
    await load(partition, row)
  }
  await client.send('Fetch', 11, fetch([{ topic: 't', offset: 0 }]))
  await world.pass(100)
  assert.equal(client.received.length, 0)
  world.check()
})

/** A topic of ten batches, each of another letter and large enough for memory that is used again. */
async function largeWorld(): Promise<KafkaWorld> {
  const world = await KafkaWorld.open()
  await world.topic('t')
  const producer = world.connect()
  for (const letter of 'abcdefghij') await put(producer, [letter.repeat(100 * KiB)])
  return world
}

test('what a client has not taken stays as it is, whatever others fetch meanwhile', async () => {
  const world = await largeWorld()
  const [slow, quick] = [world.connect(), world.connect()]
  slow.isSlow = true
  const one = (offset: number) => fetch([{ topic: 't', offset, maxBytes: 1 }])
  const waiting = [await slow.send('Fetch', 11, one(0)), await slow.send('Fetch', 11, one(1))]
  for (const offset of [2, 3, 4, 5, 6, 7]) {
    const [partition] = partitionsOf(await quick.send('Fetch', 11, one(offset)))
    assert.equal(bytesOf(partition!).filter((byte) => byte === 97 + offset).length, 100 * KiB)
  }
  await slow.takeAll()
  for (const [offset, asked] of waiting.entries()) {
    const [partition] = partitionsOf(asked)
    assert.deepEqual(batchesOf(partition!), [[offset, 1]])
    assert.ok(bytesOf(partition!).filter((byte) => byte === 97 + offset).length >= 100 * KiB)
  }
})

test('one large answer after the other goes out in the same memory', async () => {
  const world = await largeWorld()
  const client = world.connect()
  const memories = new Set<unknown>()
  const write = client.write.bind(client)
  client.write = (bytes) => {
    memories.add(bytes.buffer)
    return write(bytes)
  }
  for (let offset = 0; offset < 10; offset++) {
    await get(client, [{ topic: 't', offset, maxBytes: 1 }])
  }
  assert.equal(memories.size, 1)
})

test('memory is used again as soon as it was taken, though more waits behind it', async () => {
  const world = await largeWorld()
  const client = world.connect()
  client.isSlow = true
  const memories: unknown[] = []
  const write = client.write.bind(client)
  client.write = (bytes) => {
    memories.push(bytes.buffer)
    return write(bytes)
  }
  const asked: Asked<'Fetch'>[] = []
  for (const offset of [0, 1, 2, 3]) {
    if (offset === 3) client.takeSome(1)
    const body = fetch([{ topic: 't', offset, maxBytes: 1 }])
    asked.push(await client.send('Fetch', 11, body))
  }
  assert.deepEqual(
    memories.map((memory) => memories.indexOf(memory)),
    [0, 1, 2, 0],
  )
  await client.takeAll()
  for (const [offset, each] of asked.entries()) {
    const [partition] = partitionsOf(each)
    assert.equal(bytesOf(partition!).filter((byte) => byte === 97 + offset).length, 100 * KiB)
  }
})

test('what comes next is read while the client looks at what it got, and by several but once', async () => {
  const world = await openColdWorld(['t'])
  let reads = 0
  world.disk.observe({ issued: ({ kind }) => void (kind === 'read' && reads++) })
  const [first, second] = [world.connect(), world.connect()]
  for (let offset = 0; offset < 10; offset++) {
    const before = reads
    assert.deepEqual(await get(first, [{ topic: 't', offset, maxBytes: 1 }]), [[offset]])
    const readFirst = reads - before
    assert.deepEqual(await get(second, [{ topic: 't', offset, maxBytes: 1 }]), [[offset]])
    assert.equal(reads - before, readFirst, 'the second found it in memory')
    assert.ok(world.broker.batch(partitionOf(world, 't'), offset + 1) !== null, 'it was read ahead')
  }
})

/** A listener that closes: what is in the log is answered, and nobody waits for those who do not go. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { batchOf, outcomes } from '../../../test/kafka/consuming.ts'
import { KafkaWorld } from '../../../test/kafka/kafka-world.ts'
import {
  commitOffsets,
  createTopics,
  fetch,
  metadata,
  produce,
} from '../../../test/kafka/messages.ts'
import { kafkaLimits } from './limits.ts'

test('what waits for the disk is answered before its client is let go', async () => {
  const world = await KafkaWorld.open({ on: 'disk' })
  await world.topic('t')
  const [producer, committer, maker] = [world.connect(), world.connect(), world.connect()]
  world.syncMs = 5
  const records = batchOf('a')
  const produced = await producer.sendTogether('Produce', 7, [
    produce([{ topic: 't', records }]),
    produce([{ topic: 't', records: batchOf('b') }]),
  ])
  const offsets = commitOffsets([{ topic: 't', offset: 1 }])
  const committed = await committer.send('OffsetCommit', 7, offsets)
  const made = await maker.send('CreateTopics', 7, createTopics([{ name: 'u' }]))
  const behind = await maker.send('Metadata', 9, metadata(null))
  let isClosed: boolean = false
  const closed = world.listener.close().then(() => {
    isClosed = true
  })
  await world.pass(4)
  assert.equal(isClosed, false)
  await world.pass(20)
  assert.deepEqual(
    produced.map((asked) => outcomes(asked)[0]),
    [
      [0, 0],
      [0, 1],
    ],
  )
  assert.equal(committed.answer.topics[0]?.partitions[0]?.errorCode, 0)
  assert.equal(made.answer.topics[0]?.errorCode, 0)
  assert.equal(behind.isAnswered, false, 'nothing new is begun')
  for (const client of [producer, committer, maker]) {
    assert.equal(client.state, 'ended')
    await client.leave()
  }
  await world.clockwork.until(closed)
  world.check()
})

test('a client that does not go is dropped after a while, and so is one whose answer never comes', async () => {
  const world = await KafkaWorld.open({ on: 'disk' })
  await world.topic('t')
  const [rude, stuck] = [world.connect(), world.connect()]
  const asked = await rude.send('Produce', 7, produce([{ topic: 't', records: batchOf('a') }]))
  assert.deepEqual(outcomes(asked), [[0, 0]])
  world.syncMs = 2 * kafkaLimits.drainMs
  await rude.send('Produce', 7, produce([{ topic: 't', records: batchOf('b') }]))
  await stuck.send('Produce', 7, produce([{ topic: 't', records: batchOf('c') }]))
  const closed = world.listener.close()
  await world.pass(kafkaLimits.drainMs - 1)
  assert.deepEqual([rude.state, stuck.state], ['open', 'open'])
  await world.pass(1)
  assert.deepEqual([rude.state, stuck.state], ['destroyed', 'destroyed'])
  await world.clockwork.until(closed)
})

test('what a slow client has still to take is sent to its end, and nothing behind it', async () => {
  const world = await KafkaWorld.open()
  await world.topic('t')
  const [slow, other] = [world.connect(), world.connect()]
  slow.isSlow = true
  await slow.send('Metadata', 9, metadata(null))
  await slow.send('Fetch', 11, fetch([{ topic: 't', offset: 0 }], { maxWaitMs: 1_000 }))
  const closed = world.listener.close()
  await world.pass(2_000)
  await other.leave()
  assert.equal(slow.state, 'ended')
  await slow.takeAll()
  await slow.leave()
  await world.clockwork.until(closed)
  world.check()
})

test('whoever waits for others, or for nothing, is let go at once', async () => {
  const world = await KafkaWorld.open()
  await world.topic('t')
  const [waiting, idle] = [world.connect(), world.connect()]
  await waiting.send('Fetch', 11, fetch([{ topic: 't', offset: 0 }], { maxWaitMs: 60_000 }))
  await world.clockwork.until(world.listener.close())
  assert.deepEqual([waiting.state, idle.state], ['destroyed', 'destroyed'])
  assert.equal(world.clockwork.timers, 0)
  world.check()
})

test('after a failed sync nobody is waited for', async () => {
  const world = await KafkaWorld.open({ on: 'disk' })
  await world.topic('t')
  const client = world.connect()
  const call = world.disk.callCount + 1
  world.disk.faults.plan({ call, code: 'io', lasts: 'until-healed', writtenBytes: 0 })
  await client.send('Produce', 7, produce([{ topic: 't', records: batchOf('a') }]))
  await world.pass(100)
  assert.notEqual(world.broker.failure, null)
  await world.clockwork.until(world.listener.close())
  assert.equal(client.state, 'destroyed')
})

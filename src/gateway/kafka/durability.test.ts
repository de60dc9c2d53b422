/** Topics that are more or less durable than their broker: what is refused, and when producers are answered. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { batchOf, outcomes } from '../../../test/kafka/consuming.ts'
import { KafkaWorld } from '../../../test/kafka/kafka-world.ts'
import { createTopics, produce } from '../../../test/kafka/messages.ts'
import type { CreatableTopicResult } from '../../wire/kafka/messages/create-topics.generated.ts'

const INVALID_CONFIG = 40

async function made(
  world: KafkaWorld,
  durability: string | null,
  manner: 'make' | 'validate' = 'make',
): Promise<CreatableTopicResult> {
  const configs = { 'naru.durability': durability }
  const body = createTopics([{ name: `t-${durability}`, configs }], manner)
  const { topics } = await world.connect().ask('CreateTopics', 7, body)
  return topics[0]!
}

function declared(world: KafkaWorld, name: string): string | null | undefined {
  return world.broker.namespace('/')?.streams.get(name)?.durability
}

test('a topic is made with the durability that is asked for, and follows the broker without', async () => {
  const world = await KafkaWorld.open({ on: 'disk' })
  for (const durability of ['fsync', 'os', null]) {
    assert.equal((await made(world, durability, 'validate')).errorCode, 0)
    assert.equal((await made(world, durability)).errorCode, 0)
    assert.equal(declared(world, `t-${durability}`), durability)
  }
})

test('a durability that is none, or that no topic can have, is refused with the reason, validated or made', async () => {
  const [onDisk, inMemory] = [await KafkaWorld.open({ on: 'disk' }), await KafkaWorld.open()]
  const cases = [
    [onDisk, 'disk', /naru\.durability=disk is not possible/],
    [onDisk, 'memory', /durability memory: its offsets would be given out again/],
    [inMemory, 'os', /durability os: this broker has no files/],
  ] as const
  for (const [world, durability, reason] of cases) {
    for (const manner of ['validate', 'make'] as const) {
      const { errorCode, errorMessage } = await made(world, durability, manner)
      assert.equal(errorCode, INVALID_CONFIG)
      assert.match(errorMessage ?? '', reason)
    }
    assert.equal(world.broker.namespace('/')?.streams.size, 0)
  }
  assert.equal((await made(inMemory, 'memory')).errorCode, 0)
})

test('a topic that is not synced is answered when the system has its records, and others when the disk has', async () => {
  const world = await KafkaWorld.open({ on: 'disk' })
  for (const durability of ['os', null]) await made(world, durability)
  world.syncMs = 50
  const client = world.connect()
  const records = batchOf('x')
  const quick = await client.send('Produce', 7, produce([{ topic: 't-os', records }]))
  await world.pass(1)
  assert.deepEqual([quick.isAnswered, outcomes(quick)[0]], [true, [0, 0]])
  const slow = await client.send('Produce', 7, produce([{ topic: 't-null', records }]))
  await world.pass(40)
  assert.equal(slow.isAnswered, false)
  await world.pass(20)
  assert.equal(slow.isAnswered, true)
  // One answer for both is given when the strictest has it.
  const both = produce([
    { topic: 't-null', records },
    { topic: 't-os', records },
  ])
  const last = await client.send('Produce', 7, both)
  await world.pass(40)
  assert.equal(last.isAnswered, false)
  await world.pass(20)
  assert.equal(last.isAnswered, true)
  world.check()
})

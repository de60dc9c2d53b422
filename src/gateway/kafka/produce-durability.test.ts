/** When batches are acknowledged, and what producers hear while there is no room, no space, or no disk. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { tinyLimits } from '../../../test/journal/journal-world.ts'
import { batchOf, outcomes } from '../../../test/kafka/consuming.ts'
import type { Asked } from '../../../test/kafka/kafka-client.ts'
import { KafkaWorld } from '../../../test/kafka/kafka-world.ts'
import { produce } from '../../../test/kafka/messages.ts'
import { SyncWitness } from '../../../test/sim/sync-witness.ts'

test('nothing is acknowledged before it is synced, whether one or all are asked for', async () => {
  const law = fc.asyncProperty(
    fc.array(
      fc.record({
        syncMs: fc.nat({ max: 9 }),
        passMs: fc.nat({ max: 6 }),
        acks: fc.constantFrom(1, -1),
      }),
      { minLength: 1, maxLength: 12 },
    ),
    async (steps) => {
      const world = await KafkaWorld.open({ on: 'disk' })
      await world.topic('t')
      const witness = new SyncWitness((_path, bytes) => {
        return (
          Buffer.from(bytes)
            .toString('latin1')
            .match(/record-\d+;/g) ?? []
        )
      })
      witness.watch(world.disk)
      const client = world.connect()
      let answers = 0
      client.onAnswer = () => assert.ok(witness.isDurable(`record-${answers++};`), 'too early')
      const all: Asked<'Produce'>[] = []
      for (const [index, { syncMs, passMs, acks }] of steps.entries()) {
        world.syncMs = syncMs
        const records = batchOf(`record-${index};`)
        all.push(await client.send('Produce', 7, produce([{ topic: 't', records }], { acks })))
        await world.pass(passMs)
      }
      await world.pass(1_000)
      assert.deepEqual(
        all.map((asked) => outcomes(asked)[0]),
        steps.map((_, index) => [0, index]),
      )
      world.check()
    },
  )
  await fc.assert(law, { numRuns: 60 })
})

/** A broker whose journal has files of 4 KiB, so that a few batches are much. */
async function smallWorld(): Promise<KafkaWorld> {
  const world = await KafkaWorld.open({
    on: 'disk',
    journalLimits: tinyLimits,
    brokerLimits: { batchBytes: 1_000 },
  })
  await world.topic('t')
  return world
}

test('while the disk is slow producers wait for room, keep their order, and all is taken in the end', async () => {
  const world = await smallWorld()
  world.syncMs = 20
  const clients = [world.connect(), world.connect()]
  const all: Asked<'Produce'>[] = []
  for (let index = 0; index < 60; index++) {
    const records = batchOf(`${index}`.padStart(3, '0') + 'x'.repeat(700))
    const client = clients[index % 2]!
    all.push(await client.send('Produce', 7, produce([{ topic: 't', records }])))
  }
  assert.ok(all.filter(({ isAnswered }) => isAnswered).length < 60, 'the disk was not slow')
  await world.pass(5_000)
  const offsets = all.map((asked) => outcomes(asked)[0]!)
  assert.ok(offsets.every(([error]) => error === 0))
  assert.deepEqual(
    [...offsets].map(([, offset]) => offset).sort((a, b) => a - b),
    Array.from({ length: 60 }, (_, index) => index),
  )
  for (const turn of [0, 1]) {
    const own = offsets.filter((_, index) => index % 2 === turn).map(([, offset]) => offset)
    assert.deepEqual(
      own,
      [...own].sort((a, b) => a - b),
      'each in its order',
    )
  }
  world.check()
})

test('a full disk is an error that clients retry, and goes away with space', async () => {
  const world = await smallWorld()
  world.disk.capacityBytes = world.disk.usedBytes + 8 * 4_096
  const client = world.connect()
  const send = async (): Promise<number | undefined> => {
    const records = batchOf('x'.repeat(700))
    const asked = await client.send('Produce', 7, produce([{ topic: 't', records }]))
    await world.pass(10)
    return outcomes(asked)[0]?.[0]
  }
  const errors: (number | undefined)[] = []
  while (errors.at(-1) !== 56 && errors.length < 200) errors.push(await send())
  assert.equal(errors.at(-1), 56)
  assert.ok(errors.length > 5 && errors.slice(0, -1).every((error) => error === 0))
  world.disk.capacityBytes = Number.POSITIVE_INFINITY
  await world.pass(5_000)
  assert.equal(await send(), 0)
  world.check()
})

test('a client that goes while its batch waits for room takes the batch with it, and nobody else', async () => {
  const world = await smallWorld()
  world.syncMs = 50
  const [first, second] = [world.connect(), world.connect()]
  const answered: Asked<'Produce'>[] = []
  for (let index = 0; index < 40; index++) {
    const client = index % 2 === 0 ? first : second
    const records = batchOf('x'.repeat(700))
    const asked = await client.send('Produce', 7, produce([{ topic: 't', records }]))
    if (client === second) answered.push(asked)
  }
  await first.leave()
  await world.pass(5_000)
  assert.ok(answered.every((asked) => outcomes(asked)[0]?.[0] === 0))
  assert.equal(world.listener.clients, 1)
  world.check()
})

test('after a failed sync nothing is acknowledged and every producer is told of the storage', async () => {
  const world = await KafkaWorld.open({ on: 'disk' })
  await world.topic('t')
  const client = world.connect()
  const call = world.disk.callCount + 1
  world.disk.faults.plan({ call, code: 'io', lasts: 'until-healed', writtenBytes: 0 })
  const lost = await client.send('Produce', 7, produce([{ topic: 't', records: batchOf('a') }]))
  await world.pass(10_000)
  assert.equal(lost.isAnswered, false)
  assert.notEqual(world.broker.failure, null)
  const other = world.connect()
  const refused = await other.send('Produce', 7, produce([{ topic: 't', records: batchOf('b') }]))
  assert.deepEqual(outcomes(refused), [[56, -1]])
  assert.deepEqual(world.clockwork.errors, [])
})

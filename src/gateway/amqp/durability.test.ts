/** The argument x-durability of a queue: what it may say, and when messages are confirmed then. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AmqpWorld, ack, consume, declare, publish } from '../../../test/amqp/amqp-world.ts'
import { selectConfirms } from '../../../test/amqp/phrases.ts'
import { type FieldTable, type FieldValue, longString } from '../../wire/amqp/field-table.ts'
import type { Fields } from '../../wire/amqp/method-codec.ts'

type Declared = Partial<Fields<'queue.declare'>>

const PERSISTENT = { deliveryMode: 2 }

function durability(value: string | FieldValue, ...others: FieldTable): FieldTable {
  const field = typeof value === 'string' ? longString(value) : value
  return [...others, { name: 'x-durability', value: field }]
}

const kept = (value: string, ...others: FieldTable): Declared => {
  return { durable: true, arguments: durability(value, ...others) }
}

const quorum = { name: 'x-queue-type', value: longString('quorum') }

async function refusalOf(world: AmqpWorld, options: Declared): Promise<string> {
  const client = await world.client()
  const [heard = ''] = await client.say(declare(1, 'q', options))
  assert.equal(world.broker.namespace('/')?.queues.size, 0)
  return heard
}

const refusal = (text: string): string =>
  `1 channel.close replyCode=406 replyText=PRECONDITION_FAILED - ${text} classId=50 methodId=10`

test('a queue is declared with a durability, again with the same, and not with another', async () => {
  const world = await AmqpWorld.open({}, {}, { syncMs: 0 })
  for (const [first, second, received, current] of [
    ['os', 'fsync', "the value 'fsync' of type 'longstr'", "the value 'os' of type 'longstr'"],
    ['memory', '', 'none', "the value 'memory' of type 'longstr'"],
  ] as const) {
    const client = await world.client()
    const name = `q-${first}`
    for (let again = 0; again < 2; again++) {
      client.forget()
      await client.say(declare(1, name, kept(first)))
      await world.clockwork.advance(1)
      assert.equal(
        client.heard[0],
        `1 queue.declare-ok queue=${name} messageCount=0 consumerCount=0`,
      )
    }
    client.forget()
    await client.say(declare(1, name, second === '' ? { durable: true } : kept(second)))
    const what = `inequivalent arg 'x-durability' for queue '${name}' in vhost '/'`
    assert.equal(
      client.heard[0],
      refusal(`${what}: received ${received} but current is ${current}`),
    )
  }
  world.check()
})

test('a durability that is none is refused as other wrong arguments are', async () => {
  const invalid = "invalid arg 'x-durability' for queue 'q' in vhost '/': "
  for (const [value, text] of [
    ['disk', "'disk' is none of 'fsync', 'os', 'memory'"],
    ['', "'' is none of 'fsync', 'os', 'memory'"],
    [{ type: 'I', value: 1 }, "'1' is none of 'fsync', 'os', 'memory'"],
  ] as const) {
    const world = await AmqpWorld.open()
    const options = { durable: true, arguments: durability(value) }
    assert.equal(await refusalOf(world, options), refusal(invalid + text))
  }
})

test('a durability that the queue or the broker cannot keep is refused with the reason', async () => {
  const invalid = "invalid arg 'x-durability' for queue 'q' in vhost '/': "
  const gone =
    "'fsync' is not possible: it is not durable, and is gone with its messages after a restart"
  const onDisk = await AmqpWorld.open({}, {}, { syncMs: 0 })
  const inMemory = await AmqpWorld.open()
  for (const [world, options, text] of [
    [onDisk, { arguments: durability('fsync') }, gone],
    [onDisk, { ...kept('fsync'), exclusive: true }, gone],
    [onDisk, kept('memory', quorum), "'memory' is not possible: a quorum queue keeps its messages"],
    [inMemory, kept('os'), "'os' is not possible: this broker has no files"],
  ] as const) {
    assert.equal(await refusalOf(world, options), refusal(invalid + text))
  }
  const client = await onDisk.client()
  await client.say(declare(1, 'q', kept('os', quorum)))
  await onDisk.clockwork.advance(1)
  assert.equal(client.heard[0], '1 queue.declare-ok queue=q messageCount=0 consumerCount=0')
})

test('a message is confirmed, and delivered, as soon as its queue asks for no more', async () => {
  const pace = { syncMs: 0 }
  const world = await AmqpWorld.open({}, {}, pace)
  const client = await world.client()
  await client.say(selectConfirms(1))
  for (const mode of ['fsync', 'os', 'memory']) {
    await client.say(declare(1, mode, kept(mode)))
    await world.clockwork.advance(1)
    await client.say(consume(1, mode, { consumerTag: mode }))
  }
  await world.clockwork.advance(1)
  pace.syncMs = 50
  const hear = async (key: string, ms: number): Promise<readonly string[]> => {
    client.forget()
    await client.say(publish(1, { key, body: key, properties: PERSISTENT }))
    await world.clockwork.advance(ms)
    return client.heard.map((line) => line.split(' ').slice(1, 2).join(' ')).toSorted()
  }
  const both = ['basic.ack', 'basic.deliver']
  assert.deepEqual(await hear('memory', 1), both)
  assert.deepEqual(await hear('os', 1), both)
  assert.deepEqual(await hear('fsync', 40), [])
  await world.clockwork.advance(20)
  assert.equal(client.heard.length, 2)
  await client.say(ack(1, 1, 'many'))
  world.check()
})

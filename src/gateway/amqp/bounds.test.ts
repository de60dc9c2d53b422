/** What one client may take of the broker: bytes of a turn, consumers of a channel, queues. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AmqpWorld, consume, declare, publish } from '../../../test/amqp/amqp-world.ts'
import { openChannel } from '../../../test/amqp/phrases.ts'

test('a flood is read a little each turn, and all of it in the end', async () => {
  const world = await AmqpWorld.open({ readBytesPerTurn: 1_000 })
  const client = await world.client()
  await client.say(declare(1, 'q'))
  const message = publish(1, { key: 'q', body: 'x'.repeat(100) })
  const count = 100
  // All of it is there before the broker's turn comes.
  const saying = client.say(...Array.from({ length: count }, () => message))
  const { queues } = world.broker.namespace('/')!
  const taken = queues.get('q')!.readyCount
  assert.ok(taken >= 5 && taken * message.length < 1_000 + message.length, `${taken} in one turn`)
  assert.equal(client.isPaused, true)
  await saying
  assert.equal(queues.get('q')!.readyCount, count)
  assert.equal(client.isPaused, false, 'it goes on by itself')
})

test('a channel has so many consumers, and another channel as many', async () => {
  const world = await AmqpWorld.open({ consumersPerChannel: 2 })
  const client = await world.client()
  const tagged = (channel: number, tag: string): Uint8Array =>
    consume(channel, 'q', { consumerTag: tag })
  await client.say(openChannel(2), declare(1, 'q'), tagged(1, 'a'), tagged(1, 'b'))
  const heard = await client.say(tagged(2, 'c'), tagged(1, 'd'))
  assert.equal(heard[0], '2 basic.consume-ok consumerTag=c')
  assert.match(heard[1] ?? '', /^1 channel\.close replyCode=406 .*too many consumers.*limit 2/)
})

test('there are so many queues, durable and passing ones together', async () => {
  const world = await AmqpWorld.open({}, { queues: 2 })
  const client = await world.client()
  await client.say(declare(1, 'a', { durable: true }), declare(1, 'b'))
  const again = await client.say(declare(1, 'a', { durable: true }))
  assert.match(again.join(), /^1 queue\.declare-ok/, 'what is there is no further one')
  const heard = await client.say(declare(1, 'c'))
  assert.match(heard.join(), /replyCode=406 .*too many queues: limit 2/)
})

/** One conversation, however it is cut: the broker hears the words and not the packets. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  AmqpWorld,
  ack,
  capable,
  consume,
  declare,
  get,
  handshake,
  method,
  publish,
  qos,
} from '../../../test/amqp/amqp-world.ts'

const open = (channel: number): Uint8Array => method(channel, 'channel.open', { outOfBand: '' })

/**
 * Everything that the gateway can do, in rounds: what a client says in one it says without having heard the
 * answers, and what it says in the next it could not have said before.
 */
const rounds: readonly Uint8Array[] = [
  Buffer.concat([
    handshake(capable('consumer_cancel_notify')),
    open(1),
    open(2),
    method(1, 'exchange.declare', {
      ticket: 0,
      exchange: 'x',
      type: 'direct',
      passive: false,
      durable: true,
      autoDelete: false,
      internal: false,
      noWait: false,
      arguments: [],
    }),
    declare(1, 'q', { durable: true }),
    declare(1, '', { exclusive: true, noWait: true }),
    method(1, 'queue.bind', {
      ticket: 0,
      queue: 'q',
      exchange: 'x',
      routingKey: 'k',
      noWait: false,
      arguments: [],
    }),
    method(1, 'confirm.select', { noWait: false }),
    publish(1, { exchange: 'x', key: 'k', body: 'one', properties: { deliveryMode: 2 } }),
    publish(1, { key: 'q', body: 'two, in pieces', pieceSize: 3, properties: { appId: 'script' } }),
    publish(1, { key: 'nowhere', body: 'back', mandatory: true }),
    publish(1, { key: 'q', body: '', properties: { headers: [], deliveryMode: 2 } }),
    get(1, 'q', 'no-ack'),
    qos(2, 1, 'consumer'),
    consume(2, 'q'),
  ]),
  ack(2, 1),
  Buffer.concat([
    method(2, 'basic.nack', { deliveryTag: 2n, multiple: false, requeue: true }),
    open(3),
    publish(3, { exchange: 'missing', key: '', body: 'lost' }),
    method(3, 'channel.close-ok', {}),
    open(3),
    get(3, 'nothing'),
    method(3, 'channel.close-ok', {}),
  ]),
  Buffer.concat([
    method(1, 'queue.delete', {
      ticket: 0,
      queue: 'q',
      ifUnused: false,
      ifEmpty: false,
      noWait: false,
    }),
    method(1, 'channel.close', { replyCode: 200, replyText: '', classId: 0, methodId: 0 }),
    method(0, 'connection.close', { replyCode: 200, replyText: 'bye', classId: 0, methodId: 0 }),
  ]),
]

/** What was heard by channel: only within one is the order promised. Confirms are what they amount to. */
function byChannel(heard: readonly string[]): Record<string, string[]> {
  const channels: Record<string, string[]> = { 0: [], 1: [], 2: [], 3: [], confirmed: [] }
  for (const line of heard) {
    if (line.startsWith('1 basic.ack')) channels.confirmed = [line.replace(' multiple', '')]
    else channels[line.split(' ')[0]!]?.push(line)
  }
  return channels
}

async function hear(
  pieces: readonly Uint8Array[],
  broker?: AmqpWorld,
): Promise<Record<string, string[]>> {
  const world = broker ?? (await AmqpWorld.open())
  const client = world.connect()
  await client.sayInPieces(pieces)
  world.check()
  assert.equal(client.state, 'ended')
  return byChannel(client.heard)
}

/** Server-named queues are named by chance, and the same chance in each run. */
const generated = /amq\.gen-[\w-]{22}/

test('the conversation is answered as RabbitMQ would', async () => {
  const heard = await hear(rounds)
  assert.deepEqual(
    heard['0']?.map((line) => line.split(' ')[1]),
    ['connection.start', 'connection.tune', 'connection.open-ok', 'connection.close-ok'],
  )
  assert.deepEqual(heard['1'], [
    '1 channel.open-ok',
    '1 exchange.declare-ok',
    '1 queue.declare-ok queue=q messageCount=0 consumerCount=0',
    '1 queue.bind-ok',
    '1 confirm.select-ok',
    '1 basic.return replyCode=312 replyText=NO_ROUTE routingKey=nowhere body="back"',
    '1 basic.get-ok deliveryTag=1 exchange=x routingKey=k messageCount=2 deliveryMode=2 body="one"',
    '1 queue.delete-ok messageCount=0',
    '1 channel.close-ok',
  ])
  assert.deepEqual(heard['2'], [
    '2 channel.open-ok',
    '2 basic.qos-ok',
    '2 basic.consume-ok consumerTag=c',
    '2 basic.deliver consumerTag=c deliveryTag=1 routingKey=q appId=script body="two, in pieces"',
    '2 basic.deliver consumerTag=c deliveryTag=2 routingKey=q headers=[] deliveryMode=2 body=""',
    '2 basic.deliver consumerTag=c deliveryTag=3 redelivered routingKey=q headers=[] deliveryMode=2 body=""',
    '2 basic.cancel consumerTag=c noWait',
  ])
  const close = '3 channel.close replyCode=404 replyText=NOT_FOUND - no'
  assert.deepEqual(heard['3'], [
    '3 channel.open-ok',
    `${close} exchange 'missing' in vhost '/' classId=60 methodId=40`,
    '3 channel.open-ok',
    `${close} queue 'nothing' in vhost '/' classId=60 methodId=70`,
  ])
  assert.deepEqual(heard.confirmed, ['1 basic.ack deliveryTag=4'])
  assert.doesNotMatch(JSON.stringify(heard), generated)
})

test('a conversation cut anywhere is answered the same', async () => {
  const whole = await hear(rounds)
  // One broker for all: the conversation deletes what it made, and declares the rest just so again.
  const world = await AmqpWorld.open()
  for (const [index, round] of rounds.entries()) {
    for (let cut = 1; cut < round.length; cut++) {
      const cutRound = [round.subarray(0, cut), round.subarray(cut)]
      const heard = await hear(
        [...rounds.slice(0, index), ...cutRound, ...rounds.slice(index + 1)],
        world,
      )
      assert.deepEqual(heard, whole, `round ${index} cut at ${cut}`)
    }
  }
})

test('a conversation that comes byte by byte is answered the same', async () => {
  const bytes = rounds.flatMap((round) => [...round].map((byte) => Uint8Array.of(byte)))
  assert.deepEqual(await hear(bytes), await hear(rounds))
})

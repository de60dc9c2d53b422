/** Messages whose body has no room in one entry of the broker's journal: in, out, back, and what waits behind them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  AmqpWorld,
  ack,
  bodyFrame,
  consume,
  contentHeader,
  declare,
  get,
  method,
  publish,
  type ScriptedClient,
} from '../../../test/amqp/amqp-world.ts'
import { bareHead, openChannel, selectConfirms } from '../../../test/amqp/phrases.ts'
import { expectMark } from '../../base/mark.ts'

const LETTERS = 'abcdefghijklmnopqrstuvwxyz'
const closeChannel = method(1, 'channel.close', {
  ...{ replyCode: 200, replyText: '', classId: 0, methodId: 0 },
})

/** A broker to which ten bytes are all that one entry holds. */
function openWorld(limits: Parameters<typeof AmqpWorld.open>[0] = {}): Promise<AmqpWorld> {
  return AmqpWorld.open(limits, { bodyBytes: 10, bodyBytesMax: 1_000, arrivingBytes: 2_000 })
}

/** A client to which a large body is going out and that takes nothing; channel 2 is open too. */
async function slowClient(world: AmqpWorld): Promise<ScriptedClient> {
  const client = await world.client()
  await client.say(openChannel(2), declare(1, 'q'), selectConfirms(1))
  client.forget()
  client.isSlow = true
  await client.say(publish(2, { key: 'q', body: LETTERS.repeat(3) }), consume(1, 'q'))
  assert.deepEqual(client.heard, [])
  return client
}

const slowLimits = { outboundBytes: 40, slabBytes: 4_096 }

test('a large body is taken in pieces of any size, and goes out in frames', async () => {
  const world = await openWorld()
  const client = await world.client()
  await client.say(declare(1, 'q'))
  for (const pieceSize of [1, 9, 10, 11, 25, 26]) {
    client.forget()
    const properties = { messageId: 'm', deliveryMode: 2 }
    await client.say(publish(1, { key: 'q', body: LETTERS, pieceSize, properties }), get(1, 'q'))
    assert.match(
      client.heard.join(),
      /^1 basic\.get-ok .* deliveryMode=2 messageId=m body="abcdefghijklmnopqrstuvwxyz" frames=3$/,
    )
  }
  world.check()
})

test('large and small messages keep their order to a consumer', async () => {
  const world = await openWorld()
  const client = await world.client()
  await client.say(declare(1, 'q'), consume(1, 'q'))
  client.forget()
  const bodies = ['one', LETTERS, 'two', `${LETTERS}!`, `${LETTERS}?`, 'three']
  await client.say(...bodies.map((body) => publish(1, { key: 'q', body })))
  assert.deepEqual(
    client.heard.map((line) => /body="([^"]*)"/.exec(line)?.[1]),
    bodies,
  )
  await client.say(ack(1, 6, 'many'))
  assert.equal(world.broker.references, 0)
  world.check()
})

test('a client that dies in the middle of a large body leaves nothing behind', async () => {
  const world = await openWorld()
  const client = await world.client()
  await client.say(declare(1, 'q', { durable: true }), bareHead(1, 'q'), contentHeader(1, 26))
  await client.say(bodyFrame(1, LETTERS.slice(0, 25)))
  await client.leave()
  const announcement = { sizeBytes: 1_000, persistence: 'transient', bringer: null } as const
  const arrivals = [1, 2].map(() => world.broker.arrivals.open(announcement))
  assert(arrivals.every(({ isLetIn }) => isLetIn))
  assert.equal(world.broker.references, 0)
  assert.equal(world.broker.namespace('/')?.queues.get('q')?.readyCount, 0)
  world.check()
})

test('nobody else waits for a large body that comes slowly, and it is confirmed when it is whole', async () => {
  const world = await openWorld()
  const [slow, quick] = [await world.client(), await world.client()]
  await slow.say(
    declare(1, 'q', { durable: true }),
    selectConfirms(1),
    bareHead(1, 'q'),
    contentHeader(1, 26),
  )
  await quick.say(selectConfirms(1))
  const properties = { deliveryMode: 2 }
  for (let at = 0; at < 26; at++) {
    slow.forget()
    quick.forget()
    await slow.say(bodyFrame(1, LETTERS[at]!))
    await quick.say(publish(1, { key: 'q', body: String(at), properties }))
    assert.deepEqual(quick.heard, [`1 basic.ack deliveryTag=${at + 1}`])
    assert.deepEqual(slow.heard, at < 25 ? [] : ['1 basic.ack deliveryTag=1'])
  }
  world.check()
})

test('a slow client gets a large body frame by frame, and what else its channel says behind it', async () => {
  const world = await openWorld(slowLimits)
  const client = await slowClient(world)
  await client.say(publish(1, { key: 'q', body: 'small' }))
  assert(client.pendingBytes < 26 * 3 + 100, 'all of it was written')
  while (client.pendingBytes > 0) await client.takeAll()
  const heads = client.heard.map((line) => line.replace(/ routingKey.*body/, ' body'))
  assert.deepEqual(heads, [
    '1 basic.consume-ok consumerTag=c',
    `1 basic.deliver consumerTag=c deliveryTag=1 body=${JSON.stringify(LETTERS.repeat(3))} frames=8`,
    '1 basic.ack deliveryTag=1',
    '1 basic.deliver consumerTag=c deliveryTag=2 body="small"',
  ])
  world.check()
})

test('an answered get waits behind a large body of the same channel', async () => {
  const world = await openWorld({ ...slowLimits, outboundBytes: 4_000 })
  const client = await world.client()
  await client.say(declare(1, 'q'), declare(1, 'r'))
  for (const body of ['small', LETTERS]) await client.say(publish(1, { key: 'r', body }))
  client.forget()
  await expectMark('amqp/get-behind-a-body', () =>
    client.say(
      consume(1, 'q'),
      publish(1, { key: 'q', body: LETTERS.repeat(3) }),
      get(1, 'r'),
      get(1, 'r'),
      get(1, 'r'),
    ),
  )
  const shown = client.heard.map((line) => line.replace(/ [a-z]*[tT]ag.*body/, ' body'))
  assert.deepEqual(shown.slice(1), [
    `1 basic.deliver body=${JSON.stringify(LETTERS.repeat(3))} frames=8`,
    '1 basic.get-ok body="small"',
    `1 basic.get-ok body="${LETTERS}" frames=3`,
    '1 basic.get-empty',
  ])
  world.check()
})

test('a channel is closed when the body is out that is on its way', async () => {
  const world = await openWorld()
  const client = await world.client()
  await client.say(declare(1, 'q'))
  client.forget()
  // The body goes out a piece a turn, and requests are read meanwhile.
  await expectMark('amqp/close-behind-a-body', async () => {
    await client.say(publish(1, { key: 'q', body: LETTERS.repeat(3) }), get(1, 'q'), closeChannel)
  })
  assert.match(client.heard[0] ?? '', /^1 basic\.get-ok .* frames=8$/)
  assert.equal(client.heard[1], '1 channel.close-ok')
  assert.equal(world.broker.namespace('/')?.queues.get('q')?.readyCount, 1)
  world.check()
})

test('a mistake ends the channel behind the body that is on its way', async () => {
  const world = await openWorld(slowLimits)
  const client = await slowClient(world)
  await client.say(ack(1, 77))
  while (client.pendingBytes > 0) await client.takeAll()
  assert.match(client.heard.at(-2) ?? '', /^1 basic\.deliver .* frames=8$/)
  assert.match(
    client.heard.at(-1) ?? '',
    /^1 channel\.close replyCode=406 .*unknown delivery tag 77/,
  )
  client.isSlow = false
  await client.say(method(1, 'channel.close-ok', {}), openChannel(1))
  assert.equal(client.heard.at(-1), '1 channel.open-ok')
  world.check()
})

test('a client that goes while a large body goes out to it lets go of it', async () => {
  const world = await openWorld(slowLimits)
  const client = await slowClient(world)
  await client.leave()
  const other = await world.client()
  await other.say(consume(1, 'q', { noAck: true }))
  assert.match(other.heard.at(-1) ?? '', /redelivered .* frames=8$/)
  assert.equal(world.broker.references, 0)
  world.check()
})

test('a mandatory large message that nobody gets comes back whole, then its confirm', async () => {
  const world = await openWorld()
  const client = await world.client()
  await client.say(selectConfirms(1))
  client.forget()
  await client.say(publish(1, { key: 'nobody', body: LETTERS, mandatory: true }))
  assert.deepEqual(client.heard, [
    `1 basic.return replyCode=312 replyText=NO_ROUTE routingKey=nobody body="${LETTERS}" frames=3`,
    '1 basic.ack deliveryTag=1',
  ])
  world.check()
})

test('what comes back waits behind a large body that goes out', async () => {
  const world = await openWorld(slowLimits)
  const client = await slowClient(world)
  await expectMark('amqp/return-behind-a-body', () =>
    client.say(publish(1, { key: 'nobody', body: 'small', mandatory: true })),
  )
  while (client.pendingBytes > 0) await client.takeAll()
  assert.deepEqual(
    client.heard.map((line) => line.split(' ')[1]),
    ['basic.consume-ok', 'basic.deliver', 'basic.return', 'basic.ack'],
  )
  world.check()
})

test('a connection brings so many bytes of large messages at once, on all its channels', async () => {
  const world = await openWorld({ bodyBytes: 60, arrivingBytes: 100 })
  const client = await world.client()
  await client.say(openChannel(2), declare(1, 'q'))
  client.forget()
  await client.say(bareHead(1, 'q'), contentHeader(1, 60), bareHead(2, 'q'), contentHeader(2, 41))
  assert.match(
    client.heard.join(),
    /^2 channel\.close replyCode=406 .*too many bytes of large messages/,
  )
  client.forget()
  await client.say(bodyFrame(1, LETTERS.repeat(2)), bodyFrame(1, '12345678'), get(1, 'q'))
  assert.match(client.heard.at(-1) ?? '', /body="(abc.*){2}12345678"/)
  world.check()
})

test('a large body waits until others are through, unless its own connection brings one', async () => {
  const world = await openWorld()
  const [first, second] = [await world.client(), await world.client()]
  await first.say(declare(1, 'q'), bareHead(1, 'q'), contentHeader(1, 1_000))
  await first.say(openChannel(2), openChannel(3), bareHead(2, 'q'))
  await first.say(contentHeader(2, 1_000), bareHead(3, 'q'))
  await second.say(publish(1, { key: 'q', body: LETTERS }), get(1, 'q'))
  assert.deepEqual(second.heard, [])
  first.forget()
  await first.say(contentHeader(3, 26))
  assert.match(first.heard.join(), /^3 channel\.close replyCode=406/)
  await first.leave()
  await second.say()
  assert.match(second.heard.join(), /body="abc.* frames=3$/)
  world.check()
})

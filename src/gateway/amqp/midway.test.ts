/** Messages that are on their way in or out when something ends: an exchange, a broker, a wait for room. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  AmqpWorld,
  bodyFrame,
  capable,
  contentHeader,
  declare,
  handshakeWith,
  method,
  publish,
  type ScriptedClient,
} from '../../../test/amqp/amqp-world.ts'
import {
  bareHead,
  declareDirect,
  deleteExchange,
  openChannel,
  selectConfirms,
} from '../../../test/amqp/phrases.ts'
import { MiB } from '../../base/bytes.ts'

const LETTERS = 'abcdefghijklmnopqrstuvwxyz'
const limits = { bodyBytes: 10, bodyBytesMax: 1_000, arrivingBytes: 2_000 }

/** Two large bodies begin, and nobody else's may before they are through. */
async function bringTwo(client: ScriptedClient): Promise<void> {
  await client.say(openChannel(2), declare(1, 'q'))
  for (const channel of [1, 2]) {
    await client.say(bareHead(channel, 'q'), contentHeader(channel, 1_000))
  }
}

test('a message whose exchange goes while it comes is refused as if it had come later', async () => {
  for (const body of ['short', LETTERS]) {
    const world = await AmqpWorld.open({}, limits)
    const client = await world.client()
    await client.say(selectConfirms(1), openChannel(2), declareDirect(2, 'x'))
    client.forget()
    await client.say(bareHead(1, '', 'x'), contentHeader(1, body.length))
    await client.say(bodyFrame(1, body.slice(0, 3)), deleteExchange(2, 'x'))
    await client.say(bodyFrame(1, body.slice(3)), bodyFrame(1, 'what came too late'))
    assert.deepEqual(client.heard, [
      '2 exchange.delete-ok',
      "1 channel.close replyCode=404 replyText=NOT_FOUND - no exchange 'x' in vhost '/' classId=60 methodId=40",
    ])
    assert.equal(world.broker.references, 0)
    world.check()
  }
})

test('a client whose large body waits for others is told so, and is not taken for dead', async () => {
  const world = await AmqpWorld.open({}, limits)
  const first = await world.client()
  await bringTwo(first)
  const second = world.connect()
  const clientProperties = capable('connection.blocked')
  await second.say(handshakeWith({ clientProperties, heartbeat: 1 }), openChannel(1))
  second.forget()
  await second.say(publish(1, { key: 'q', body: LETTERS }))
  assert.deepEqual(second.heard, ['0 connection.blocked reason=low on memory'])
  await world.clockwork.advance(10_000)
  assert.equal(second.state, 'open')
  await first.leave()
  await second.say()
  assert.equal(second.heard.at(-1), '0 connection.unblocked')
  world.check()
})

test('a client that is held when the broker stops can still answer', async () => {
  const world = await AmqpWorld.open({}, { transientBytes: 4 * MiB })
  const client = await world.client()
  await client.say(declare(1, 'q'))
  const body = 'x'.repeat(100_000)
  for (let sent = 0; !client.isPaused && sent < 100; sent++) {
    await client.say(publish(1, { key: 'q', body }))
  }
  assert.equal(client.isPaused, true)
  const stopped = world.listener.close()
  await client.say(method(0, 'connection.close-ok', {}))
  assert.match(client.heard.at(-1) ?? '', /^0 connection\.close replyCode=320/)
  assert.equal(client.state, 'ended')
  await client.leave()
  await world.clockwork.until(stopped)
  world.check()
})

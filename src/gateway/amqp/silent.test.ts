/** Clients that stop in the middle of a large message: how long others wait for them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  AmqpWorld,
  bodyFrame,
  capable,
  consume,
  contentHeader,
  declare,
  frame,
  get,
  handshakeWith,
  publish,
  type ScriptedClient,
} from '../../../test/amqp/amqp-world.ts'
import {
  bareHead,
  bind,
  declareDirect,
  deleteExchange,
  openChannel,
} from '../../../test/amqp/phrases.ts'
import { MiB } from '../../base/bytes.ts'
import { expectMark } from '../../base/mark.ts'
import { FRAME_HEARTBEAT } from '../../wire/amqp/frame.ts'

const LETTERS = 'abcdefghijklmnopqrstuvwxyz'
const IDLE_MS = 4_000
const SIZE = 1_000
const heartbeat = frame(FRAME_HEARTBEAT, 0, new Uint8Array(0))

/** One large body at a time. */
function openWorld(more: { readonly transientBytes?: number } = {}): Promise<AmqpWorld> {
  const limits = { bodyBytes: 10, bodyBytesMax: SIZE, arrivingBytes: SIZE, arrivalIdleMs: IDLE_MS }
  return AmqpWorld.open({}, { ...limits, ...more })
}

/** A client that has begun a large body, and one whose own has to wait for it. */
async function twoClients(
  world: AmqpWorld,
): Promise<{ readonly first: ScriptedClient; readonly second: ScriptedClient }> {
  const [first, second] = [await world.client(), await world.client()]
  await first.say(declare(1, 'q'), bareHead(1, 'q'), contentHeader(1, SIZE))
  await first.say(bodyFrame(1, LETTERS))
  await expectMark('amqp/large-waits', () => second.say(publish(1, { key: 'q', body: LETTERS })))
  first.forget()
  return { first, second }
}

test('a client that falls silent in the middle of a large message is told, and others go on', async () => {
  const world = await openWorld()
  const { first, second } = await twoClients(world)
  // Signs of life are no part of the message.
  for (let passedMs = 0; passedMs < IDLE_MS; passedMs += IDLE_MS / 4) {
    assert.deepEqual(first.heard, [])
    await first.say(heartbeat)
    await world.clockwork.advance(IDLE_MS / 4)
  }
  assert.deepEqual(first.heard, [
    '0 connection.close replyCode=506 replyText=RESOURCE_ERROR - nothing of a large message came ' +
      'for 4000 ms while others waited to send theirs classId=0 methodId=0',
  ])
  await second.say(get(1, 'q'))
  assert.match(second.heard.join(), /body="abc.* frames=3$/)
  world.check()
})

test('a client that is only slow is not closed, though others wait', async () => {
  const world = await openWorld()
  const { first, second } = await twoClients(world)
  // One frame of the rest, a byte at a time.
  const rest = bodyFrame(1, 'x'.repeat(SIZE - LETTERS.length))
  for (const byte of rest.subarray(0, 100)) {
    await first.say(Uint8Array.of(byte))
    await world.clockwork.advance(IDLE_MS - 1)
  }
  assert.deepEqual(first.heard, [])
  assert.deepEqual(second.heard, [])
  await first.say(rest.subarray(100), get(1, 'q'))
  assert.match(first.heard.join(), /^1 basic\.get-ok .* body=1000 bytes frames=100$/)
  await second.say(get(1, 'q'))
  assert.match(second.heard.join(), /body="abc.* frames=3$/)
  world.check()
})

test('a client may be silent for as long as nobody waits', async () => {
  const world = await openWorld()
  const client = await world.client()
  await client.say(declare(1, 'q'), bareHead(1, 'q'), contentHeader(1, 26))
  client.forget()
  await world.clockwork.advance(1_000 * IDLE_MS)
  await client.say(bodyFrame(1, LETTERS), get(1, 'q'))
  assert.match(client.heard.join(), /^1 basic\.get-ok .* frames=3$/)
  world.check()
})

/** Says it until the broker has no memory left for more, and holds who says it. */
async function fill(client: ScriptedClient, message: Uint8Array): Promise<void> {
  for (let sent = 0; !client.isPaused && sent < 100; sent++) await client.say(message)
  assert.equal(client.isPaused, true)
}

test('a client that is held is not taken for silent', async () => {
  const size = 200_000
  const bodies = { bodyBytes: size / 2, bodyBytesMax: size, arrivingBytes: size }
  const limits = { ...bodies, arrivalIdleMs: IDLE_MS, transientBytes: 4 * MiB }
  const world = await AmqpWorld.open({}, limits)
  const [first, second] = [await world.client(), await world.client()]
  await first.say(openChannel(2), declare(1, 'q'), declare(1, 'full'))
  await first.say(bareHead(1, 'q'), contentHeader(1, size))
  await fill(first, publish(2, { key: 'full', body: 'x'.repeat(size / 2) }))
  await second.say(bareHead(1, 'q'), contentHeader(1, size))
  await world.clockwork.advance(10 * IDLE_MS)
  assert.equal(first.state, 'open')
  const consumer = await world.client()
  await consumer.say(consume(1, 'full', { noAck: true }))
  assert.equal(first.isPaused, false)
  await world.clockwork.advance(2 * IDLE_MS)
  assert.match(first.heard.at(-1) ?? '', /^0 connection\.close replyCode=506/)
  await second.say()
  assert.equal(second.isPaused, false)
  world.check()
})

test('a held message that is refused in the end leaves nobody blocked', async () => {
  const world = await AmqpWorld.open({}, { transientBytes: 4 * MiB })
  const [publisher, other] = [world.connect(), await world.client()]
  const clientProperties = capable('connection.blocked')
  await publisher.say(handshakeWith({ clientProperties }), openChannel(1))
  await other.say(declare(1, 'q'), declareDirect(1, 'x'), bind(1, 'x', 'q'))
  await fill(publisher, publish(1, { exchange: 'x', key: 'q', body: 'x'.repeat(100_000) }))
  assert.equal(publisher.heard.at(-1), '0 connection.blocked reason=low on memory')
  await other.say(deleteExchange(1, 'x'), consume(1, 'q', { noAck: true }))
  assert.match(publisher.heard.at(-2) ?? '', /^1 channel\.close replyCode=404/)
  assert.equal(publisher.heard.at(-1), '0 connection.unblocked')
  world.check()
})

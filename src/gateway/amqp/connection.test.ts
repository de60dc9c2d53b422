/** The life of a connection: who gets in, on which terms, and how it ends. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  AmqpWorld,
  capable,
  contentHeader,
  declare,
  frame,
  handshake,
  type Message,
  method,
  publish,
  type ScriptedClient,
} from '../../../test/amqp/amqp-world.ts'
import { longString } from '../../wire/amqp/field-table.ts'
import { PROTOCOL_HEADER } from '../../wire/amqp/frame.ts'
import type { Fields } from '../../wire/amqp/method-codec.ts'
import { amqpLimits } from './limits.ts'

const NONE: Fields<'connection.close'> = { replyCode: 200, replyText: '', classId: 0, methodId: 0 }

function startOk(fields: Partial<Fields<'connection.start-ok'>>): Uint8Array {
  const response = Buffer.from('\0guest\0guest')
  const whole = { clientProperties: [], mechanism: 'PLAIN', response, locale: 'en_US', ...fields }
  return Buffer.concat([PROTOCOL_HEADER, method(0, 'connection.start-ok', whole)])
}

function tuneOk(fields: Partial<Fields<'connection.tune-ok'>>): Uint8Array {
  const whole = { channelMax: 2047, frameMax: 131072, heartbeat: 0, ...fields }
  return Buffer.concat([startOk({}), method(0, 'connection.tune-ok', whole)])
}

const openVhost = (virtualHost: string): Uint8Array =>
  method(0, 'connection.open', { virtualHost, capabilities: '', insist: false })

const openChannel = (channel: number): Uint8Array =>
  method(channel, 'channel.open', { outOfBand: '' })

/** What a fresh connection hears last. */
async function lastHeard(...said: readonly Uint8Array[]): Promise<string | undefined> {
  const world = await AmqpWorld.open()
  const client = world.connect()
  await client.say(...said)
  world.check()
  return client.heard.at(-1)
}

test('what is not AMQP 0-9-1 is told what is, and let go', async () => {
  for (const greeting of ['GET / HTTP/1.1\r\n', 'AMQP\0\x01\0\0', 'AMQP\x03\x01\0\0']) {
    const world = await AmqpWorld.open()
    const client = world.connect()
    assert.deepEqual(await client.say(Buffer.from(greeting, 'latin1')), ['header 0.0.9.1'])
    assert.equal(client.state, 'ended')
  }
})

test('only what is built is advertised', async () => {
  const heard = await lastHeard(PROTOCOL_HEADER)
  assert.match(heard ?? '', /mechanisms=PLAIN AMQPLAIN locales=en_US$/)
})

test('AMQPLAIN lets in whom PLAIN lets in', async () => {
  const table = [
    { name: 'LOGIN', value: longString('guest') },
    { name: 'PASSWORD', value: longString('guest') },
  ]
  const sized = method(0, 'connection.start-ok', {
    clientProperties: table,
    mechanism: '',
    response: Buffer.alloc(0),
    locale: '',
  })
  // Without its size: behind the frame's head, the method's number and the four bytes of the size.
  const response = sized.subarray(15, sized.length - 7)
  const heard = await lastHeard(startOk({ mechanism: 'AMQPLAIN', response }))
  assert.match(heard ?? '', /^0 connection\.tune channelMax=2047 frameMax=131072 heartbeat=60$/)
})

test('a wrong password is refused in words to a client that understands them, and late', async () => {
  const world = await AmqpWorld.open()
  const client = world.connect()
  await client.say(handshake(capable('authentication_failure_close'), 'mallory'))
  assert.equal(client.heard.length, 1)
  await world.clockwork.advance(amqpLimits.loginRefusedMs)
  assert.equal(
    client.heard.at(-1),
    '0 connection.close replyCode=403 replyText=ACCESS_REFUSED - Login was refused using ' +
      'authentication mechanism PLAIN. For details see the broker logfile. classId=0 methodId=0',
  )
})

test('a wrong password is refused without a word to a client that would not understand', async () => {
  const world = await AmqpWorld.open()
  const client = world.connect()
  await client.say(handshake([], 'mallory'))
  await world.clockwork.advance(amqpLimits.loginRefusedMs)
  assert.equal(client.heard.length, 1)
  assert.equal(client.state, 'destroyed')
  assert.match(world.warnings.join('\n'), /login of 'mallory' refused/)
})

test('guest comes from this machine only', async () => {
  for (const peer of [
    '127.0.0.1:4711',
    '[::1]:4711',
    '[::ffff:127.0.0.1]:4711',
    '/run/naru.sock',
  ]) {
    const world = await AmqpWorld.open()
    const client = world.connect(peer)
    await client.say(handshake())
    assert.equal(client.heard.at(-1), '0 connection.open-ok', peer)
  }
  for (const peer of ['192.168.1.7:4711', '[2001:db8::1]:4711', '10.127.0.0:1', '128.0.0.1:127']) {
    const world = await AmqpWorld.open()
    const client = world.connect(peer)
    await client.say(handshake())
    await world.clockwork.advance(amqpLimits.loginRefusedMs)
    assert.equal(client.state, 'destroyed', peer)
  }
})

test('an unknown mechanism is a mistake', async () => {
  const heard = await lastHeard(startOk({ mechanism: 'EXTERNAL' }))
  assert.match(heard ?? '', /^0 connection\.close replyCode=503 .*'EXTERNAL'/)
})

test('terms that we do not offer are refused', async () => {
  const refused = [
    { frameMax: 0 },
    { frameMax: 131073 },
    { frameMax: 4095 },
    { channelMax: 0 },
    { channelMax: 2048 },
  ]
  for (const terms of refused) {
    const heard = await lastHeard(tuneOk(terms))
    assert.match(
      heard ?? '',
      /^0 connection\.close replyCode=530 replyText=NOT_ALLOWED - negotiated/,
    )
  }
})

test('a vhost that is not there is refused by its name, and an empty one is the default', async () => {
  const heard = await lastHeard(tuneOk({}), openVhost('moon'))
  assert.match(heard ?? '', /replyCode=530 replyText=NOT_ALLOWED - vhost moon not found/)
  assert.equal(await lastHeard(tuneOk({}), openVhost('')), '0 connection.open-ok')
})

test('nothing is opened out of order', async () => {
  const tooEarly = [
    [startOk({}), openVhost('/')],
    [PROTOCOL_HEADER, openVhost('/')],
    [tuneOk({}), method(0, 'connection.tune-ok', { channelMax: 1, frameMax: 4096, heartbeat: 0 })],
  ]
  for (const said of tooEarly) {
    assert.match((await lastHeard(...said)) ?? '', /^0 connection\.close replyCode=504/)
  }
  assert.match(
    (await lastHeard(tuneOk({}), openChannel(1))) ?? '',
    /^0 connection\.close replyCode=505/,
  )
})

test('a handshake that is not over in time is over', async () => {
  const world = await AmqpWorld.open()
  const client = world.connect()
  await client.say(PROTOCOL_HEADER.subarray(0, 5))
  await world.clockwork.advance(amqpLimits.handshakeMs - 1)
  assert.equal(client.state, 'open')
  await client.say(PROTOCOL_HEADER.subarray(5))
  await world.clockwork.advance(1)
  assert.equal(client.state, 'destroyed')
})

test('an open connection without heartbeats is left in peace', async () => {
  const world = await AmqpWorld.open()
  const client = await world.client()
  await world.clockwork.advance(24 * 3600_000)
  assert.equal(client.state, 'open')
  assert.deepEqual(client.heard, [])
})

test('heartbeats are sent where nothing else is, and a silent client is let go', async () => {
  const world = await AmqpWorld.open()
  const client = world.connect()
  await client.say(tuneOk({ heartbeat: 10 }), openVhost('/'))
  client.forget()
  await world.clockwork.advance(20_000)
  assert.equal(client.state, 'open')
  assert.ok(client.heard.length >= 2 && client.heard.every((line) => line === 'heartbeat'))
  await world.clockwork.advance(5_001)
  assert.equal(client.state, 'destroyed')
})

test('any byte is a sign of life', async () => {
  const world = await AmqpWorld.open()
  const client = world.connect()
  await client.say(tuneOk({ heartbeat: 10 }), openVhost('/'))
  for (let round = 0; round < 20; round++) {
    await world.clockwork.advance(9_000)
    await client.say(frame(8, 0, new Uint8Array(0)))
  }
  assert.equal(client.state, 'open')
})

test('a close is answered when everything is let go of, and nothing is read behind it', async () => {
  const world = await AmqpWorld.open()
  const client = await world.client()
  await client.say(declare(1, 'mine', { exclusive: true }))
  const heard = await client.say(method(0, 'connection.close', NONE), openChannel(2))
  assert.deepEqual(heard, ['0 connection.close-ok'])
  assert.equal(client.state, 'ended')
  assert.equal(world.broker.namespace('/')?.queues.size, 0)
})

test('a client that vanishes leaves nothing behind', async () => {
  const world = await AmqpWorld.open()
  const client = await world.client()
  await client.say(declare(1, 'mine', { exclusive: true }), declare(1, 'ours'))
  await client.leave()
  assert.deepEqual([...world.broker.namespace('/')!.queues.keys()], ['ours'])
  assert.equal(world.listener.clientCount, 0)
  world.check()
})

test('when the listener closes, clients are told and waited for', async () => {
  const world = await AmqpWorld.open()
  const [polite, rude] = [await world.client(), await world.client()]
  const closed = world.listener.close()
  await world.clockwork.settle()
  const text = "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'"
  assert.deepEqual(polite.heard, [
    `0 connection.close replyCode=320 replyText=${text} classId=0 methodId=0`,
  ])
  await polite.say(method(0, 'connection.close-ok', {}))
  await polite.leave()
  assert.equal(world.listener.clientCount, 1)
  await world.clockwork.advance(amqpLimits.drainMs)
  assert.equal(rude.state, 'destroyed')
  await world.clockwork.until(closed)
})

test('there is a limit to clients and to the channels of each', async () => {
  const world = await AmqpWorld.open({ connections: 1 })
  const client = world.connect()
  await client.say(tuneOk({ channelMax: 1 }), openVhost('/'), openChannel(1))
  assert.equal(world.connect().state, 'destroyed')
  const heard = await client.say(openChannel(2))
  assert.match(heard.join(), /replyCode=530 .*number of channels opened \(1\)/)
})

test('a channel ends with its mistake and can be opened anew', async () => {
  const world = await AmqpWorld.open()
  const client = await world.client()
  const message: Message = { exchange: 'missing', key: 'k', body: 'x' }
  // What was sent before the client could know is not looked at.
  const heard = await client.say(publish(1, message), publish(1, message), contentHeader(1, 5))
  assert.equal(heard.length, 1)
  assert.match(heard[0] ?? '', /^1 channel\.close replyCode=404/)
  const again = await client.say(method(1, 'channel.close-ok', {}), openChannel(1))
  assert.deepEqual(again, ['1 channel.open-ok'])
})

test('closes that cross are both answered', async () => {
  const world = await AmqpWorld.open()
  const client = await world.client()
  await client.say(publish(1, { exchange: 'missing', key: 'k', body: 'x' }))
  const heard = await client.say(method(1, 'channel.close', NONE))
  assert.deepEqual(heard, ['1 channel.close-ok'])
  assert.deepEqual(await client.say(openChannel(1)), ['1 channel.open-ok'])
})

test('a client that does not take its answers is not asked for more questions', async () => {
  const world = await AmqpWorld.open({ outboundBytes: 1_000 })
  const client = await world.client()
  await client.say(declare(1, 'q'))
  client.forget()
  client.isSlow = true
  const passive = declare(1, 'q', { passive: true })
  for (let round = 0; round < 100; round++) await client.say(passive, passive)
  assert.ok(client.isPaused, 'its questions are not even read')
  assert.ok(client.pendingBytes < 2_000, `${client.pendingBytes} bytes wait`)
  await drain(client)
  assert.equal(client.heard.length, 200)
  world.check()
})

async function drain(client: ScriptedClient): Promise<void> {
  client.isSlow = false
  await client.takeAll()
  await client.takeAll()
}

/** The way of a message in: where it goes, what comes back, what is confirmed, and what is refused. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  AmqpWorld,
  contentHeader,
  declare,
  frame,
  get,
  method,
  publish,
  qos,
} from '../../../test/amqp/amqp-world.ts'
import { TRANSIENT } from '../../machine/page.ts'
import { longString } from '../../wire/amqp/field-table.ts'

const select = method(1, 'confirm.select', { noWait: false })
const bare = method(1, 'basic.publish', {
  ticket: 0,
  exchange: '',
  routingKey: 'q',
  mandatory: false,
  immediate: false,
})

test('properties pass through as they came', async () => {
  const world = await AmqpWorld.open()
  const client = await world.client()
  const headers = [
    { name: '__proto__', value: longString('a') },
    { name: 'n', value: { type: 'l', value: 2n ** 62n } as const },
  ]
  const properties = {
    contentType: 'text/plain',
    headers,
    priority: 3,
    messageId: 'm',
    timestamp: 7n,
  }
  const heard = await client.say(
    declare(1, 'q'),
    publish(1, { key: 'q', body: 'x', properties }),
    get(1, 'q'),
  )
  assert.equal(
    heard[1],
    '1 basic.get-ok deliveryTag=1 routingKey=q messageCount=0 contentType=text/plain ' +
      'headers=[__proto__,n=4611686018427387904] priority=3 messageId=m timestamp=7 body="x"',
  )
})

test('a message may come in any pieces, between those of other channels', async () => {
  const world = await AmqpWorld.open()
  const client = await world.client()
  await client.say(method(2, 'channel.open', { outOfBand: '' }), declare(1, 'q'))
  client.forget()
  const bodyFrame = (channel: number, text: string) => frame(3, channel, Buffer.from(text))
  await client.say(
    bare,
    publish(2, { key: 'q', body: 'whole' }),
    contentHeader(1, 6),
    publish(2, { key: 'q', body: '' }),
    bodyFrame(1, 'ab'),
    bodyFrame(1, ''),
    publish(2, { key: 'q', body: 'again', pieceSize: 2 }),
    bodyFrame(1, 'cdef'),
    get(1, 'q', 'no-ack'),
    get(1, 'q', 'no-ack'),
    get(1, 'q', 'no-ack'),
    get(1, 'q', 'no-ack'),
  )
  const bodies = client.heard.map((line) => /body=(.*)/.exec(line)?.[1])
  assert.deepEqual(bodies, ['"whole"', '""', '"again"', '"abcdef"'])
})

test('a mandatory message that nobody gets comes back whole, before its confirm', async () => {
  const world = await AmqpWorld.open()
  const client = await world.client()
  await client.say(select)
  client.forget()
  const properties = { appId: 'a' }
  await client.say(
    publish(1, { key: 'nobody', body: 'x', mandatory: true, properties }),
    publish(1, { key: 'nobody', body: 'y'.repeat(200), mandatory: true, pieceSize: 50 }),
    publish(1, { key: 'nobody', body: 'not mandatory' }),
  )
  const back = '1 basic.return replyCode=312 replyText=NO_ROUTE routingKey=nobody'
  assert.deepEqual(client.heard, [
    `${back} appId=a body="x"`,
    `${back} body=200 bytes`,
    '1 basic.ack deliveryTag=3 multiple',
  ])
})

test('persistent messages are confirmed by one frame for many', async () => {
  const world = await AmqpWorld.open()
  const client = await world.client()
  await client.say(declare(1, 'q', { durable: true }), select)
  client.forget()
  const persistent = { deliveryMode: 2 }
  await client.say(
    ...Array.from({ length: 50 }, () =>
      publish(1, { key: 'q', body: 'x', properties: persistent }),
    ),
  )
  assert.equal(client.heard.at(-1), '1 basic.ack deliveryTag=50 multiple')
  assert.ok(client.heard.length <= 2, `${client.heard.length} frames`)
})

test('a second confirm.select does not count anew', async () => {
  const world = await AmqpWorld.open()
  const client = await world.client()
  await client.say(declare(1, 'q'), select, publish(1, { key: 'q', body: 'x' }))
  await client.say(select)
  assert.deepEqual(await client.say(publish(1, { key: 'q', body: 'x' })), [
    '1 basic.ack deliveryTag=2',
  ])
})

test('a route is found anew when something was bound or deleted', async () => {
  const world = await AmqpWorld.open()
  const client = await world.client()
  const message = publish(1, { key: 'q', body: 'x', mandatory: true })
  assert.match((await client.say(message)).join(), /^1 basic\.return/)
  const heard = await client.say(
    declare(1, 'q'),
    message,
    message,
    declare(1, 'q', { passive: true }),
  )
  assert.equal(heard.at(-1), '1 queue.declare-ok queue=q messageCount=2 consumerCount=0')
  const deletion = { ticket: 0, queue: 'q', ifUnused: false, ifEmpty: false, noWait: true }
  const after = await client.say(method(1, 'queue.delete', deletion), message)
  assert.match(after.join(), /^1 basic\.return/)
})

test('a channel that publishes to many ways in turn reaches each', async () => {
  const world = await AmqpWorld.open()
  const client = await world.client()
  const names = Array.from({ length: 20 }, (_, index) => `q${index}`)
  await client.say(...names.map((name) => declare(1, name)))
  for (let round = 0; round < 3; round++) {
    await client.say(...names.map((name) => publish(1, { key: name, body: 'x' })))
  }
  const heard = await client.say(...names.map((name) => declare(1, name, { passive: true })))
  assert.deepEqual(
    heard,
    names.map((name) => `1 queue.declare-ok queue=${name} messageCount=3 consumerCount=0`),
  )
})

test('what is no part of a message where one is due ends the connection', async () => {
  const wrong: readonly (readonly [Uint8Array[], string])[] = [
    [[contentHeader(1, 3)], 'expected method frame, got non method frame instead'],
    [[frame(3, 1, Buffer.from('abc'))], 'expected method frame, got non method frame instead'],
    [
      [bare, qos(1, 1, 'consumer')],
      'expected content header for class 60, got non content header frame',
    ],
    [
      [bare, frame(3, 1, Buffer.from('abc'))],
      'expected content header for class 60, got non content',
    ],
    [
      [bare, contentHeader(1, 3), bare],
      'expected content body, got non content body frame instead',
    ],
    [
      [bare, contentHeader(1, 3), contentHeader(1, 3)],
      'expected content body, got non content body frame instead',
    ],
  ]
  for (const [said, text] of wrong) {
    const world = await AmqpWorld.open()
    const client = await world.client()
    const heard = await client.say(...said)
    assert.equal(heard.length, 1)
    assert.ok(
      heard[0]?.startsWith(`0 connection.close replyCode=505 replyText=UNEXPECTED_FRAME - ${text}`),
    )
  }
})

test('a body that is longer than announced is a broken frame', async () => {
  const world = await AmqpWorld.open()
  const client = await world.client()
  const heard = await client.say(bare, contentHeader(1, 3), frame(3, 1, Buffer.from('abcd')))
  assert.match(
    heard.join(),
    /^0 connection\.close replyCode=501 .*exceeds the remaining content size 3/,
  )
})

test('a body that is too large is refused by its header, and the channel with it', async () => {
  const world = await AmqpWorld.open({ bodyBytes: 1_000 })
  const client = await world.client()
  const heard = await client.say(declare(1, 'q'), publish(1, { key: 'q', body: 'x'.repeat(1_001) }))
  assert.match(
    heard.at(-1) ?? '',
    /^1 channel\.close replyCode=406 .*message size 1001 is larger than configured max size 1000/,
  )
  const fits = await world.client()
  const taken = await fits.say(publish(1, { key: 'q', body: 'x'.repeat(1_000) }), get(1, 'q'))
  assert.match(taken.at(-1) ?? '', /body=1000 bytes$/)
})

test('immediate is not implemented, in the words that clients look for', async () => {
  const world = await AmqpWorld.open()
  const client = await world.client()
  const heard = await client.say(publish(1, { key: 'q', body: 'x', immediate: true }))
  assert.match(
    heard.join(),
    /^0 connection\.close replyCode=540 replyText=NOT_IMPLEMENTED - immediate=true/,
  )
})

test('broken properties end the connection and reach nobody', async () => {
  const world = await AmqpWorld.open()
  const client = await world.client()
  const header = Buffer.from(
    contentHeader(1, 1, { headers: [{ name: 'a', value: longString('b') }] }),
  )
  // The count of the table's bytes says more than there are.
  header[7 + 12 + 2 + 3]! += 1
  const heard = await client.say(declare(1, 'q'), bare, header, frame(3, 1, Buffer.from('x')))
  assert.match(heard.at(-1) ?? '', /^0 connection\.close replyCode=501/)
  assert.equal(world.broker.namespace('/')?.queues.get('q')?.readyCount, 0)
})

test('a message that says who sent it says the truth, or ends its channel', async () => {
  const world = await AmqpWorld.open()
  for (const pieceSize of [1, 100]) {
    const client = await world.client()
    const from = (userId: string): Uint8Array =>
      publish(1, { key: 'q', body: 'xyz', pieceSize, properties: { userId } })
    await client.say(declare(1, 'q'), from('guest'))
    const heard = await client.say(get(1, 'q'), from('mallory'))
    assert.match(heard[0] ?? '', /userId=guest body="xyz"/)
    const text = "user_id property set to 'mallory' but authenticated user was 'guest'"
    assert.deepEqual(heard.slice(1), [
      `1 channel.close replyCode=406 replyText=PRECONDITION_FAILED - ${text} classId=60 methodId=40`,
    ])
  }
  world.check()
})

test('a quorum queue keeps every message, whatever its delivery mode; others keep what asks for it', async () => {
  const world = await AmqpWorld.open({}, { bodyBytes: 50 })
  const client = await world.client()
  const quorum = [{ name: 'x-queue-type', value: longString('quorum') }]
  await client.say(declare(1, 'all', { durable: true, arguments: quorum }))
  await client.say(declare(1, 'some', { durable: true }))
  for (const deliveryMode of [null, 1, 2]) {
    for (const key of ['all', 'some']) {
      for (const body of ['small', 'large'.repeat(20)]) {
        await client.say(publish(1, { key, body, properties: { deliveryMode } }))
      }
    }
  }
  const { queues } = world.broker.namespace('/')!
  const kept = (name: string): number => {
    const queue = queues.get(name)!
    return [...queue.living()].filter((each) => (queue.stateOf(each) & TRANSIENT) === 0).length
  }
  assert.deepEqual([kept('all'), kept('some')], [6, 2])
})

test('who else shall get a copy is refused by the name of the header, and other headers are not', async () => {
  const world = await AmqpWorld.open()
  const list = { type: 'A', value: [longString('other')] } as const
  for (const name of ['CC', 'BCC']) {
    const client = await world.client()
    const headers = [
      { name: 'ACC', value: list },
      { name, value: list },
    ]
    const message = publish(1, { key: 'q', body: 'x', properties: { headers } })
    const heard = await client.say(declare(1, 'q'), message)
    const text = `NOT_IMPLEMENTED - header '${name}' of a message`
    assert.equal(
      heard.at(-1),
      `0 connection.close replyCode=540 replyText=${text} classId=60 methodId=40`,
    )
  }
  const client = await world.client()
  const inner = { type: 'F', value: [{ name: 'CC', value: list }] } as const
  const others = ['C', 'CCC', 'BC', 'XCC', 'cc', 'odd'].map((name) => ({ name, value: inner }))
  const message = publish(1, { key: 'q', body: 'CC', properties: { headers: others } })
  assert.match((await client.say(message, get(1, 'q'))).join(), /headers=\[C,CCC,.*body="CC"$/)
})

test('an expiration that is no time is refused; any other is passed on as it was sent', async () => {
  const world = await AmqpWorld.open()
  const wrong: readonly (readonly [string, string])[] = [
    ['soon', 'no_integer'],
    ['', 'no_integer'],
    [' 5', 'no_integer'],
    ['5 ', '{leftover_string," "}'],
    ['1e3', '{leftover_string,"e3"}'],
    ['-1', '{value_negative,-1}'],
    ['-5x', '{leftover_string,"x"}'],
    ['315360000001', '{value_too_large,315360000001}'],
  ]
  for (const [expiration, reason] of wrong) {
    const client = await world.client()
    const [heard] = await client.say(
      publish(1, { key: 'q', body: 'x', properties: { expiration } }),
    )
    const text = `PRECONDITION_FAILED - invalid expiration '${expiration}': ${reason}`
    assert.equal(heard, `1 channel.close replyCode=406 replyText=${text} classId=60 methodId=40`)
  }
  const client = await world.client()
  for (const expiration of ['60000', '+5', '007', '315360000000']) {
    const message = publish(1, { key: 'q', body: 'x', properties: { expiration } })
    const heard = await client.say(declare(1, 'q'), message, get(1, 'q'))
    assert.equal(/expiration=(.*) body="x"$/.exec(heard.at(-1) ?? '')?.[1], expiration)
  }
})

/** Exchanges and bindings as clients make them: what is refused, who gets what, and when an exchange goes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  AmqpWorld,
  declare,
  get,
  handshake,
  method,
  publish,
  type ScriptedClient,
} from '../../../test/amqp/amqp-world.ts'
import {
  bind,
  declareDirect,
  deleteExchange,
  deleteQueue,
  openChannel,
  reopen,
  unbind,
} from '../../../test/amqp/phrases.ts'
import { longString } from '../../wire/amqp/field-table.ts'
import type { Fields } from '../../wire/amqp/method-codec.ts'

type Declared = Partial<Fields<'exchange.declare'>>

function exchange(name: string, options: Declared = {}): Uint8Array {
  return method(1, 'exchange.declare', {
    ...{ ticket: 0, exchange: name, type: 'direct', passive: false, durable: false },
    ...{ autoDelete: false, internal: false, noWait: false, arguments: [] },
    ...options,
  })
}

const isThere = (name: string): Uint8Array => exchange(name, { passive: true })

async function fresh(): Promise<{ readonly world: AmqpWorld; readonly client: ScriptedClient }> {
  const world = await AmqpWorld.open()
  return { world, client: await world.client() }
}

function refusal(code: number, text: string, methodId: number): string {
  return `1 channel.close replyCode=${code} replyText=${text} classId=40 methodId=${methodId}`
}

const declaredOk = ['1 exchange.declare-ok']

test('an exchange that is declared again just so is the same, with its bindings', async () => {
  const { client } = await fresh()
  await client.say(declare(1, 'q'), declareDirect(1, 'x'), bind(1, 'x', 'q'))
  assert.deepEqual(await client.say(exchange('x'), isThere('x')), [...declaredOk, ...declaredOk])
  const heard = await client.say(publish(1, { exchange: 'x', key: 'q', body: 'a' }), get(1, 'q'))
  assert.match(heard.join(), /exchange=x routingKey=q .*body="a"$/)
})

test('an exchange that is there otherwise is refused in the words that clients look for', async () => {
  const differing: readonly (readonly [Declared, string])[] = [
    [
      { type: 'fanout' },
      "'type' for exchange 'x' in vhost '/': received 'fanout' but current is 'direct'",
    ],
    [
      { durable: true },
      "'durable' for exchange 'x' in vhost '/': received 'true' but current is 'false'",
    ],
    [
      { autoDelete: true },
      "'auto_delete' for exchange 'x' in vhost '/': received 'true' but current is 'false'",
    ],
    [
      { internal: true },
      "'internal' for exchange 'x' in vhost '/': received 'true' but current is 'false'",
    ],
  ]
  for (const [options, text] of differing) {
    const { client } = await fresh()
    const heard = await client.say(exchange('x'), exchange('x', options))
    const expected = refusal(406, `PRECONDITION_FAILED - inequivalent arg ${text}`, 10)
    assert.deepEqual(heard, [...declaredOk, expected])
  }
})

test('kinds and arguments that are not built are refused as such, and nothing is made', async () => {
  const wrong: readonly (readonly [Declared, RegExp])[] = [
    [{ type: 'fanout' }, /^0 connection\.close replyCode=540 .*exchange type 'fanout'/],
    [{ type: 'topic' }, /^0 connection\.close replyCode=540 .*exchange type 'topic'/],
    [{ type: 'headers' }, /^0 connection\.close replyCode=540 .*exchange type 'headers'/],
    [
      { type: 'nope' },
      /replyText=COMMAND_INVALID - unknown exchange type 'nope'|replyText=PRECONDITION_FAILED - unknown exchange type 'nope'/,
    ],
    [
      { arguments: [{ name: 'alternate-exchange', value: longString('y') }] },
      /^0 connection\.close replyCode=540 .*argument 'alternate-exchange' of a exchange/,
    ],
  ]
  for (const [options, text] of wrong) {
    const { world, client } = await fresh()
    assert.match((await client.say(exchange('x', options))).join(), text)
    assert.equal(world.broker.namespace('/')?.exchanges.has('x'), false)
  }
})

test('names that begin with amq. are the broker’s, and the one that is there is any client’s', async () => {
  const { client } = await fresh()
  const [heard] = await client.say(exchange('amq.mine'))
  const text = "ACCESS_REFUSED - exchange name 'amq.mine' contains reserved prefix 'amq.*'"
  assert.equal(heard, refusal(403, text, 10))
  await client.say(reopen(1))
  assert.deepEqual(await client.say(exchange('amq.direct', { durable: true })), declaredOk)
  const [deleted] = await client.say(deleteExchange(1, 'amq.direct'))
  const system = "deletion of system exchange 'amq.direct' in vhost '/' not allowed"
  assert.equal(deleted, refusal(403, `ACCESS_REFUSED - ${system}`, 20))
})

test('the default exchange is neither declared, bound nor deleted by anybody', async () => {
  const { client } = await fresh()
  await client.say(declare(1, 'q'))
  for (const said of [
    exchange(''),
    isThere(''),
    deleteExchange(1, ''),
    bind(1, '', 'q'),
    unbind(1, '', 'q'),
  ]) {
    const [heard = ''] = await client.say(said)
    const text =
      'replyCode=403 replyText=ACCESS_REFUSED - operation not permitted on the default exchange'
    assert.ok(heard.startsWith(`1 channel.close ${text}`), heard)
    await client.say(reopen(1))
  }
})

test('what is not there cannot be bound, and is unbound already', async () => {
  const { client } = await fresh()
  await client.say(declare(1, 'q'), declareDirect(1, 'x'))
  const [noExchange] = await client.say(bind(1, 'nowhere', 'q'))
  assert.match(noExchange ?? '', /replyCode=404 .*no exchange 'nowhere' in vhost '\/'/)
  await client.say(reopen(1))
  const [noQueue] = await client.say(bind(1, 'x', 'nobody'))
  assert.match(noQueue ?? '', /replyCode=404 .*no queue 'nobody' in vhost '\/'/)
  await client.say(reopen(1))
  const undone = await client.say(
    unbind(1, 'x', 'q'),
    unbind(1, 'x', 'nobody'),
    unbind(1, 'no', 'q'),
  )
  assert.deepEqual(undone, ['1 queue.unbind-ok', '1 queue.unbind-ok', '1 queue.unbind-ok'])
})

function bindWith(key: string, args: Fields<'queue.bind'>['arguments']): Uint8Array {
  const place = { ticket: 0, queue: 'q', exchange: 'x', routingKey: key }
  return method(1, 'queue.bind', { ...place, noWait: false, arguments: args })
}

test('a queue gets one copy of a message, however many bindings match, until the last of them goes', async () => {
  const { client } = await fresh()
  const odd = [{ name: 'odd', value: longString('1') }]
  await client.say(declare(1, 'q'), declareDirect(1, 'x'))
  await client.say(bindWith('q', []), bindWith('q', []), bindWith('q', odd), bindWith('other', []))
  const message = publish(1, { exchange: 'x', key: 'q', body: 'a' })
  const count = declare(1, 'q', { passive: true })
  const counts: (string | undefined)[] = []
  for (const said of [bindWith('q', []), unbind(1, 'x', 'q')]) {
    const heard = await client.say(said, message, count)
    counts.push(/messageCount=(\d+)/.exec(heard.join())?.[1])
  }
  assert.deepEqual(counts, ['1', '2'], 'the binding with arguments is one of its own')
  const place = { ticket: 0, queue: 'q', exchange: 'x', routingKey: 'q' }
  const gone = method(1, 'queue.unbind', { ...place, arguments: odd })
  assert.match((await client.say(gone, message, count)).join(), /messageCount=2 /)
})

test('with neither queue nor key a binding is of the queue declared last, by its name', async () => {
  const { client } = await fresh()
  const nameless = { ticket: 0, queue: '', exchange: 'x', noWait: false, arguments: [] }
  await client.say(declare(1, 'q'), declareDirect(1, 'x'))
  await client.say(method(1, 'queue.bind', { ...nameless, routingKey: '' }))
  await client.say(method(1, 'queue.bind', { ...nameless, routingKey: 'k' }))
  for (const key of ['q', 'k']) {
    const heard = await client.say(publish(1, { exchange: 'x', key, body: key }), get(1, 'q'))
    assert.match(heard.join(), new RegExp(`routingKey=${key} .*body="${key}"$`))
  }
  const nobody = await client.say(publish(1, { exchange: 'x', key: '', body: '', mandatory: true }))
  assert.match(nobody.join(), /^1 basic\.return replyCode=312/)
})

test('an exchange that goes with its last binding goes when that is unbound, or its queue deleted', async () => {
  for (const durable of [false, true]) {
    const { world, client } = await fresh()
    const goes = { autoDelete: true, durable }
    await client.say(declare(1, 'q', { durable }), declare(1, 'r', { durable }))
    await client.say(exchange('x', goes), bind(1, 'x', 'q'), bind(1, 'x', 'r'))
    assert.deepEqual(await client.say(deleteQueue(1, 'q'), isThere('x')), [
      '1 queue.delete-ok messageCount=0',
      ...declaredOk,
    ])
    await client.say(deleteQueue(1, 'r'))
    assert.equal(world.broker.namespace('/')?.exchanges.has('x'), false, 'with its last queue')
    await client.say(declare(1, 'q', { durable }), exchange('x', goes))
    assert.deepEqual(await client.say(isThere('x')), declaredOk, 'not before it was bound')
    await client.say(bind(1, 'x', 'q'), unbind(1, 'x', 'q'))
    assert.equal(world.broker.namespace('/')?.exchanges.has('x'), false, 'unbound')
    world.check()
  }
})

test('an exchange goes with the connection that had the last of its queues to itself', async () => {
  const { world, client } = await fresh()
  const other = await world.client()
  await client.say(exchange('x', { autoDelete: true, durable: true }))
  await other.say(declare(1, 'mine', { exclusive: true }), bind(1, 'x', 'mine'))
  await other.leave()
  assert.match((await client.say(isThere('x'))).join(), /replyCode=404 .*no exchange 'x'/)
  world.check()
})

test('an exchange in use is not deleted by who asked for that; without it its bindings are gone', async () => {
  const { client } = await fresh()
  await client.say(declare(1, 'q'), declareDirect(1, 'x'), bind(1, 'x', 'q'))
  const unused = { ticket: 0, exchange: 'x', ifUnused: true, noWait: false }
  const [heard] = await client.say(method(1, 'exchange.delete', unused))
  const inUse = "PRECONDITION_FAILED - exchange 'x' in vhost '/' in use"
  assert.equal(heard, refusal(406, inUse, 20))
  await client.say(reopen(1), deleteExchange(1, 'x'), declareDirect(1, 'x'))
  const lost = publish(1, { exchange: 'x', key: 'q', body: 'x', mandatory: true })
  assert.match((await client.say(lost)).join(), /^1 basic\.return replyCode=312/)
  const again = await client.say(deleteExchange(1, 'x'), deleteExchange(1, 'x'))
  assert.deepEqual(again, ['1 exchange.delete-ok', '1 exchange.delete-ok'])
})

test('nobody publishes to an internal exchange', async () => {
  const { client } = await fresh()
  await client.say(exchange('x', { internal: true }))
  const [heard] = await client.say(publish(1, { exchange: 'x', key: 'k', body: 'a' }))
  const text = "ACCESS_REFUSED - cannot publish to internal exchange 'x' in vhost '/'"
  assert.equal(heard, `1 channel.close replyCode=403 replyText=${text} classId=60 methodId=40`)
})

test('what is in one vhost is not in another', async () => {
  const { world, client } = await fresh()
  await world.clockwork.until(world.broker.declare.namespace('other'))
  const stranger = world.connect()
  const home = handshake()
  const abroad = method(0, 'connection.open', {
    ...{ virtualHost: 'other', capabilities: '', insist: false },
  })
  const ours = method(0, 'connection.open', { virtualHost: '/', capabilities: '', insist: false })
  await stranger.say(home.subarray(0, home.length - ours.length), abroad, openChannel(1))
  assert.equal(stranger.heard.at(-1), '1 channel.open-ok')
  await client.say(declare(1, 'q'), exchange('x'), bind(1, 'x', 'q'))
  await stranger.say(declare(1, 'q', { durable: true }))
  assert.match(stranger.heard.at(-1) ?? '', /^1 queue\.declare-ok queue=q messageCount=0/)
  await stranger.say(publish(1, { key: 'q', body: 'abroad' }))
  assert.deepEqual(await client.say(get(1, 'q')), ['1 basic.get-empty'])
  const missing = await stranger.say(isThere('x'))
  assert.match(missing.join(), /replyCode=404 .*no exchange 'x' in vhost 'other'/)
})

/** Queues as clients declare and delete them: what is there already, whose it is, and how many messages go. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  AmqpWorld,
  ack,
  consume,
  declare,
  get,
  method,
  publish,
  type ScriptedClient,
} from '../../../test/amqp/amqp-world.ts'
import {
  bind,
  cancel,
  deleteQueue,
  openChannel,
  purge,
  reopen,
  unbind,
} from '../../../test/amqp/phrases.ts'
import { type FieldTable, longString } from '../../wire/amqp/field-table.ts'
import type { Fields } from '../../wire/amqp/method-codec.ts'

type Declared = Partial<Fields<'queue.declare'>>

const ofType = (type: string): FieldTable => [{ name: 'x-queue-type', value: longString(type) }]
const quorum: Declared = { durable: true, arguments: ofType('quorum') }

async function fresh(): Promise<{ readonly world: AmqpWorld; readonly client: ScriptedClient }> {
  const world = await AmqpWorld.open()
  return { world, client: await world.client() }
}

function refusal(
  code: number,
  text: string,
  [classId, methodId]: readonly [number, number],
): string {
  return `1 channel.close replyCode=${code} replyText=${text} classId=${classId} methodId=${methodId}`
}

test('a queue that is declared again just so is the same, with what is in it', async () => {
  const { client } = await fresh()
  await client.say(declare(1, 'q'), publish(1, { key: 'q', body: 'held' }), get(1, 'q'))
  await client.say(publish(1, { key: 'q', body: 'ready' }))
  for (const options of [{}, { arguments: ofType('classic') }]) {
    const heard = await client.say(declare(1, 'q', options))
    assert.deepEqual(heard, ['1 queue.declare-ok queue=q messageCount=1 consumerCount=0'])
  }
  await client.say(consume(1, 'q'))
  const heard = await client.say(
    declare(1, 'q', { passive: true, durable: true, autoDelete: true }),
  )
  assert.deepEqual(heard, ['1 queue.declare-ok queue=q messageCount=0 consumerCount=1'])
})

test('a queue that is there otherwise is refused in the words that clients look for', async () => {
  const differing: readonly (readonly [Declared, Declared, string])[] = [
    [
      {},
      { durable: true },
      "'durable' for queue 'q' in vhost '/': received 'true' but current is 'false'",
    ],
    [
      { durable: true },
      {},
      "'durable' for queue 'q' in vhost '/': received 'false' but current is 'true'",
    ],
    [
      {},
      { autoDelete: true },
      "'auto_delete' for queue 'q' in vhost '/': received 'true' but current is 'false'",
    ],
    [
      { durable: true },
      quorum,
      "'x-queue-type' for queue 'q' in vhost '/': received the value 'quorum' of type 'longstr' but current is none",
    ],
  ]
  for (const [first, second, text] of differing) {
    const { client } = await fresh()
    await client.say(declare(1, 'q', first))
    const [heard] = await client.say(declare(1, 'q', second))
    assert.equal(heard, refusal(406, `PRECONDITION_FAILED - inequivalent arg ${text}`, [50, 10]))
  }
})

test('what a queue cannot do yet is refused by the name of the argument, and nothing is made', async () => {
  const names = [
    ...['x-expires', 'x-max-length', 'x-max-length-bytes', 'x-overflow'],
    ...['x-dead-letter-exchange', 'x-dead-letter-routing-key', 'x-dead-letter-strategy'],
    ...['x-single-active-consumer', 'x-max-priority', 'x-delivery-limit', 'x-max-age'],
    ...['x-consumer-timeout', 'x-delayed-retry-type', 'x-delayed-retry-min', 'x-delayed-retry-max'],
  ]
  for (const name of names) {
    const { world, client } = await fresh()
    const heard = await client.say(
      declare(1, 'q', { arguments: [{ name, value: longString('1') }] }),
    )
    const text = `NOT_IMPLEMENTED - argument '${name}' of a queue`
    assert.deepEqual(heard, [
      `0 connection.close replyCode=540 replyText=${text} classId=50 methodId=10`,
    ])
    assert.equal(world.broker.namespace('/')?.queues.size, 0)
  }
})

test('what a consumer cannot ask for yet is refused by the name of the argument', async () => {
  for (const name of ['x-priority', 'x-stream-offset']) {
    const { client } = await fresh()
    const value = { type: 'I', value: 1 } as const
    const heard = await client.say(
      declare(1, 'q'),
      consume(1, 'q', { arguments: [{ name, value }] }),
    )
    assert.match(heard.at(-1) ?? '', new RegExp(`replyCode=540 .*argument '${name}' of a consumer`))
  }
})

test('an argument that nobody knows says nothing, as with RabbitMQ', async () => {
  const { client } = await fresh()
  const odd = { arguments: [{ name: 'x-odd', value: longString('1') }] }
  for (const options of [odd, {}, odd]) {
    const heard = await client.say(declare(1, 'q', options))
    assert.match(heard.join(), /^1 queue\.declare-ok queue=q /)
  }
})

test('a type of queue that is none, or that cannot be so, is refused', async () => {
  const wrong: readonly (readonly [Declared, RegExp])[] = [
    [{ durable: true, arguments: ofType('nope') }, /replyCode=406 .*x-queue-type.*nope/],
    [{ durable: true, arguments: ofType('stream') }, /replyCode=540 .*x-queue-type/],
    [{ arguments: ofType('quorum') }, /replyCode=406 .*'non-durable' for queue 'q' in vhost '\/'/],
    [{ ...quorum, exclusive: true }, /replyCode=406 .*'exclusive-owner' for queue 'q'/],
    [{ ...quorum, autoDelete: true }, /replyCode=406 .*'auto-delete' for queue 'q'/],
  ]
  for (const [options, text] of wrong) {
    const { world, client } = await fresh()
    assert.match((await client.say(declare(1, 'q', options))).join(), text)
    assert.equal(world.broker.namespace('/')?.queues.size, 0)
  }
})

test('a queue without a name gets one that nobody has, and no name means it from then on', async () => {
  const { client } = await fresh()
  const names = new Set<string>()
  for (let count = 0; count < 3; count++) {
    const [heard = ''] = await client.say(declare(1, ''))
    const name = /^1 queue\.declare-ok queue=(amq\.gen-[\w-]{22}) messageCount=0/.exec(heard)?.[1]
    assert.ok(name !== undefined, heard)
    names.add(name)
    const own = await client.say(publish(1, { key: name, body: name }), get(1, '', 'no-ack'))
    assert.ok(own[0]?.endsWith(`body="${name}"`), own[0])
  }
  assert.equal(names.size, 3)
  assert.deepEqual(await client.say(purge(1, '')), ['1 queue.purge-ok messageCount=0'])
  assert.deepEqual(await client.say(deleteQueue(1, '')), ['1 queue.delete-ok messageCount=0'])
  assert.match((await client.say(get(1, ''))).join(), /replyCode=404 .*no queue 'amq\.gen-/)
})

test('no name means nothing while the channel declared no queue', async () => {
  const nothing = 'NOT_FOUND - no previously declared queue'
  for (const said of [
    get(1, ''),
    consume(1, ''),
    purge(1, ''),
    deleteQueue(1, ''),
    bind(1, 'amq.direct', ''),
    unbind(1, 'amq.direct', ''),
  ]) {
    const { client } = await fresh()
    assert.ok((await client.say(said)).join().includes(`replyCode=404 replyText=${nothing}`))
  }
})

test('names that begin with amq. are the broker’s, and line ends are no part of a name', async () => {
  const { client } = await fresh()
  const [heard] = await client.say(declare(1, 'amq.mine'))
  const text = "ACCESS_REFUSED - queue name 'amq.mine' contains reserved prefix 'amq.*'"
  assert.equal(heard, refusal(403, text, [50, 10]))
  const again = await client.say(
    reopen(1),
    declare(1, 'a\r\nq'),
    declare(1, 'aq', { passive: true }),
  )
  assert.deepEqual(again.slice(1), [
    '1 queue.declare-ok queue=aq messageCount=0 consumerCount=0',
    '1 queue.declare-ok queue=aq messageCount=0 consumerCount=0',
  ])
})

test('a queue that is only asked after is not made', async () => {
  const { world, client } = await fresh()
  const [heard] = await client.say(declare(1, 'q', { passive: true }))
  assert.equal(heard, refusal(404, "NOT_FOUND - no queue 'q' in vhost '/'", [50, 10]))
  assert.equal(world.broker.namespace('/')?.queues.size, 0)
})

test('a queue of one connection is locked for every other, and can be published to by all', async () => {
  const { world, client } = await fresh()
  await client.say(declare(1, 'q', { exclusive: true, durable: true }))
  const other = await world.client()
  const asked = [
    declare(1, 'q'),
    declare(1, 'q', { exclusive: true }),
    declare(1, 'q', { passive: true }),
    consume(1, 'q'),
    get(1, 'q'),
    purge(1, 'q'),
    deleteQueue(1, 'q'),
    bind(1, 'amq.direct', 'q'),
    unbind(1, 'amq.direct', 'q'),
  ]
  for (const said of asked) {
    const [heard = ''] = await other.say(said)
    assert.ok(
      heard.startsWith(
        '1 channel.close replyCode=405 replyText=RESOURCE_LOCKED - cannot obtain exclusive access ' +
          "to locked queue 'q' in vhost '/'. It could be originally declared on another connection",
      ),
      heard,
    )
    await other.say(reopen(1))
  }
  await other.say(publish(1, { key: 'q', body: 'from another' }))
  assert.match((await client.say(get(1, 'q'))).join(), /body="from another"$/)
  const own = await client.say(declare(1, 'q', { exclusive: true }))
  assert.match(own.join(), /^1 queue\.declare-ok/)
})

test('deleting says how many were ready, and what is not there is deleted already', async () => {
  const { client } = await fresh()
  const bodies = ['a', 'b', 'c'].map((body) => publish(1, { key: 'q', body }))
  await client.say(declare(1, 'q'), ...bodies, get(1, 'q'))
  assert.deepEqual(await client.say(deleteQueue(1, 'q')), ['1 queue.delete-ok messageCount=2'])
  for (const only of [{}, { ifUnused: true, ifEmpty: true }]) {
    const heard = await client.say(deleteQueue(1, 'q', only))
    assert.deepEqual(heard, ['1 queue.delete-ok messageCount=0'])
  }
  assert.deepEqual(await client.say(ack(1, 1)), [], 'what was held may still be settled')
})

test('a queue in use, or not empty, is not deleted by who asked for that', async () => {
  const { client } = await fresh()
  await client.say(openChannel(2), declare(1, 'q'), consume(2, 'q', { noAck: true }))
  const [used] = await client.say(deleteQueue(1, 'q', { ifUnused: true }))
  const inUse = "PRECONDITION_FAILED - queue 'q' in vhost '/' in use"
  assert.equal(used, refusal(406, inUse, [50, 40]))
  await client.say(reopen(1), cancel(2), publish(1, { key: 'q', body: 'x' }))
  const [full] = await client.say(deleteQueue(1, 'q', { ifUnused: true, ifEmpty: true }))
  const notEmpty = "PRECONDITION_FAILED - queue 'q' in vhost '/' not empty"
  assert.equal(full, refusal(406, notEmpty, [50, 40]))
  const gone = await client.say(reopen(1), get(1, 'q'), deleteQueue(1, 'q', { ifEmpty: true }))
  assert.equal(gone.at(-1), '1 queue.delete-ok messageCount=0', 'what is held does not count')
})

test('purging removes what is ready, says how many, and leaves what somebody holds', async () => {
  const { client } = await fresh()
  const bodies = ['a', 'b', 'c'].map((body, index) =>
    publish(1, { key: 'q', body, properties: { deliveryMode: 1 + (index % 2) } }),
  )
  await client.say(declare(1, 'q', { durable: true }), ...bodies, get(1, 'q'))
  assert.deepEqual(await client.say(purge(1, 'q'), purge(1, 'q')), [
    '1 queue.purge-ok messageCount=2',
    '1 queue.purge-ok messageCount=0',
  ])
  const rest = await client.say(
    declare(1, 'q', { passive: true }),
    publish(1, { key: 'q', body: 'd' }),
    get(1, 'q'),
    get(1, 'q'),
  )
  assert.match(rest[0] ?? '', /messageCount=0/)
  assert.match(rest[1] ?? '', /deliveryTag=2 .*body="d"$/)
  assert.equal(rest[2], '1 basic.get-empty')
  assert.match((await client.say(purge(1, 'nothing'))).join(), /replyCode=404 .*no queue 'nothing'/)
})

test('a queue that goes with its last consumer goes then, and not before the first has come', async () => {
  const { world, client } = await fresh()
  const other = await world.client()
  const auto = { autoDelete: true, durable: true }
  await client.say(declare(1, 'q', auto), get(1, 'q'), consume(1, 'q'))
  await other.say(consume(1, 'q'))
  const isThere = (): boolean => world.broker.namespace('/')?.queues.has('q') === true
  await client.say(cancel(1))
  assert.equal(isThere(), true)
  await other.leave()
  assert.equal(isThere(), false)
  await client.say(declare(1, 'q', auto), get(1, 'q'))
  assert.equal(isThere(), true, 'a get is no consumer')
  world.check()
})

test('who wants no answer gets none, and all is done that was asked for', async () => {
  const { world, client } = await fresh()
  const noWait = true
  const place = { ticket: 0, queue: 'q', exchange: 'x', routingKey: 'k' }
  const plain = { ticket: 0, exchange: 'x', type: 'direct', durable: false, autoDelete: false }
  const heard = await client.say(
    declare(1, 'q', { noWait }),
    method(1, 'exchange.declare', {
      ...plain,
      passive: false,
      internal: false,
      noWait,
      arguments: [],
    }),
    method(1, 'queue.bind', { ...place, noWait, arguments: [] }),
    method(1, 'confirm.select', { noWait }),
    declare(1, 'q', { noWait, passive: true }),
    consume(1, 'q', { noWait, noAck: true }),
    method(1, 'basic.cancel', { consumerTag: 'c', noWait }),
    publish(1, { exchange: 'x', key: 'k', body: 'a' }),
    get(1, 'q'),
    publish(1, { exchange: 'x', key: 'k', body: 'b' }),
    method(1, 'queue.purge', { ticket: 0, queue: 'q', noWait }),
    method(1, 'queue.delete', { ticket: 0, queue: 'q', ifUnused: false, ifEmpty: false, noWait }),
    method(1, 'exchange.delete', { ticket: 0, exchange: 'x', ifUnused: false, noWait }),
  )
  const answers = heard.filter((line) => !line.startsWith('1 basic.ack'))
  assert.equal(answers.length, 1)
  assert.match(answers[0] ?? '', /^1 basic\.get-ok .*body="a"$/)
  assert.ok(heard.length > 1, 'and the confirms')
  const namespace = world.broker.namespace('/')!
  assert.deepEqual([namespace.queues.size, namespace.exchanges.has('x')], [0, false])
})

/** What a client is told that we can do is what we can do, and what we cannot is refused by its name. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  AmqpWorld,
  capable,
  consume,
  declare,
  get,
  method,
  publish,
} from '../../../test/amqp/amqp-world.ts'
import { selectConfirms } from '../../../test/amqp/phrases.ts'
import { type FieldTable, fieldOf } from '../../wire/amqp/field-table.ts'
import { hasCapability, startFields } from './handshake.ts'

/** What the words of a client come to. */
async function heardFor(...said: readonly Uint8Array[]): Promise<string> {
  const world = await AmqpWorld.open()
  const client = await world.client(capable('consumer_cancel_notify'))
  const heard = await client.say(...said)
  world.check()
  return heard.at(-1) ?? ''
}

const priority = [{ name: 'x-priority', value: { type: 'I', value: 1 } as const }]
const bindExchange = {
  ...{ ticket: 0, destination: 'x', source: 'amq.direct', routingKey: '' },
  ...{ noWait: false, arguments: [] },
}

/** A client that makes use of what RabbitMQ advertises, and what it hears where that is there and where not. */
const uses: Readonly<
  Record<string, { said: readonly Uint8Array[]; works: RegExp | null; refused: RegExp | null }>
> = {
  publisher_confirms: { said: [selectConfirms(1)], works: /confirm\.select-ok/, refused: null },
  'basic.nack': {
    said: [
      declare(1, 'q'),
      publish(1, { key: 'q', body: 'x' }),
      get(1, 'q'),
      method(1, 'basic.nack', { deliveryTag: 1n, multiple: false, requeue: true }),
      get(1, 'q'),
    ],
    works: /get-ok deliveryTag=2 redelivered/,
    refused: null,
  },
  consumer_cancel_notify: {
    said: [
      declare(1, 'q'),
      consume(1, 'q'),
      method(1, 'queue.delete', {
        ...{ ticket: 0, queue: 'q', ifUnused: false, ifEmpty: false, noWait: true },
      }),
    ],
    works: /basic\.cancel consumerTag=c/,
    refused: null,
  },
  exchange_exchange_bindings: {
    said: [method(1, 'exchange.bind', bindExchange)],
    works: null,
    refused: /replyCode=540 .*exchange\.bind/,
  },
  consumer_priorities: {
    said: [declare(1, 'q'), consume(1, 'q', { arguments: priority })],
    works: null,
    refused: /replyCode=540 .*x-priority/,
  },
  direct_reply_to: {
    said: [consume(1, 'amq.rabbitmq.reply-to', { noAck: true })],
    works: null,
    refused: /replyCode=404 .*amq\.rabbitmq\.reply-to/,
  },
}

/** Those that the tests of connections show. */
const shownElsewhere = ['connection.blocked', 'authentication_failure_close', 'per_consumer_qos']

test('every capability that is advertised is there, and every one of RabbitMQ’s that is not is refused', async () => {
  const { serverProperties } = startFields
  for (const [name, { said, works, refused }] of Object.entries(uses)) {
    const isSaid = hasCapability(serverProperties, name)
    assert.equal(isSaid, works !== null, name)
    assert.match(await heardFor(...said), (isSaid ? works : refused)!, name)
  }
  const table = fieldOf(serverProperties, 'capabilities')
  assert.ok(table?.type === 'F')
  const known = [...Object.keys(uses), ...shownElsewhere]
  const strange = (table.value as FieldTable).filter(({ name }) => !known.includes(name))
  assert.deepEqual(strange, [], 'a capability that no test shows')
})

test('methods that are not built are refused by their names', async () => {
  const said = [
    method(1, 'tx.select', {}),
    method(1, 'tx.commit', {}),
    method(1, 'tx.rollback', {}),
    method(1, 'exchange.bind', bindExchange),
    method(1, 'exchange.unbind', bindExchange),
  ]
  const names = ['tx.select', 'tx.commit', 'tx.rollback', 'exchange.bind', 'exchange.unbind']
  for (const [index, words] of said.entries()) {
    const text = `0 connection.close replyCode=540 replyText=NOT_IMPLEMENTED - ${names[index]} `
    const heard = await heardFor(words)
    assert.ok(heard.startsWith(text), heard)
  }
})

test('what clients ask for out of habit is answered', async () => {
  assert.equal(
    await heardFor(method(1, 'channel.flow', { active: true })),
    '1 channel.flow-ok active',
  )
  assert.match(
    await heardFor(method(1, 'channel.flow', { active: false })),
    /replyCode=540 replyText=NOT_IMPLEMENTED - active=false/,
  )
  const rights = {
    realm: '/data',
    exclusive: false,
    passive: true,
    active: true,
    write: true,
    read: true,
  }
  assert.equal(await heardFor(method(1, 'access.request', rights)), '1 access.request-ok ticket=1')
  const secret = { newSecret: Buffer.from('new'), reason: 'old' }
  const renewed = await heardFor(method(0, 'connection.update-secret', secret))
  assert.equal(renewed, '0 connection.update-secret-ok')
})

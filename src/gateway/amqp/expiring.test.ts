/** Messages with an expiration, as clients see them come and go; each rule was seen in RabbitMQ 3.10 first. */
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
  qos,
  type ScriptedClient,
} from '../../../test/amqp/amqp-world.ts'
import { longString } from '../../wire/amqp/field-table.ts'

const KINDS = {
  'a classic queue': {},
  'a quorum queue': {
    durable: true,
    arguments: [{ name: 'x-queue-type', value: longString('quorum') }],
  },
} as const

/** No message is published in the first moment of all time. */
const SINCE_1970_MS = 1_000

type Script = { readonly world: AmqpWorld; readonly client: ScriptedClient }

const passive = declare(1, 'q', { passive: true })

function send(body: string, expiration: string | null = null, pieceSize = 100): Uint8Array {
  return publish(1, { key: 'q', body, properties: { expiration }, pieceSize })
}

/** How many messages a queue is said to have. */
async function count({ client }: Script): Promise<number> {
  const [heard = ''] = await client.say(passive)
  return Number(/messageCount=(\d+)/.exec(heard)?.[1])
}

const bodies = (lines: readonly string[]): readonly (string | undefined)[] =>
  lines.map((line) => /body="(.*)"$/.exec(line)?.[1])

function eachKind(title: string, act: (script: Script) => Promise<void>): void {
  for (const [kind, options] of Object.entries(KINDS)) {
    test(`${kind}: ${title}`, async () => {
      const world = await AmqpWorld.open()
      await world.clockwork.advance(SINCE_1970_MS)
      const client = await world.client()
      await client.say(declare(1, 'q', options))
      client.forget()
      await act({ world, client })
      world.check()
    })
  }
}

eachKind('a message goes from the head of its queue when its time is over', async (script) => {
  const { world, client } = script
  await client.say(send('a', '50'))
  assert.equal(await count(script), 1)
  await world.clockwork.advance(49)
  assert.equal(await count(script), 1)
  await world.clockwork.advance(1)
  assert.equal(await count(script), 0)
  assert.deepEqual(await client.say(get(1, 'q')), ['1 basic.get-empty'])
})

eachKind('behind another one it stays, is counted, and is never handed out', async (script) => {
  const { world, client } = script
  await client.say(send('a'), send('b', '30'), send('in pieces', '40', 2))
  await world.clockwork.advance(100)
  assert.equal(await count(script), 3)
  assert.deepEqual(bodies(await client.say(get(1, 'q'))), ['a'])
  assert.equal(await count(script), 0)
})

eachKind('an expiration of 0 is for a consumer with room, or for nobody', async (script) => {
  const { world, client } = script
  await client.say(send('a', '0'))
  assert.equal(await count(script), 0)
  await client.say(qos(1, 1, 'consumer'), consume(1, 'q'))
  client.forget()
  await client.say(send('b', '0'), send('c', '0'))
  assert.equal(await count(script), 0)
  await client.say(ack(1, 1))
  await world.clockwork.advance(10)
  assert.deepEqual(bodies(client.heard).filter(Boolean), ['b'])
})

eachKind('what a client holds does not expire, and does when it is given back', async (script) => {
  const { world, client } = script
  await client.say(send('a', '60'), send('b'))
  await client.say(get(1, 'q'))
  await world.clockwork.advance(100)
  const fields = { deliveryTag: 1n, multiple: false, requeue: true }
  await client.say(method(1, 'basic.nack', fields))
  assert.equal(await count(script), 1)
  assert.deepEqual(bodies(await client.say(get(1, 'q'))), ['b'])
})

eachKind('a purge counts what is there, and not what went before it', async (script) => {
  const { world, client } = script
  await client.say(send('a', '10'), send('b'), send('c', '10'))
  await world.clockwork.advance(20)
  const purge = method(1, 'queue.purge', { ticket: 0, queue: 'q', noWait: false })
  assert.deepEqual(await client.say(purge), ['1 queue.purge-ok messageCount=2'])
})

eachKind('a message is confirmed whether its time is over by then or not', async ({ client }) => {
  const heard = await client.say(
    method(1, 'confirm.select', { noWait: false }),
    send('a', '0'),
    send('b', '1'),
  )
  assert.deepEqual(
    heard.map((line) => line.split(' ')[1]),
    ['confirm.select-ok', 'basic.ack'],
  )
})

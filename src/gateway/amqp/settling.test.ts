/** What clients return, alone and together: what comes again, in which order, to whom, and what is gone. */
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
import { cancel, openChannel } from '../../../test/amqp/phrases.ts'

const nackMany = (tag: number, requeue: boolean): Uint8Array =>
  method(1, 'basic.nack', { deliveryTag: BigInt(tag), multiple: true, requeue })
const reject = (tag: number, requeue: boolean): Uint8Array =>
  method(1, 'basic.reject', { deliveryTag: BigInt(tag), requeue })
const gets = (count: number): Uint8Array => Buffer.concat(Array(count).fill(get(1, 'q')))

/** A client of a queue `q` with messages `1`, `2` and so on, transient and persistent in turn. */
async function withMessages(count: number): Promise<{
  readonly world: AmqpWorld
  readonly client: ScriptedClient
}> {
  const world = await AmqpWorld.open()
  const client = await world.client()
  const messages = Array.from({ length: count }, (_, index) => {
    const properties = { deliveryMode: 1 + (index % 2) }
    return publish(1, { key: 'q', body: `${index + 1}`, properties })
  })
  await client.say(declare(1, 'q', { durable: true }), ...messages)
  client.forget()
  return { world, client }
}

/** Body of every message in these lines, with a star where it was redelivered. */
function bodies(lines: readonly string[]): string {
  return lines
    .flatMap((line) => {
      const match =
        /basic\.(?:deliver|get-ok) .*?( redelivered)?(?: exchange| routingKey).*body="(.*)"/.exec(
          line,
        )
      return match === null ? [] : [`${match[2]}${match[1] === undefined ? '' : '*'}`]
    })
    .join(' ')
}

test('transient and persistent messages of a queue come in the order of publishing', async () => {
  const { client } = await withMessages(9)
  assert.equal(bodies(await client.say(consume(1, 'q'))), '1 2 3 4 5 6 7 8 9')
})

test('many that are returned together come again in their order, before what was never taken', async () => {
  const { client } = await withMessages(6)
  await client.say(gets(4))
  assert.equal(bodies(await client.say(nackMany(3, true), gets(3))), '1* 2* 3*')
  assert.equal(bodies(await client.say(nackMany(0, true), gets(6))), '1* 2* 3* 4* 5 6')
})

test('what is returned in any order comes again in the order of the queue', async () => {
  const { client } = await withMessages(4)
  await client.say(gets(3))
  assert.equal(
    bodies(await client.say(reject(3, true), reject(1, true), reject(2, true), gets(4))),
    '1* 2* 3* 4',
  )
})

test('many that are refused without return are gone, and so is one', async () => {
  const { client } = await withMessages(5)
  await client.say(gets(4))
  assert.equal(bodies(await client.say(nackMany(2, false), reject(4, false), gets(2))), '5')
  assert.equal(bodies(await client.say(nackMany(0, true), gets(3))), '3* 5*')
})

test('many that are acknowledged leave room for as many, within the prefetch', async () => {
  const { client } = await withMessages(9)
  assert.equal(bodies(await client.say(qos(1, 4, 'consumer'), consume(1, 'q'))), '1 2 3 4')
  assert.equal(bodies(await client.say(ack(1, 3, 'many'))), '5 6 7')
  assert.equal(bodies(await client.say(ack(1, 0, 'many'))), '8 9')
})

test('many means those of the channel alone', async () => {
  const { client } = await withMessages(3)
  await client.say(openChannel(2), get(2, 'q'), get(1, 'q'))
  await client.say(nackMany(0, true))
  assert.equal(bodies(await client.say(gets(2))), '2* 3')
  assert.deepEqual(await client.say(ack(2, 1)), [])
})

test('a consumer that returns a message may be the next to get it', async () => {
  const { client } = await withMessages(2)
  assert.equal(bodies(await client.say(qos(1, 1, 'consumer'), consume(1, 'q'))), '1')
  assert.equal(bodies(await client.say(reject(1, true))), '1*')
  assert.equal(bodies(await client.say(ack(1, 2))), '2')
})

test('a consumer without room is passed over, and the others take their turns', async () => {
  const { world, client } = await withMessages(0)
  const other = await world.client()
  await client.say(qos(1, 1, 'consumer'), consume(1, 'q'))
  await other.say(consume(1, 'q'), consume(1, 'q', { consumerTag: 'd' }))
  const messages = Array.from({ length: 7 }, (_, index) =>
    publish(1, { key: 'q', body: `${index + 1}` }),
  )
  await client.say(...messages)
  assert.equal(bodies(client.heard), '1')
  assert.equal(bodies(other.heard), '2 3 4 5 6 7')
  const tags = other.heard.flatMap((line) => /deliver consumerTag=(\w)/.exec(line)?.[1] ?? [])
  assert.deepEqual(tags, ['c', 'd', 'c', 'd', 'c', 'd'])
  const more = ['8', '9', '10'].map((body) => publish(1, { key: 'q', body }))
  await client.say(ack(1, 1), ...more)
  assert.match(bodies(client.heard), /^1 (8|9|10)$/, 'it has room again, and its turn')
})

test('what a cancelled consumer holds counts in the window of its channel until it is settled', async () => {
  const { client } = await withMessages(4)
  await client.say(qos(1, 2, 'channel'), consume(1, 'q'))
  assert.equal(bodies(await client.say(cancel(1), consume(1, 'q', { consumerTag: 'd' }))), '')
  assert.equal(bodies(await client.say(ack(1, 2, 'many'))), '3 4')
})

test('a prefetch in bytes is not implemented, in the words of RabbitMQ', async () => {
  const { client } = await withMessages(0)
  const heard = await client.say(
    method(1, 'basic.qos', { prefetchSize: 10, prefetchCount: 0, global: false }),
  )
  assert.deepEqual(heard, [
    '0 connection.close replyCode=540 replyText=NOT_IMPLEMENTED - prefetch_size!=0 (10) ' +
      'classId=60 methodId=10',
  ])
})

test('the window of a channel is its consumers’: what was asked for one by one is beside it', async () => {
  const { client } = await withMessages(5)
  await client.say(qos(1, 1, 'channel'), gets(2))
  assert.equal(bodies(await client.say(consume(1, 'q'))), '3')
  assert.equal(bodies(await client.say(ack(1, 1))), '', 'of the two')
  assert.equal(bodies(await client.say(ack(1, 3))), '4')
})

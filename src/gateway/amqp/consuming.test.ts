/** The way of a message out: who gets it, how many, and what happens to what is not settled. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  AmqpWorld,
  ack,
  capable,
  consume,
  declare,
  get,
  handshakeWith,
  method,
  publish,
  qos,
  type ScriptedClient,
} from '../../../test/amqp/amqp-world.ts'

const nack = (tag: number, multiple: boolean, requeue: boolean): Uint8Array =>
  method(1, 'basic.nack', { deliveryTag: BigInt(tag), multiple, requeue })
const reject = (tag: number, requeue: boolean): Uint8Array =>
  method(1, 'basic.reject', { deliveryTag: BigInt(tag), requeue })
const cancel = (consumerTag: string): Uint8Array =>
  method(1, 'basic.cancel', { consumerTag, noWait: false })

/** A client of a queue `q` that holds messages with these bodies. */
async function withQueue(
  ...bodies: readonly string[]
): Promise<{ readonly world: AmqpWorld; readonly client: ScriptedClient }> {
  const world = await AmqpWorld.open()
  const client = await world.client(capable('consumer_cancel_notify'))
  await client.say(declare(1, 'q'), ...bodies.map((body) => publish(1, { key: 'q', body })))
  client.forget()
  return { world, client }
}

/** Tag, whether redelivered, and body of every message in these lines. */
function delivered(lines: readonly string[]): string[] {
  return lines.flatMap((line) => {
    const match = /basic\.(?:deliver|get-ok) .*deliveryTag=(\d+)( redelivered)?.*body="(.*)"/.exec(
      line,
    )
    return match === null ? [] : [`${match[1]}${match[2] ?? ''} ${match[3]}`]
  })
}

test('consume-ok comes before the first delivery', async () => {
  const { client } = await withQueue('a', 'b')
  const heard = await client.say(consume(1, 'q', { noAck: true }))
  assert.equal(heard[0], '1 basic.consume-ok consumerTag=c')
  assert.deepEqual(delivered(heard), ['1 a', '2 b'])
})

test('a consumer holds no more than its prefetch', async () => {
  const { client } = await withQueue('a', 'b', 'c', 'd', 'e')
  assert.deepEqual(delivered(await client.say(qos(1, 2, 'consumer'), consume(1, 'q'))), [
    '1 a',
    '2 b',
  ])
  assert.deepEqual(delivered(await client.say(ack(1, 2))), ['3 c'])
  assert.deepEqual(delivered(await client.say(ack(1, 3, 'many'))), ['4 d', '5 e'])
})

test('a prefetch counts for consumers that come after it', async () => {
  const { client } = await withQueue('a', 'b', 'c')
  const heard = await client.say(consume(1, 'q'), qos(1, 1, 'consumer'))
  assert.equal(delivered(heard).length, 3)
})

test('a channel holds no more than its window, all its consumers together', async () => {
  const { client } = await withQueue('a', 'b', 'c', 'd', 'e')
  const heard = await client.say(
    qos(1, 3, 'channel'),
    consume(1, 'q'),
    consume(1, 'q', { consumerTag: 'd' }),
  )
  assert.deepEqual(delivered(heard), ['1 a', '2 b', '3 c'])
  assert.deepEqual(delivered(await client.say(ack(1, 1))), ['4 d'])
  assert.deepEqual(delivered(await client.say(qos(1, 0, 'channel'))), ['5 e'])
})

test('consumers take turns', async () => {
  const { client } = await withQueue()
  await client.say(consume(1, 'q'), consume(1, 'q', { consumerTag: 'd' }))
  client.forget()
  await client.say(...['1', '2', '3', '4'].map((body) => publish(1, { key: 'q', body })))
  const tags = client.heard.map((line) => /consumerTag=(\w)/.exec(line)?.[1])
  assert.deepEqual(tags, ['c', 'd', 'c', 'd'])
})

test('what is returned comes back to its place, and says so', async () => {
  const { client } = await withQueue('a', 'b', 'c', 'd')
  await client.say(get(1, 'q'), get(1, 'q'), get(1, 'q'))
  await client.say(nack(2, false, true), reject(3, true), nack(1, false, false))
  client.forget()
  await client.say(get(1, 'q'), get(1, 'q'), get(1, 'q'), get(1, 'q'))
  assert.deepEqual(delivered(client.heard), ['4 redelivered b', '5 redelivered c', '6 d'])
  assert.equal(client.heard.at(-1), '1 basic.get-empty')
})

test('recover returns everything, in order', async () => {
  const { client } = await withQueue('a', 'b', 'c')
  await client.say(get(1, 'q'), get(1, 'q'), get(1, 'q'), ack(1, 2))
  const heard = await client.say(
    method(1, 'basic.recover', { requeue: true }),
    get(1, 'q'),
    get(1, 'q'),
  )
  assert.equal(heard[0], '1 basic.recover-ok')
  assert.deepEqual(delivered(heard), ['4 redelivered a', '5 redelivered c'])
})

test('recovering without giving back is not implemented', async () => {
  const { client } = await withQueue()
  const heard = await client.say(method(1, 'basic.recover', { requeue: false }))
  assert.match(heard.join(), /replyCode=540 replyText=NOT_IMPLEMENTED - requeue=false/)
})

test('a tag that is not outstanding ends the channel', async () => {
  const wrong = [ack(1, 3), ack(1, 0), ack(1, 3, 'many'), nack(9, true, true), reject(9, false)]
  for (const said of wrong) {
    const { client } = await withQueue('a', 'b')
    await client.say(get(1, 'q'), get(1, 'q'))
    client.forget()
    const heard = await client.say(said)
    assert.match(heard.join(), /^1 channel\.close replyCode=406 .*unknown delivery tag \d/)
  }
})

test('a tag is settled once', async () => {
  const { client } = await withQueue('a')
  const heard = await client.say(get(1, 'q'))
  assert.equal(heard.length, 1)
  assert.match((await client.say(ack(1, 1), ack(1, 1))).join(), /unknown delivery tag 1/)
})

test('all of nothing is settled without complaint', async () => {
  const { client } = await withQueue()
  assert.deepEqual(await client.say(ack(1, 0, 'many'), nack(0, true, true)), [])
})

test('a tag of 64 bits is unknown and breaks nothing', async () => {
  const { client } = await withQueue('a')
  await client.say(get(1, 'q'))
  const huge = method(1, 'basic.ack', { deliveryTag: 2n ** 64n - 1n, multiple: false })
  assert.match((await client.say(huge)).join(), /unknown delivery tag 18446744073709/)
})

test('what a channel held is ready again when it closes', async () => {
  const { world, client } = await withQueue('a', 'b')
  await client.say(consume(1, 'q'))
  const none = { replyCode: 200, replyText: '', classId: 0, methodId: 0 }
  const heard = await client.say(method(1, 'channel.close', none))
  assert.deepEqual(heard, ['1 channel.close-ok'])
  const other = await world.client()
  await other.say(get(1, 'q'), get(1, 'q'))
  assert.deepEqual(delivered(other.heard), ['1 redelivered a', '2 redelivered b'])
})

test('a cancelled consumer gets nothing more and keeps what it holds', async () => {
  const { client } = await withQueue('a')
  await client.say(consume(1, 'q'))
  const heard = await client.say(cancel('c'), publish(1, { key: 'q', body: 'b' }), cancel('nobody'))
  assert.deepEqual(heard, [
    '1 basic.cancel-ok consumerTag=c',
    '1 basic.cancel-ok consumerTag=nobody',
  ])
  assert.deepEqual(delivered(await client.say(ack(1, 1), get(1, 'q'))), ['2 b'])
})

test('a consumer is told when its queue is deleted, if it understands that', async () => {
  const { world, client } = await withQueue()
  const deaf = await world.client()
  await client.say(consume(1, 'q'))
  await deaf.say(consume(1, 'q'))
  for (const each of [client, deaf]) each.forget()
  const fields = { ticket: 0, queue: 'q', ifUnused: false, ifEmpty: false, noWait: false }
  await client.say(method(1, 'queue.delete', fields))
  assert.deepEqual(client.heard.toSorted(), [
    '1 basic.cancel consumerTag=c noWait',
    '1 queue.delete-ok messageCount=0',
  ])
  assert.deepEqual(deaf.heard, [])
})

test('an exclusive consumer is alone, until it leaves', async () => {
  const { world, client } = await withQueue()
  const other = await world.client()
  await client.say(consume(1, 'q', { exclusive: true }))
  const refused = await other.say(consume(1, 'q'))
  assert.match(refused.join(), /replyCode=403 .*queue 'q' in vhost '\/' in exclusive use/)
  await client.say(cancel('c'))
  const again = await world.client()
  assert.deepEqual(await again.say(consume(1, 'q')), ['1 basic.consume-ok consumerTag=c'])
  const second = await client.say(consume(1, 'q', { exclusive: true, consumerTag: 'x' }))
  assert.match(second.join(), /replyCode=403/)
})

test('a tag in use ends the connection', async () => {
  const { client } = await withQueue()
  const heard = await client.say(consume(1, 'q'), consume(1, 'q'))
  assert.match(
    heard.join(),
    /0 connection\.close replyCode=530 .*attempt to reuse consumer tag 'c'/,
  )
})

test('a body goes out in frames that the client takes', async () => {
  const world = await AmqpWorld.open({ slabBytes: 4_096, frameBytes: 4_096 })
  const client = world.connect()
  await client.say(handshakeWith({ frameMax: 4_096 }), method(1, 'channel.open', { outOfBand: '' }))
  await client.say(declare(1, 'q'))
  client.forget()
  await client.say(publish(1, { key: 'q', body: 'x'.repeat(10_000), pieceSize: 4_000 }))
  await client.say(
    get(1, 'q', 'no-ack'),
    publish(1, { key: 'q', body: 'y'.repeat(9_000), pieceSize: 4_000 }),
  )
  await client.say(consume(1, 'q'))
  assert.match(client.heard[0] ?? '', /body=10000 bytes frames=3$/)
  assert.match(client.heard.at(-1) ?? '', /body=9000 bytes frames=3$/)
})

test('a slow client stops its deliveries and no others', async () => {
  const world = await AmqpWorld.open({ outboundBytes: 10_000, slabBytes: 4_096 })
  const [slow, quick] = [await world.client(), await world.client()]
  await slow.say(declare(1, 's'), declare(1, 'q'), consume(1, 's', { noAck: true }))
  await quick.say(consume(1, 'q', { noAck: true }))
  slow.forget()
  quick.forget()
  slow.isSlow = true
  const body = 'x'.repeat(100)
  for (let round = 0; round < 50; round++) {
    await quick.say(
      ...Array.from({ length: 10 }, () => publish(1, { key: 's', body })),
      publish(1, { key: 'q', body }),
    )
  }
  assert.equal(delivered(quick.heard).length, 50)
  assert.ok(slow.pendingBytes < 30_000, `${slow.pendingBytes} bytes wait for the slow one`)
  slow.isSlow = false
  for (let round = 0; round < 20; round++) await slow.takeAll()
  assert.equal(delivered(slow.heard).length, 500)
  world.check()
})

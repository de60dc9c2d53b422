/**
 * How often a message was given out before, as quorum queues say it and others do not. The conversations were had with
 * RabbitMQ 3.10.8 too; there the header stands where the alphabet puts it, here it is the last.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  AmqpWorld,
  bodyFrame,
  consume,
  declare,
  frame,
  get,
  handshakeWith,
  method,
  publish,
  type ScriptedClient,
} from '../../../test/amqp/amqp-world.ts'
import { bareHead, openChannel } from '../../../test/amqp/phrases.ts'
import { CrashDisk } from '../../../test/sim/crash-disk.ts'
import { type FieldTable, longString } from '../../wire/amqp/field-table.ts'
import { FRAME_HEADER } from '../../wire/amqp/frame.ts'

const nackAll = method(1, 'basic.nack', { deliveryTag: 0n, multiple: true, requeue: true })
const closeChannel = method(1, 'channel.close', {
  ...{ replyCode: 200, replyText: '', classId: 0, methodId: 0 },
})
const limits = { bodyBytes: 60, bodyBytesMax: 1_000, arrivingBytes: 2_000 }

async function clientOf(
  type: 'quorum' | 'classic',
  world: AmqpWorld | null = null,
): Promise<ScriptedClient> {
  const client = await (world ?? (await AmqpWorld.open({}, limits))).client()
  const table = [{ name: 'x-queue-type', value: longString(type) }]
  await client.say(declare(1, 'q', { durable: true, arguments: table }))
  client.forget()
  return client
}

/** Headers and body of each message in these lines, with a star where it was redelivered. */
function counts(lines: readonly string[]): string[] {
  const messages = lines.filter((line) => / basic\.(deliver|get-ok) /.test(line))
  return messages.map((line) => {
    const [body, headers] = [/ body="(.*)"/.exec(line), / headers=(\[.*?\])/.exec(line)]
    return `${body![1]}${line.includes(' redelivered ') ? '*' : ''} ${headers?.[1] ?? 'none'}`
  })
}

const say = async (client: ScriptedClient, ...bytes: Uint8Array[]): Promise<string[]> => {
  client.forget()
  return counts(await client.say(...bytes))
}

test('a quorum queue says it from the first time on, to who gets and to who consumes', async () => {
  const client = await clientOf('quorum')
  await client.say(publish(1, { key: 'q', body: 'a' }))
  assert.deepEqual(await say(client, get(1, 'q')), ['a [x-delivery-count=0]'])
  assert.deepEqual(await say(client, nackAll, get(1, 'q')), ['a* [x-delivery-count=1]'])
  assert.deepEqual(await say(client, nackAll, get(1, 'q')), ['a* [x-delivery-count=2]'])
  // Returned by the end of its channel.
  assert.deepEqual(await say(client, closeChannel, openChannel(1), consume(1, 'q')), [
    'a* [x-delivery-count=3]',
  ])
  assert.deepEqual(await say(client, nackAll), ['a* [x-delivery-count=4]'])
})

test('a classic queue says nothing', async () => {
  const client = await clientOf('classic')
  await client.say(publish(1, { key: 'q', body: 'a' }))
  assert.deepEqual(await say(client, get(1, 'q')), ['a none'])
  assert.deepEqual(await say(client, nackAll, get(1, 'q')), ['a* none'])
})

test("a publisher's own header of that name stays in a classic queue and goes in a quorum queue", async () => {
  const headers: FieldTable = [
    { name: 'a', value: longString('x') },
    { name: 'x-delivery-count', value: { type: 'l', value: 77n } },
    { name: 'z', value: longString('x') },
  ]
  for (const body of ['small', 'l'.repeat(80)]) {
    for (const [type, shown] of [
      ['classic', '[a,x-delivery-count=77,z]'],
      ['quorum', '[a,z,x-delivery-count=0]'],
    ] as const) {
      const client = await clientOf(type)
      await client.say(publish(1, { key: 'q', body, properties: { headers, messageId: 'm' } }))
      assert.deepEqual(await say(client, get(1, 'q')), [`${body} ${shown}`])
      client.forget()
      const lines = await client.say(nackAll, consume(1, 'q'))
      assert.deepEqual(counts(lines), [`${body}* ${shown.replace('=0', '=1')}`])
      assert.match(lines.join(), /messageId=m/)
    }
  }
})

test('after a crash what was out came once at least, for each who reads it', async () => {
  const disk = new CrashDisk()
  const world = await AmqpWorld.open({}, {}, disk)
  const client = await world.client()
  const table = [{ name: 'x-queue-type', value: longString('quorum') }]
  await world.clockwork.until(client.say(declare(1, 'q', { durable: true, arguments: table })))
  await world.clockwork.until(client.say(publish(1, { key: 'q', body: 'a' }), get(1, 'q')))
  await world.clockwork.advance(100)
  assert.deepEqual(counts(client.heard), ['a [x-delivery-count=0]'])

  const after = await AmqpWorld.open({}, {}, disk.killProcess())
  const again = await after.client()
  await after.clockwork.until(again.say(get(1, 'q')))
  await after.clockwork.advance(100)
  assert.deepEqual(counts(again.heard), ['a* [x-delivery-count=1]'])
})

test('a message whose texts are not UTF-8 goes out as any other', async () => {
  const client = await clientOf('quorum')
  const own = Buffer.from('\x10x-delivery-countS\0\0\0\x02\xff\xfe', 'latin1')
  const kept = Buffer.from('\x01yS\0\0\0\x01\xff', 'latin1')
  const withFields = (fields: Buffer): Buffer => {
    const flagsAndSize = Buffer.from([0x24, 0, 0, 0, 0, fields.length])
    return Buffer.concat([flagsAndSize, fields, Buffer.from('\x02\xff\xfe', 'latin1')])
  }
  const header = Buffer.alloc(12)
  header.writeUInt16BE(60)
  header.writeUInt32BE(1, 8)
  await client.say(
    bareHead(1, 'q'),
    frame(FRAME_HEADER, 1, Buffer.concat([header, withFields(Buffer.concat([own, kept]))])),
    bodyFrame(1, 'a'),
  )
  const [heard = ''] = await client.say(get(1, 'q'))
  const count = Buffer.from('\x10x-delivery-countl\0\0\0\0\0\0\0\0', 'latin1')
  const shown = withFields(Buffer.concat([kept, count]))
  assert.match(heard, new RegExp(`basic\\.get-ok .* properties=${shown.toString('hex')} body="a"$`))
})

test('a count that would make its frame too long stays away', async () => {
  const world = await AmqpWorld.open()
  const client = await clientOf('quorum', world)
  const headers = [{ name: 'big', value: longString('x'.repeat(4_040)) }]
  await client.say(publish(1, { key: 'q', body: 'a', properties: { headers } }))
  assert.deepEqual(await say(client, get(1, 'q')), ['a [big,x-delivery-count=0]'])
  await client.say(nackAll)
  const small = world.connect()
  await small.say(handshakeWith({ frameMax: 4_096 }), openChannel(1))
  assert.deepEqual(await say(small, get(1, 'q')), ['a* [big]'])
})

test('what is given out is counted, whatever else the message says', async () => {
  const client = await clientOf('quorum')
  const properties = { contentType: 'text/plain', contentEncoding: 'utf-8', deliveryMode: 2 }
  await client.say(publish(1, { key: 'q', body: 'b', properties }), get(1, 'q'))
  assert.equal(
    client.heard.at(-1),
    '1 basic.get-ok deliveryTag=1 routingKey=q messageCount=0 contentType=text/plain ' +
      'contentEncoding=utf-8 headers=[x-delivery-count=0] deliveryMode=2 body="b"',
  )
})

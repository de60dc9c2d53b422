/** Hostile bytes end the connection that they came by, and nobody else notices. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  AmqpWorld,
  ack,
  consume,
  contentHeader,
  declare,
  frame,
  get,
  handshake,
  method,
  publish,
  qos,
} from '../../../test/amqp/amqp-world.ts'
import { anyMethod } from '../../../test/wire/amqp-arbitraries.ts'
import { Writer } from '../../base/writer.ts'
import { writeMethod } from '../../wire/amqp/method-codec.ts'
import { amqpLimits } from './limits.ts'

const open = (channel: number): Uint8Array => method(channel, 'channel.open', { outOfBand: '' })

/** What clients say, right in itself; order and channels may be wrong. */
const words: readonly Uint8Array[] = [
  open(1),
  open(2),
  declare(1, 'q'),
  declare(2, 'd', { durable: true }),
  declare(1, '', { exclusive: true }),
  consume(1, 'q'),
  consume(2, 'd', { noAck: true, consumerTag: '' }),
  get(1, 'q'),
  get(2, 'd', 'no-ack'),
  qos(1, 2, 'consumer'),
  qos(1, 1, 'channel'),
  ack(1, 1),
  ack(1, 0, 'many'),
  ack(2, 99),
  publish(1, { key: 'q', body: 'x' }),
  publish(2, { key: 'd', body: 'y'.repeat(300), pieceSize: 100, properties: { deliveryMode: 2 } }),
  publish(1, { key: 'nobody', body: '', mandatory: true }),
  method(1, 'confirm.select', { noWait: true }),
  method(1, 'basic.recover', { requeue: true }),
  method(1, 'queue.purge', { ticket: 0, queue: 'q', noWait: false }),
  method(1, 'queue.delete', {
    ticket: 0,
    queue: '',
    ifUnused: false,
    ifEmpty: false,
    noWait: false,
  }),
  method(1, 'channel.close', { replyCode: 0, replyText: '', classId: 0, methodId: 0 }),
  method(1, 'channel.close-ok', {}),
  contentHeader(1, 10),
  frame(3, 1, Buffer.from('piece')),
  frame(8, 0, new Uint8Array(0)),
]

const anyWord = anyMethod.chain((each) =>
  fc.integer({ min: 0, max: 3 }).map((channel) => {
    const writer = new Writer()
    writeMethod(writer, channel, each)
    return writer.take()
  }),
)

/** Where a frame is hurt: its head, its first bytes, anywhere. */
const wound = fc.record({
  at: fc.oneof(fc.nat({ max: 12 }), fc.nat({ max: 200 })),
  value: fc.oneof(fc.constantFrom(0, 1, 2, 3, 4, 8, 0x7f, 0x80, 0xce, 0xff), fc.nat({ max: 255 })),
})

const speech = fc.array(
  fc
    .tuple(
      fc.oneof(
        { weight: 4, arbitrary: fc.constantFrom(...words) },
        { weight: 1, arbitrary: anyWord },
      ),
      fc.oneof(
        { weight: 5, arbitrary: fc.constant([]) },
        { weight: 1, arbitrary: fc.array(wound, { maxLength: 2 }) },
      ),
    )
    .map(([bytes, wounds]) => {
      const hurt = Uint8Array.from(bytes)
      for (const { at, value } of wounds) hurt[at % hurt.length] = value
      return hurt
    }),
  { minLength: 1, maxLength: 40 },
)

test('whatever a client says, the broker and its other clients live on', async () => {
  const world = await AmqpWorld.open()
  const witness = await world.client()
  await witness.say(declare(1, 'witness'))
  await fc.assert(
    fc.asyncProperty(speech, fc.nat({ max: 60 }), fc.boolean(), async (said, chunkSize, isOpen) => {
      const client = world.connect()
      if (isOpen) await client.say(handshake(), open(1))
      const bytes = Buffer.concat(said)
      const size = chunkSize === 0 ? bytes.length : chunkSize
      for (let at = 0; at < bytes.length; at += size)
        await client.say(bytes.subarray(at, at + size))
      await client.leave()
      witness.forget()
      await witness.say(publish(1, { key: 'witness', body: 'here' }), get(1, 'witness', 'no-ack'))
      assert.match(witness.heard.join(), /body="here"$/)
      world.check()
      // Whatever stood still for the client's sake has gone with it.
      assert.equal(world.listener.clientCount, 1)
    }),
    { numRuns: 1_500 },
  )
  await world.clockwork.advance(amqpLimits.lingerMs + amqpLimits.handshakeMs)
  world.check()
})

test('sizes that nobody can mean are refused before anything is waited for', async () => {
  for (const size of [131_073, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]) {
    const world = await AmqpWorld.open()
    const client = await world.client()
    const head = Buffer.from([1, 0, 1, 0, 0, 0, 0])
    head.writeUInt32BE(size, 3)
    assert.match((await client.say(head)).join(), /^0 connection\.close replyCode=501/)
  }
})

test('before the connection is open a frame is small', async () => {
  const world = await AmqpWorld.open()
  const client = world.connect()
  await client.say(handshake().subarray(0, 8))
  const head = Buffer.from([1, 0, 0, 0, 0, 0, 0])
  head.writeUInt32BE(8_193, 3)
  assert.match((await client.say(head)).join(), /^0 connection\.close replyCode=501/)
})

test('a body of 2^63 bytes is refused and no memory taken for it', async () => {
  const world = await AmqpWorld.open()
  const client = await world.client()
  const header = Buffer.from(contentHeader(1, 0))
  header.writeBigUInt64BE(2n ** 63n, 7 + 4)
  const bare = publish(1, { key: 'q', body: '' }).subarray(0, -header.length)
  assert.match(
    (await client.say(bare, header)).join(),
    /^1 channel\.close replyCode=406 .*message size/,
  )
})

test('a client may leave in the middle of a body', async () => {
  const world = await AmqpWorld.open()
  const client = await world.client()
  await client.say(declare(1, 'q'))
  const bare = publish(1, { key: 'q', body: '' })
  const cut = bare.subarray(0, bare.length - contentHeader(1, 0).length)
  const heard = await client.say(cut, contentHeader(1, 200_000), frame(3, 1, Buffer.alloc(10)))
  assert.deepEqual(heard, [])
  await client.leave()
  world.check()
})

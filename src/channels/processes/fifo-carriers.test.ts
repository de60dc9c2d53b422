/** A pipe that leads one way, as a channel: order, the system's buffer as the only brake, endings and losses. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { soon } from '../../../test/processes/channel-pair.ts'
import {
  type MemoryConnection,
  MemoryWorld,
  type Weather,
} from '../../../test/processes/memory-world.ts'
import { ChannelClosed, ChannelMisuse, ChannelPeerLost, type Sendable } from '../contract.ts'
import { FifoReader, FifoWriter } from './fifo-carriers.ts'
import { FRAME, HEAD_SIZE, writeHead } from './frame.ts'
import { encodeHello } from './hello.ts'
import type { ProcessChannel } from './process-channel.ts'
import { channelOf, helloOf, type SocketOptions } from './settings.ts'

interface Pipe {
  readonly world: MemoryWorld
  readonly sender: ProcessChannel<Sendable>
  readonly receiver: ProcessChannel<Sendable>
  readonly near: MemoryConnection
  readonly far: MemoryConnection
}

async function pipe(
  options: SocketOptions<Sendable> = {},
  weather: Weather = 'whole',
  receiving: SocketOptions<Sendable> = options,
): Promise<Pipe> {
  const world = new MemoryWorld(2, weather)
  const [near, far] = world.pair()
  near.enoughBytes = 1000
  const writer = new FifoWriter(near, helloOf(options), world)
  const reader = new FifoReader(far, helloOf(receiving), world)
  const sender = channelOf<Sendable>(writer, {}, world)
  const receiver = channelOf<Sendable>(reader, {}, world)
  reader.start()
  writer.start()
  await world.pass(50)
  return { world, sender, receiver, near, far }
}

test('values arrive in order, and the end of the writer ends the reader', async () => {
  const { world, sender, receiver } = await pipe({}, 'seeded')
  const sending = (async () => {
    for (let value = 0; value < 500; value++) await sender.put(value)
    await sender[Symbol.asyncDispose]()
  })()
  const got: Sendable[] = []
  const receiving = (async () => {
    for await (const value of receiver) got.push(value)
  })()
  await world.pass(5000)
  await soon(world, Promise.all([sending, receiving]))
  assert.deepEqual(
    got,
    Array.from({ length: 500 }, (_, value) => value),
  )
  await assert.rejects(receiver.get(), ChannelClosed)
  await assert.rejects(sender.put(1), ChannelClosed)
})

test('a reader that does not receive stops the writer, and memory stays bounded', async () => {
  const { world, sender, receiver } = await pipe({ windowBytes: 500 })
  let put = 0
  const sending = (async () => {
    for (; put < 1000; put++) await sender.put('x'.repeat(50))
  })()
  await world.pass(1000)
  const stuck = put
  assert.ok(stuck < 200, `${stuck} went into a pipe that nobody empties`)
  await world.pass(100_000)
  assert.deepEqual([put, sender.failure, receiver.failure], [stuck, null, null])
  for (let count = 0; count < 1000; count++) await soon(world, receiver.get())
  await soon(world, sending)
})

test('a writer that is closed now does not wait for ever for a reader that reads nothing', async () => {
  const { world, sender, near, far } = await pipe()
  far.freeze()
  for (let value = 0; sender.tryPut(value); value++);
  await world.pass(10)
  sender.close('now')
  await world.pass(4_000)
  assert.equal(near.open, true)
  await world.pass(2_000)
  assert.deepEqual([near.open, await soon(world, sender.gone())], [false, null])
})

test('a writer that dies is a loss, after what had arrived whole', async () => {
  const { world, sender, receiver, near } = await pipe()
  await sender.put('whole')
  await world.pass(10)
  near.destroy()
  await world.pass(10)
  assert.equal(await receiver.get(), 'whole')
  await assert.rejects(receiver.get(), ChannelPeerLost)
  await assert.rejects(sender.put('never'), ChannelPeerLost)
})

test('a reader that goes is a loss for the writer', async () => {
  const { world, sender, receiver } = await pipe()
  receiver.close()
  await world.pass(10)
  await assert.rejects(sender.put(1), ChannelPeerLost)
})

test('a writer that hangs is lost within the silence that it promised not to exceed', async () => {
  const { world, receiver, near } = await pipe({ silenceMs: 1000 })
  await world.pass(60_000)
  assert.equal(receiver.failure, null)
  near.peerEnd?.freeze()
  await world.pass(1500)
  assert.match(String(receiver.failure), /fallen silent/)
})

test('a second writer, another purpose and a value that is too large are told apart', async () => {
  const { world, sender, near, receiver } = await pipe({ messageBytesMax: 100 })
  await assert.rejects(sender.put('x'.repeat(100)), ChannelMisuse)
  await sender.put('fits')
  await world.pass(10)
  assert.equal(await receiver.get(), 'fits')
  const hello = Buffer.concat([Buffer.alloc(HEAD_SIZE), encodeHello(helloOf({}))])
  writeHead(hello, { type: FRAME.hello, at: 0, end: hello.length })
  near.write(hello)
  await assert.rejects(soon(world, receiver.get()), /a second process writes into the same pipe/)
  const strangers = await pipe({ purpose: 'mail' }, 'whole', { purpose: 'jobs' })
  await assert.rejects(strangers.receiver.get(), /this is 'jobs', not 'mail'/)
})

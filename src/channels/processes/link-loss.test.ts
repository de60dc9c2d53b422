/** How a link is lost, refused or attacked, and what each side hears of it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { ADDRESS, pair, soon } from '../../../test/processes/channel-pair.ts'
import { type MemoryConnection, MemoryWorld } from '../../../test/processes/memory-world.ts'
import { Stranger } from '../../../test/processes/stranger.ts'
import { ChannelMisuse, ChannelPeerLost, ChannelTimeout, type Sendable } from '../contract.ts'
import { FRAME } from './frame.ts'
import { encodeHello } from './hello.ts'
import { linkLimits } from './limits.ts'
import { acceptChannels, type ConnectOptions, connectChannel, listenChannel } from './open.ts'
import type { ProcessChannel } from './process-channel.ts'

test('a lost peer ends every wait with an error that says so, after what had arrived whole', async () => {
  const { world, near, far, wire } = await pair({ far: { windowMessages: 2 } })
  far.tryPut('whole')
  await world.pass(10)
  for (let count = 0; count < 2; count++) near.tryPut(count)
  const put = assert.rejects(near.put('waits'), ChannelPeerLost)
  const settled = assert.rejects(near.settled(), ChannelPeerLost)
  wire.lose()
  await soon(world, Promise.all([put, settled]))
  assert.equal(near.closed, true)
  assert.equal(await near.get(), 'whole')
  await assert.rejects(near.get(), /2 values under way: the other end is gone/)
  await assert.rejects(near.put('later'), ChannelPeerLost)
  assert.ok(near.failure instanceof ChannelPeerLost)
  near.close()
  await near[Symbol.asyncDispose]()
})

test('a value that was cut off by the loss is not received', async () => {
  const { world, near, far, wire } = await pair({ world: new MemoryWorld(1, 'bytes') })
  near.tryPut('whole')
  near.tryPut('cut off')
  await world.pass(0)
  far.onReadable(() => wire.destroy())
  await world.pass(50)
  const got: Sendable[] = []
  const end = assert.rejects(async () => {
    for await (const value of far) got.push(value)
  }, ChannelPeerLost)
  await soon(world, end)
  assert.ok(got.length <= 2)
  assert.deepEqual(got, ['whole', 'cut off'].slice(0, got.length))
})

test('a peer that hangs is lost within the time we bear its silence', async () => {
  const { world, near, wire } = await pair({
    near: { silenceMs: 1000 },
    far: { silenceMs: 60_000 },
  })
  await world.pass(100_000)
  assert.equal(near.failure, null)
  wire.peerEnd?.freeze()
  wire.freeze()
  await world.pass(999)
  assert.equal(near.failure, null)
  await world.pass(300)
  assert.match(String(near.failure), /nothing was heard for 1000 ms/)
})

test('an idle channel stays open, each side beating as often as the other needs', async () => {
  const { world, near, far } = await pair({
    near: { silenceMs: 200 },
    far: { silenceMs: 86_400_000 },
  })
  await world.pass(10_000)
  assert.deepEqual([near.failure, far.failure], [null, null])
  assert.ok(near.stats().bytesOut < 2000 && far.stats().bytesOut < 2000)
})

test('another purpose, a wrong token and a full house are refused with the reason', async () => {
  const world = new MemoryWorld(1, 'whole')
  const options = { purpose: 'jobs', token: 'right', peersMax: 1, onChannel: () => {} }
  const door = await acceptChannels(ADDRESS, options, world)
  const connect = (chosen: ConnectOptions<Sendable>): Promise<ProcessChannel<Sendable>> =>
    soon(world, connectChannel(ADDRESS, chosen, world))
  await assert.rejects(connect({ purpose: 'jobs' }), /refused: the token is wrong/)
  await assert.rejects(connect({ purpose: 'mail', token: 'right' }), /this is 'jobs', not 'mail'/)
  const first = await connect({ purpose: 'jobs', token: 'right' })
  await assert.rejects(connect({ purpose: 'jobs', token: 'right' }), /there is no place: limit 1/)
  first.close()
  await world.pass(100)
  await connect({ purpose: 'jobs', token: 'right' })
  await soon(world, door.close())
  await assert.rejects(connect({ purpose: 'jobs', token: 'right' }), ChannelPeerLost)
})

test('what is no address is refused by those who connect and those who listen', async () => {
  const world = new MemoryWorld(1, 'whole')
  const nonsense = ['/tmp/values.sock', { kind: 'unix' }, { ...ADDRESS, port: 70_000 }] as never[]
  for (const address of nonsense) {
    const refusal = { code: 'CHANNEL_MISUSE', message: /^an address is/ }
    await assert.rejects(connectChannel(address, {}, world), refusal)
    await assert.rejects(listenChannel(address, {}, world), refusal)
  }
})

test('where others can connect nobody listens without a token', async () => {
  const world = new MemoryWorld(1, 'whole')
  const everywhere = { kind: 'tcp', host: '0.0.0.0', port: 7 } as const
  const onChannel = (): void => {}
  await assert.rejects(acceptChannels(everywhere, { onChannel }, world), ChannelMisuse)
  await acceptChannels(everywhere, { onChannel, token: 'x' }, world)
})

test('connecting waits patiently for the listener, and gives up by time or signal', async () => {
  const world = new MemoryWorld(1, 'whole')
  await assert.rejects(connectChannel(ADDRESS, {}, world), ChannelPeerLost)
  const patient = connectChannel(ADDRESS, { patienceMs: 5000 }, world)
  const hasty = assert.rejects(
    connectChannel(ADDRESS, { patienceMs: 5000, timeoutMs: 50 }, world),
    ChannelTimeout,
  )
  const controller = new AbortController()
  const { signal } = controller
  const aborted = assert.rejects(
    connectChannel(ADDRESS, { patienceMs: 5000, signal }, world),
    /enough/,
  )
  await world.pass(20)
  controller.abort(new Error('enough'))
  await world.pass(1000)
  await Promise.all([hasty, aborted])
  await acceptChannels(ADDRESS, { onChannel: () => {} }, world)
  await world.pass(1000)
  const channel = await patient
  assert.equal(channel.closed, false)
})

test('a peer that connects and says nothing is dropped', async () => {
  const world = new MemoryWorld(1, 'whole')
  await acceptChannels(ADDRESS, { onChannel: () => assert.fail('let in') }, world)
  const silent = new Stranger((await world.connect(ADDRESS)) as MemoryConnection)
  await world.pass(4_900)
  assert.equal(silent.gone, false)
  await world.pass(200)
  assert.equal(silent.gone, true)
})

const strange: readonly [name: string, frames: [number, Uint8Array][], why: RegExp][] = [
  ['a frame of an unknown type', [[99, new Uint8Array()]], /a frame of type 99 while open/],
  [
    'a credit for nothing',
    [[FRAME.credit, Buffer.from('0100000000000000', 'hex')]],
    /1 values of 0/,
  ],
  [
    'a credit of bytes for nothing',
    [[FRAME.credit, Buffer.from('0000000001000000', 'hex')]],
    /0 values of 1/,
  ],
  ['a credit of the wrong size', [[FRAME.credit, Buffer.from('01', 'hex')]], /a credit of 1 bytes/],
  ['a done for nothing', [[FRAME.done, Buffer.from('01000000', 'hex')]], /1 values done, of 0/],
  ['a done of the wrong size', [[FRAME.done, Buffer.from('01', 'hex')]], /a done of 1 bytes/],
  ['a second hello', [[FRAME.hello, new Uint8Array()]], /a frame of type 1 while open/],
  [
    'a second end',
    [
      [FRAME.end, new Uint8Array()],
      [FRAME.end, new Uint8Array()],
    ],
    /a second end/,
  ],
  ['a stop without an ending', [[FRAME.stop, new Uint8Array()]], /a stop of 0 bytes/],
  ['a value that is none', [[FRAME.value, Buffer.from('ff', 'hex')]], /a value of tag 255/],
  [
    'a value after the end',
    [
      [FRAME.end, new Uint8Array()],
      [FRAME.value, Buffer.from([0])],
    ],
    /a value after/,
  ],
  [
    'a value beyond the maximum',
    [[FRAME.value, Buffer.alloc(102)]],
    /a frame of 103 bytes: 1 to 101/,
  ],
  [
    'more values than the window',
    Array.from({ length: 4 }, () => [FRAME.value, Buffer.from([0])]),
    /4 values of 24/,
  ],
]

for (const [name, frames, why] of strange) {
  test(`hostile bytes end one connection and nothing else: ${name}`, async () => {
    const world = new MemoryWorld(1, 'whole')
    const channels: ProcessChannel<Sendable>[] = []
    const onChannel = (channel: ProcessChannel<Sendable>): void => {
      channels.push(channel)
    }
    await acceptChannels(ADDRESS, { messageBytesMax: 100, windowMessages: 3, onChannel }, world)
    const good = await soon(world, connectChannel(ADDRESS, {}, world))
    const stranger = new Stranger((await world.connect(ADDRESS)) as MemoryConnection)
    stranger.write([
      FRAME.hello,
      encodeHello({ purpose: 'channel', token: '', limits: linkLimits }),
    ])
    await world.pass(10)
    stranger.write(...frames)
    const bad = channels[1]!
    const receiving = (async () => {
      for await (const value of bad) assert.equal(value, null)
      return null
    })().catch((error: unknown) => error)
    const outcome = await soon(world, receiving)
    // What was ended in good order before has been received as a whole.
    if (name.includes('end') && !name.includes('ending')) assert.equal(outcome, null)
    else assert.ok(outcome instanceof ChannelPeerLost && why.test(outcome.message))
    await world.pass(10)
    await assert.rejects(bad.put('x'), why)
    assert.equal(stranger.gone, true)
    await good.put('still here')
    assert.equal(await soon(world, channels[0]!.get()), 'still here')
  })
}

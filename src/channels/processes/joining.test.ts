/** What is done at the other end of a channel between processes, what never will be, and what is thrown away. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { watch } from '../../../test/channels/watch.ts'
import { ADDRESS, pair, soon } from '../../../test/processes/channel-pair.ts'
import { MemoryWorld, type Weather } from '../../../test/processes/memory-world.ts'
import { SeededRandom } from '../../base/random.ts'
import { ChannelMisuse, ChannelPeerLost } from '../contract.ts'
import { Joining } from './joining.ts'
import { inHandMax } from './limits.ts'
import { connectChannel, listenChannel } from './open.ts'
import { Origins } from './origins.ts'

test('a lost peer ends every join of what it had, now and later, and says how much', async () => {
  const { world, near, far, wire } = await pair()
  for (const value of [1, 2, 3]) near.tryPut(value)
  for (const value of [1, 2]) assert.equal(await soon(world, far.get()), value)
  far.taskDone()
  await world.pass(10)
  assert.deepEqual([near.stats().unfinished, far.stats().undone], [2, 1])
  const joining = watch(near.join())
  wire.lose()
  await world.pass(10)
  const lost = { code: 'CHANNEL_PEER_LOST', message: /^2 values put into .* will never be done: / }
  assert.ok(joining.error instanceof ChannelPeerLost)
  assert.match(joining.error.message, lost.message)
  await assert.rejects(near.join(), lost)
  far.taskDone() // nobody hears it
  assert.throws(() => far.taskDone(), ChannelMisuse)
})

test('a lost peer that had done all is not missed by those who join', async () => {
  const { world, near, far, wire } = await pair()
  near.tryPut(1)
  await soon(world, far.get())
  far.taskDone()
  await world.pass(10)
  wire.lose()
  await world.pass(10)
  await near.join()
})

test('a join that begins with a close keeps the connection until all is done', async () => {
  for (const weather of ['whole', 'bytes', 'seeded'] as const) {
    const { world, near, far } = await pair({ world: new MemoryWorld(3, weather) })
    for (const value of [1, 2]) near.tryPut(value)
    near.close()
    const joining = watch(near.join())
    await world.pass(100_000)
    const got: unknown[] = []
    for await (const value of far) {
      got.push(value)
      await world.pass(10_000)
      assert.equal(joining.state, 'pending')
      far.taskDone()
    }
    assert.deepEqual(got, [1, 2])
    await world.pass(100)
    assert.equal(joining.state, 'resolved')
    assert.deepEqual(await soon(world, Promise.all([near.gone(), far.gone()])), [null, null])
  }
})

test('without anybody who joins a closed connection goes, whatever is in hand', async () => {
  const { world, near, far } = await pair()
  near.tryPut(1)
  await soon(world, far.get())
  near.close()
  assert.deepEqual(await soon(world, Promise.all([near.gone(), far.gone()])), [null, null])
  await assert.rejects(near.join(), {
    code: 'CHANNEL_PEER_LOST',
    message: /^1 value put into .* will never be done: the connection has ended$/,
  })
})

test('a side that is through does not wait for those who join, and they are told', async () => {
  const { world, near, far } = await pair()
  for (const value of [1, 2]) near.tryPut(value)
  await soon(world, far.get())
  await soon(world, far.get())
  far.taskDone()
  near.close()
  const joining = watch(near.join())
  await world.pass(1_000)
  assert.equal(joining.state, 'pending')
  await soon(world, far[Symbol.asyncDispose]())
  await world.pass(10)
  assert.match(String(joining.error), /1 value put into/)
})

test('what is thrown away is not waited for, but what is in hand is', async () => {
  for (const closer of ['near', 'far'] as const) {
    const ends = await pair()
    const { world, near, far } = ends
    for (const value of [1, 2, 3]) near.tryPut(value)
    await soon(world, far.get())
    const joining = watch(near.join())
    ends[closer].close('now')
    await world.pass(1_000)
    assert.equal(joining.state, 'pending', closer)
    far.taskDone()
    await world.pass(10)
    assert.equal(joining.state, 'resolved', closer)
  }
})

test('what many peers do is joined at their hub, and one that leaves before is missed', async () => {
  const world = new MemoryWorld(1, 'whole')
  const hub = await listenChannel<number>(ADDRESS, {}, world)
  const connect = () => soon(world, connectChannel<number>(ADDRESS, {}, world))
  const [one, two] = [await connect(), await connect()]
  for (let value = 0; value < 4; value++) hub.tryPut(value)
  await world.pass(10)
  for (const peer of [one, two]) {
    await peer.get()
    await peer.get()
    peer.taskDone()
  }
  const joining = watch(hub.join())
  await world.pass(10)
  assert.equal(joining.state, 'pending')
  one.taskDone()
  await world.pass(10)
  assert.equal(joining.state, 'pending')
  assert.equal(hub.stats().unfinished, 1)
  two.close('now')
  await world.pass(10)
  assert.equal(joining.state, 'pending') // it is closed, and still at work
  await soon(world, two[Symbol.asyncDispose]())
  await world.pass(10)
  assert.match(String(joining.error), /1 value put into channel will never be done/)
  await assert.rejects(hub.join(), ChannelPeerLost)
})

test('each peer of a hub joins what it put itself', async () => {
  const world = new MemoryWorld(1, 'whole')
  const hub = await listenChannel<string>(ADDRESS, {}, world)
  const connect = () => soon(world, connectChannel<string>(ADDRESS, {}, world))
  const [one, two] = [await connect(), await connect()]
  one.tryPut('of one')
  two.tryPut('of two')
  one.tryPut('of one again')
  await world.pass(10)
  const got = [await hub.get(), await hub.get(), await hub.get()]
  assert.deepEqual(got, ['of one', 'of two', 'of one again'])
  const joins = [watch(one.join()), watch(two.join())]
  const states = async (): Promise<string[]> => {
    await world.pass(10)
    return joins.map(({ state }) => state)
  }
  hub.taskDone()
  assert.deepEqual(await states(), ['pending', 'pending'])
  hub.taskDone()
  assert.deepEqual(await states(), ['pending', 'resolved'])
  hub.taskDone()
  assert.deepEqual(await states(), ['resolved', 'resolved'])
  assert.throws(() => hub.taskDone(), ChannelMisuse)
})

test('in any weather a join is over when the last is done, and not before', async () => {
  const random = new SeededRandom(5)
  for (let seed = 1; seed <= 20; seed++) {
    const weather: Weather = seed % 2 === 0 ? 'seeded' : 'bytes'
    const { world, near, far } = await pair({
      world: new MemoryWorld(seed, weather),
      far: { windowMessages: 1 + (random.u32() % 5) },
    })
    const puts = Array.from({ length: 12 }, (_, index) => near.put(index))
    let done = 0
    const working = (async () => {
      for (let count = 0; count < 12; count++) {
        await far.get()
        done++
        far.taskDone()
      }
    })()
    await soon(world, Promise.all(puts), 1_000)
    await soon(world, near.join(), 1_000)
    assert.equal(done, 12)
    await working
  }
})

test('where nothing comes back nobody counts', async () => {
  const joining = new Joining(null, { name: 'pipe', ports: new MemoryWorld(1, 'whole') })
  assert.throws(() => joining.taskDone(1), /pipe goes one way/)
  await assert.rejects(joining.join(undefined), ChannelMisuse)
})

test('a program that never says what is done does not pay for it without bound', () => {
  const origins = new Origins<number>()
  for (let count = 0; count < inHandMax; count++) origins.received(7)
  assert.equal(origins.done(), 7)
  for (let count = 0; count < 3; count++) origins.received(8)
  assert.throws(() => origins.done(), ChannelMisuse)
  assert.throws(() => origins.done(), /they are not counted/)
})

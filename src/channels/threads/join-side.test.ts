/** What is done at a thread channel, what never will be, and what is thrown away; parties of one thread are enough. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as macrotask } from 'node:timers/promises'
import { watch } from '../../../test/channels/watch.ts'
import { ChannelPeerLost, type Sendable } from '../contract.ts'
import { takeSeat } from './channel-handle.ts'
import { tag } from './codec.ts'
import { threadLimits } from './limits.ts'
import { Ring } from './ring.ts'
import { writeWhole } from './ring-write.ts'
import { READY } from './roster.ts'
import { ThreadChannel } from './thread-channel.ts'

/** Turns of the event loop in which any wake-up arrives; far fewer than fit into a look-up's second. */
const turns = threadLimits.hotTurns * 2 + 8

async function settle(): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await macrotask()
}

function pair<T extends Sendable>(seats = 3): [ThreadChannel<T>, ThreadChannel<T>] {
  const here = ThreadChannel.create<T>({ ringBytes: 1024, seats, name: 'jobs' })
  return [here, ThreadChannel.attach<T>(here.handle)]
}

test('what any party puts is waited for, and what any party did counts', async () => {
  const [here, there] = pair<string>()
  const third = ThreadChannel.attach<string>(here.handle)
  await here.put('a')
  await third.put('b')
  const joins = [here, there, third].map((party) => watch(party.join()))
  assert.equal(await there.get(), 'a')
  assert.equal(await third.get(), 'b')
  assert.equal(there.stats().undone, 1)
  there.taskDone()
  await settle()
  assert.deepEqual(
    joins.map(({ state }) => state),
    ['pending', 'pending', 'pending'],
  )
  assert.throws(() => there.taskDone(), { code: 'CHANNEL_MISUSE' })
  third.taskDone()
  await settle()
  assert.deepEqual(
    joins.map(({ state }) => state),
    ['resolved', 'resolved', 'resolved'],
  )
})

test('a party that leaves with values in hand makes every join fail, now and later', async () => {
  const [here, there] = pair<number>()
  for (const value of [1, 2, 3]) await here.put(value)
  for (let count = 0; count < 3; count++) await there.get()
  there.taskDone()
  const joining = watch(here.join())
  await settle()
  assert.equal(joining.state, 'pending')
  there.detach()
  await settle()
  const lost = {
    code: 'CHANNEL_PEER_LOST',
    message: '2 values that were received from jobs will never be done: who had received has left',
  }
  assert.ok(joining.error instanceof ChannelPeerLost)
  assert.equal(joining.error.message, lost.message)
  await assert.rejects(here.join(), lost)
  // Whoever takes its seat has nothing to do with it, and what is put later is done as ever.
  const heir = ThreadChannel.attach<number>(here.handle)
  await here.put(4)
  await heir.get()
  heir.taskDone()
  await assert.rejects(heir.join(), lost)
})

test('a party that leaves with nothing in hand is not missed', async () => {
  const [here, there] = pair<number>(2)
  await here.put(1)
  await there.get()
  there.taskDone()
  there.detach()
  assert.throws(() => there.taskDone(), { code: 'CHANNEL_MISUSE' })
  await assert.rejects(there.join(), { code: 'CHANNEL_CLOSED' })
  await here.join()
  const heir = ThreadChannel.attach<number>(here.handle)
  await here.put(2)
  await heir.get()
  const joining = watch(here.join())
  await settle()
  assert.equal(joining.state, 'pending')
  heir.taskDone()
  await here.join()
})

test('a channel that is closed lets what is inside be done', async () => {
  const [here, there] = pair<number>()
  await here.put(1)
  here.close()
  const joining = watch(here.join())
  await settle()
  assert.equal(joining.state, 'pending')
  await there.get()
  there.taskDone()
  await settle()
  assert.equal(joining.state, 'resolved')
})

test('what is thrown away is not waited for, but what is in hand is', async () => {
  const [here, there] = pair<number>()
  for (const value of [1, 2, 3]) await here.put(value)
  await there.get()
  const joining = watch(here.join())
  here.close('now')
  await settle()
  assert.equal(joining.state, 'pending')
  assert.equal(here.size, 0)
  there.taskDone()
  await settle()
  assert.equal(joining.state, 'resolved')
})

test('a message in parts counts once, as one that nobody asked for does', async () => {
  const [here, there] = pair<Uint8Array>()
  const large = new Uint8Array(10_000)
  const put = here.put(large)
  assert.equal(there.tryGet(), undefined) // it has begun to take it, and brings it in
  await put
  const joining = watch(here.join())
  await settle()
  assert.equal(joining.state, 'pending')
  assert.deepEqual(await there.get(), large)
  there.taskDone()
  await settle()
  assert.equal(joining.state, 'resolved')
})

test('a message in parts that was brought in for nobody is thrown away with the rest', async () => {
  const [here, there] = pair<Uint8Array>()
  const put = here.put(new Uint8Array(10_000))
  assert.equal(there.tryGet(), undefined)
  await put
  await settle()
  here.close('now')
  await here.join()
  assert.equal(there.tryGet(), undefined)
})

test('a message in parts of which one is on its way is thrown away with the rest', async () => {
  const [here, there] = pair<Uint8Array>()
  const put = here.put(new Uint8Array(10_000))
  assert.equal(there.tryGet(), undefined)
  here.close('now')
  await assert.rejects(put, { code: 'CHANNEL_CLOSED' })
  await here.join()
})

test('a value that cannot be made here was not got, and is not waited for', async () => {
  const [here, there] = pair<Sendable>(4)
  const ring = new Ring(here.handle.memory, takeSeat(here.handle, 'sender'))
  const garbage = {
    room: 8,
    tag: tag.v8,
    fill: (into: Buffer, place: number) => into.fill(0xff, place, place + 8).length && 8,
  }
  for (const way of [() => there.get(), async () => there.tryGet()]) {
    assert.equal(writeWhole(ring, garbage), READY)
    const joining = here.join()
    await assert.rejects(way)
    await joining
    assert.throws(() => there.taskDone(), { code: 'CHANNEL_MISUSE' })
  }
})

test('the main thread does not block', async () => {
  const [here] = pair<number>()
  assert.throws(() => here.joinSync(), { code: 'CHANNEL_MISUSE' })
})

/** What a channel between two processes promises, rule by rule. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { pair, soon } from '../../../test/processes/channel-pair.ts'
import { MemoryWorld } from '../../../test/processes/memory-world.ts'
import type { ChannelEvent } from '../channel-options.ts'
import {
  ChannelClosed,
  ChannelError,
  ChannelMisuse,
  ChannelPeerLost,
  ChannelTimeout,
  type Sendable,
} from '../contract.ts'
import { receive, select, send } from '../select.ts'

test('values go both ways, in order, whatever they are', async () => {
  const { world, near, far } = await pair({ world: new MemoryWorld(3, 'seeded') })
  const values = ['text', 1, null, true, new Uint8Array([1, 2]), { a: [1] }, 2n, new Date(0)]
  for (const value of values) assert.ok(near.tryPut(value))
  for (const value of values) assert.ok(far.tryPut(value))
  for (const value of values) assert.deepEqual(await soon(world, far.get()), value)
  for (const value of values) assert.deepEqual(await soon(world, near.get()), value)
})

test('undefined and what cannot be cloned are refused, and the channel goes on', async () => {
  const { world, near, far } = await pair()
  assert.throws(() => near.tryPut(undefined as unknown as null), ChannelMisuse)
  await assert.rejects(
    near.put(() => 1),
    ChannelError,
  )
  await near.put('fine')
  assert.equal(await soon(world, far.get()), 'fine')
})

test('a value larger than the other side takes is refused by name, and the channel goes on', async () => {
  const { world, near, far } = await pair({ far: { messageBytesMax: 100 } })
  await assert.rejects(near.put('x'.repeat(100)), /a value of 101 bytes: the other side takes 100/)
  await assert.rejects(near.put('x'.repeat(1_000_000)), ChannelMisuse)
  await near.put('x'.repeat(99))
  assert.equal(await soon(world, far.get()), 'x'.repeat(99))
})

test('no more is under way than the other side allows, and puts wait for it in order', async () => {
  const { world, near, far } = await pair({ far: { windowMessages: 4 } })
  const put: number[] = []
  const puts = Array.from({ length: 10 }, async (_, index) => {
    await near.put(index)
    put.push(index)
  })
  await world.pass(10)
  assert.deepEqual([put, near.stats().underWay, far.size, near.capacity], [[0, 1, 2, 3], 4, 4, 4])
  assert.equal(near.tryPut('barging in'), false)
  const got: unknown[] = []
  for (let count = 0; count < 10; count++) {
    got.push(await soon(world, far.get()))
    await world.pass(5)
    assert.ok(near.stats().underWay <= 4 && far.size <= 4)
  }
  await Promise.all(puts)
  assert.deepEqual(got, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
})

test('bytes bound what is under way as values do, and a value larger than the window still passes', async () => {
  const { world, near, far } = await pair({ far: { windowBytes: 1000 } })
  let count = 0
  while (near.tryPut('x'.repeat(300))) count++
  assert.equal(count, 4)
  await world.pass(10)
  for (let left = 4; left > 0; left--) await soon(world, far.get())
  await world.pass(10)
  assert.equal(near.tryPut('y'.repeat(5000)), true)
  assert.equal(near.tryPut('z'), false)
  await world.pass(10)
  assert.equal(await soon(world, far.get()), 'y'.repeat(5000))
})

test('settled waits until the other side has received all', async () => {
  const { world, near, far } = await pair()
  await near.settled()
  for (let count = 0; count < 3; count++) near.tryPut(count)
  let isSettled = false
  const settled = near.settled().then(() => {
    isSettled = true
  })
  await world.pass(10)
  far.tryGet()
  far.tryGet()
  await world.pass(10)
  assert.equal(isSettled, false)
  far.tryGet()
  await soon(world, settled)
})

test('closing lets the other side receive what was put, and what it had put arrive here', async () => {
  const { world, near, far } = await pair({ world: new MemoryWorld(5, 'seeded') })
  near.tryPut('last words')
  far.tryPut('answer')
  near.close()
  assert.equal(near.closed, true)
  await assert.rejects(near.put('too late'), ChannelClosed)
  assert.equal(await soon(world, near.get()), 'answer')
  await assert.rejects(soon(world, near.get()), ChannelClosed)
  await world.pass(100)
  assert.equal(far.closed, true)
  await assert.rejects(far.put('too late as well'), ChannelClosed)
  assert.equal(await far.get(), 'last words')
  await assert.rejects(far.get(), ChannelClosed)
  assert.deepEqual([near.failure, far.failure, near.ended, far.ended], [null, null, true, true])
})

test('closing now throws away what is under way, on both sides', async () => {
  const { world, near, far } = await pair()
  far.tryPut('thrown away here')
  await world.pass(10)
  near.tryPut('thrown away there')
  const waiting = assert.rejects(
    near.get().then(() => near.get()),
    ChannelClosed,
  )
  near.close('now')
  await waiting
  assert.equal(near.ended, true)
  await assert.rejects(near.get(), ChannelClosed)
  await world.pass(10)
  await assert.rejects(far.get(), ChannelClosed)
  assert.deepEqual([far.stats().dropped, far.stats().got], [1, 0])
})

test('whoever waits when the channel is closed is told', async () => {
  const { world, near, far } = await pair({ far: { windowMessages: 1 } })
  near.tryPut('fills the window')
  const [put, get] = [near.put('waits'), far.get().then(() => far.get())]
  const told = Promise.all([assert.rejects(put, ChannelClosed), assert.rejects(get, ChannelClosed)])
  far.close()
  await soon(world, told)
})

test('one side can finish and still receive', async () => {
  const { world, near, far } = await pair()
  near.tryPut('question')
  near.finish()
  await assert.rejects(near.put('more'), ChannelClosed)
  assert.equal(await soon(world, far.get()), 'question')
  await assert.rejects(soon(world, far.get()), ChannelClosed)
  assert.deepEqual([far.closed, far.ended], [false, true])
  await far.put('answer')
  assert.equal(await soon(world, near.get()), 'answer')
  const settled = far.settled()
  await soon(world, settled)
  far.finish()
  await assert.rejects(soon(world, near.get()), ChannelClosed)
  await soon(world, Promise.all([near[Symbol.asyncDispose](), far[Symbol.asyncDispose]()]))
})

test('for await receives all and ends with the channel', async () => {
  const { world, near, far } = await pair()
  for (let count = 0; count < 5; count++) near.tryPut(count)
  near.close()
  const collecting = (async () => {
    const got: Sendable[] = []
    for await (const value of far) got.push(value)
    return got
  })()
  assert.deepEqual(await soon(world, collecting), [0, 1, 2, 3, 4])
})

test('waits end by signal and by time, without effect', async () => {
  const { world, near, far } = await pair({ far: { windowMessages: 1 } })
  near.tryPut(1)
  const aborted = new AbortController()
  const put = assert.rejects(near.put(2, { signal: aborted.signal }), /enough/)
  const get = assert.rejects(near.get({ timeoutMs: 5 }), ChannelTimeout)
  const late = assert.rejects(near.put(3, { timeoutMs: 5 }), ChannelTimeout)
  aborted.abort(new Error('enough'))
  await soon(world, Promise.all([put, get, late]))
  assert.equal(await soon(world, far.get()), 1)
  await assert.rejects(far.get({ timeoutMs: 0 }), ChannelTimeout)
  assert.deepEqual([near.stats().waitingToPut, near.stats().waitingToGet], [0, 0])
})

test('the ends of channels to other processes join a select', async () => {
  const { world, near, far } = await pair({ far: { windowMessages: 1 } })
  const other = await pair({ world: new MemoryWorld(2, 'whole') })
  const receiving = select({ far: receive(far), other: receive(other.far) }, {}, world)
  near.tryPut('hello')
  assert.deepEqual(await soon(world, receiving), { name: 'far', value: 'hello' })
  await world.pass(10)
  near.tryPut('fills the window')
  const sending = select({ near: send(near, 'next') }, {}, world)
  await world.pass(10)
  assert.equal(far.tryGet(), 'fills the window')
  assert.deepEqual(await soon(world, sending), { name: 'near', value: undefined })
  const ending = select({ near: receive(near) }, {}, world)
  far.close()
  assert.deepEqual(await soon(world, ending), { name: 'near', value: undefined })
})

test('a lost peer fails the select that would have received from it', async () => {
  const { world, near, wire } = await pair()
  const receiving = assert.rejects(select({ near: receive(near) }, {}, world), ChannelPeerLost)
  wire.lose()
  await soon(world, receiving)
})

test('every channel counts, and tells its trace', async () => {
  const events: string[] = []
  const trace = (event: ChannelEvent<Sendable>): void => {
    events.push(`${event.channel} ${event.kind} ${String(event.value)}`)
  }
  const { world, near, far } = await pair({ near: { name: 'jobs', trace } })
  near.tryPut('a')
  await soon(world, far.get())
  far.tryPut('b')
  assert.equal(await soon(world, near.get()), 'b')
  near.close()
  await world.pass(10)
  assert.deepEqual(events, [
    'jobs put a',
    'jobs get-waits undefined',
    'jobs get b',
    'jobs close undefined',
  ])
  const { name, put, got, dropped, closed, size, underWay } = near.stats()
  assert.deepEqual([name, put, got, dropped, closed, size, underWay], ['jobs', 1, 1, 0, true, 0, 0])
})

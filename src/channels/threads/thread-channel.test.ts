/** One channel between two parties of one thread, which is enough for all but blocking and dying. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as macrotask } from 'node:timers/promises'
import fc from 'fast-check'
import type { ChannelEvent } from '../channel-options.ts'
import type { Sendable } from '../contract.ts'
import type { ThreadChannelOptions } from './channel-handle.ts'
import { ThreadChannel } from './thread-channel.ts'

async function collect<T extends Sendable>(from: ThreadChannel<T>): Promise<T[]> {
  const values: T[] = []
  for await (const value of from) values.push(value)
  return values
}

function pair<T extends Sendable>(
  options: ThreadChannelOptions = {},
): [ThreadChannel<T>, ThreadChannel<T>] {
  const here = ThreadChannel.create<T>(options)
  return [here, ThreadChannel.attach<T>(here.handle)]
}

test('what one party puts the other gets, in order', async () => {
  const [here, there] = pair<Sendable>()
  const values = ['a', 1, 1.5, null, true, Buffer.from('b'), { c: [1] }, new Map([[1, 2]]), 'é', '']
  for (const value of values) await here.put(value)
  assert.equal(there.size, values.length)
  for (const value of values) assert.deepEqual(await there.get(), value)
  assert.equal(there.tryGet(), undefined)
  assert.equal(here.size, 0)
})

test('a channel is a queue, whatever the sizes and however puts and gets alternate', () => {
  const steps = fc.array(
    fc.oneof(
      fc.record({ put: fc.nat(480) }),
      fc.record({ put: fc.nat(20) }),
      fc.constant({ put: -1 }),
    ),
    { maxLength: 200 },
  )
  fc.assert(
    fc.property(steps, fc.constantFrom(undefined, 1, 3), (all, capacity) => {
      const [here, there] = pair<Uint8Array>({ ringBytes: 1024, ...(capacity && { capacity }) })
      const model: number[][] = []
      let next = 0
      for (const { put } of all) {
        if (put < 0) {
          const value = there.tryGet()
          assert.deepEqual(value && [...value], model.shift())
        } else {
          const bytes = new Uint8Array(put).fill(next++ & 0xff)
          const taken = here.tryPut(bytes)
          if (model.length === 0) assert.ok(taken, 'an empty ring takes anything up to half of it')
          if (capacity !== undefined && model.length === capacity) assert.ok(!taken)
          if (taken) model.push([...bytes])
        }
        assert.equal(here.size, model.length)
      }
    }),
    { numRuns: 200 },
  )
})

test('put waits for room, and those who wait are served in order', async () => {
  const [here, there] = pair<number>({ capacity: 1 })
  const done: number[] = []
  const puts = [1, 2, 3].map((value) => here.put(value).then(() => done.push(value)))
  await macrotask()
  assert.deepEqual(done, [1])
  assert.ok(!here.tryPut(4), 'nobody overtakes those who wait')
  assert.deepEqual([await there.get(), await there.get(), await there.get()], [1, 2, 3])
  await Promise.all(puts)
  assert.deepEqual(done, [1, 2, 3])
})

test('get waits for a value, and those who wait are served in order', async () => {
  const [here, there] = pair<number>()
  const gets = [there.get(), there.get(), there.get()]
  for (const value of [1, 2, 3]) await here.put(value)
  assert.deepEqual(await Promise.all(gets), [1, 2, 3])
})

test('a wait that was ended has had no effect', async () => {
  const [here, there] = pair<number>({ capacity: 1 })
  await assert.rejects(there.get({ timeoutMs: 1 }), { code: 'CHANNEL_TIMEOUT' })
  await assert.rejects(there.get({ timeoutMs: 0 }), { code: 'CHANNEL_TIMEOUT' })
  await here.put(1)
  const controller = new AbortController()
  const put = here.put(2, { signal: controller.signal })
  controller.abort(new Error('enough'))
  await assert.rejects(put, { message: 'enough' })
  await assert.rejects(here.put(3, { signal: AbortSignal.abort(new Error('no')) }), {
    message: 'no',
  })
  assert.equal(await there.get(), 1)
  assert.equal(there.tryGet(), undefined)
  await here.put(4)
  assert.equal(await there.get(), 4)
})

test('a message larger than the ring arrives whole, by put alone', async () => {
  const [here, there] = pair<Sendable>({ ringBytes: 1024 })
  const large = new Uint8Array(100_000).map((_none, index) => index)
  assert.throws(() => here.tryPut(large), { code: 'CHANNEL_MISUSE' })
  const text = 'x'.repeat(50_000)
  const wide = '가'.repeat(5_000)
  const tree = { list: Array.from({ length: 2_000 }, (_none, index) => `item ${index}`) }
  const values: Sendable[] = ['before', large, text, wide, tree, Buffer.from(large), 'after']
  const puts = Promise.all(values.map((value) => here.put(value)))
  for (const value of values) assert.deepEqual(await there.get(), value)
  await puts
})

test('a large message that is given up leaves nothing behind', async () => {
  const [here, there] = pair<Sendable>({ ringBytes: 1024 })
  const controller = new AbortController()
  const put = here.put(new Uint8Array(100_000), { signal: controller.signal })
  assert.equal(there.tryGet(), undefined) // it has taken the first parts
  controller.abort(new Error('enough'))
  await assert.rejects(put, { message: 'enough' })
  await here.put('next')
  assert.equal(await there.get(), 'next')
})

test('a large message that one party has begun to receive is waited for by the others', async () => {
  const [here, one] = pair<Sendable>({ ringBytes: 1024 })
  const two = ThreadChannel.attach<Sendable>(here.handle)
  const put = here.put(new Uint8Array(10_000).fill(1))
  assert.equal(one.tryGet(), undefined)
  const second = two.get()
  await put
  await here.put('second')
  assert.equal(await second, 'second')
  assert.deepEqual(await one.get(), new Uint8Array(10_000).fill(1))
})

test('closing lets what is inside be received, and refuses the rest', async () => {
  const [here, there] = pair<number>({ capacity: 2 })
  await here.put(1)
  await here.put(2)
  const waiting = here.put(3)
  there.close()
  await assert.rejects(waiting, { code: 'CHANNEL_CLOSED' })
  await assert.rejects(here.put(4), { code: 'CHANNEL_CLOSED' })
  assert.ok(!here.tryPut(4))
  assert.equal(here.offer(4), 'closed')
  assert.ok(here.closed && !here.ended)
  assert.deepEqual(await collect(there), [1, 2])
  await assert.rejects(there.get(), { code: 'CHANNEL_CLOSED' })
  assert.ok(here.ended && here.failure === null)
  here.close()
})

test('closing now throws away what is inside, also after an earlier close', async () => {
  const [here, there] = pair<number>()
  await here.put(1)
  here.close()
  here.close('now')
  assert.equal(there.tryGet(), undefined)
  await assert.rejects(there.get(), { code: 'CHANNEL_CLOSED' })
})

test('closing ends those who wait', async () => {
  const [here, there] = pair<number>()
  const got = there.get()
  const loop = collect(there)
  here.close()
  await assert.rejects(got, { code: 'CHANNEL_CLOSED' })
  assert.deepEqual(await loop, [])
})

test('leaving a loop leaves the channel open and takes nothing along', async () => {
  const [here, there] = pair<number>()
  for (const value of [1, 2, 3]) await here.put(value)
  for await (const value of there) if (value === 2) break
  assert.equal(await there.get(), 3)
})

test('detaching ends one party alone', async () => {
  const [here, there] = pair<number>()
  const got = there.get()
  there.detach()
  there.detach()
  await assert.rejects(got, { code: 'CHANNEL_CLOSED' })
  await assert.rejects(there.put(1), { code: 'CHANNEL_CLOSED' })
  const again = ThreadChannel.attach<number>(here.handle)
  await here.put(1)
  assert.equal(there.tryGet(), undefined)
  assert.equal(await again.get(), 1)
})

test('seats are limited and come free again', () => {
  const here = ThreadChannel.create<number>({ seats: 2, name: 'jobs' })
  const there = ThreadChannel.attach<number>(here.handle)
  assert.throws(() => ThreadChannel.attach(here.handle), { message: /2 seats of jobs/ })
  there.detach()
  ThreadChannel.attach<number>(here.handle).tryPut(1)
  assert.equal(here.tryGet(), 1)
})

test('more parties than a mask has bits all wake up', async () => {
  const here = ThreadChannel.create<number>({ seats: 80 })
  const parties = Array.from({ length: 70 }, () => ThreadChannel.attach<number>(here.handle))
  const gets = parties.map((party) => party.get())
  await macrotask()
  for (const index of parties.keys()) here.tryPut(index)
  const got = await Promise.all(gets)
  assert.deepEqual(
    got.toSorted((left, right) => left - right),
    [...parties.keys()],
  )
})

test('blocking is refused on the main thread', () => {
  const here = ThreadChannel.create<number>()
  assert.throws(() => here.getSync(), { code: 'CHANNEL_MISUSE' })
  assert.throws(() => here.putSync(1), { code: 'CHANNEL_MISUSE' })
})

test('options that make no sense are refused', () => {
  for (const options of [{ ringBytes: 1000 }, { ringBytes: 512 }, { capacity: 0 }, { seats: 0 }]) {
    assert.throws(() => ThreadChannel.create(options), { code: 'CHANNEL_MISUSE' })
  }
})

test('a hint reaches whoever waits for the same, and no hint comes before the call is over', async () => {
  const [here, there] = pair<number>()
  let hints = 0
  const unwatch = there.onReadable(() => hints++)
  const got = ThreadChannel.attach<number>(here.handle).get()
  assert.equal(hints, 0)
  here.tryPut(7)
  assert.equal(await got, 7)
  unwatch()
  const early: string[] = []
  here.tryPut(8)
  there.onReadable(() => early.push('woken'))
  early.push('returned')
  await macrotask()
  assert.deepEqual(early, ['returned', 'woken'])
})

test('a party tells its trace what it did itself, in order, and nothing of the others', async () => {
  const events: string[] = []
  const trace = ({ channel, kind, value, size }: ChannelEvent<Sendable>): void => {
    events.push(`${channel} ${kind} ${String(value)} ${size}`)
  }
  const here = ThreadChannel.create<string>({ name: 'jobs', capacity: 1, trace })
  const there = ThreadChannel.attach<string>(here.handle)
  assert.ok(here.tryPut('a'))
  const waiting = here.put('b')
  assert.equal(await there.get(), 'a')
  await waiting
  assert.equal(there.tryGet(), 'b')
  const getting = here.get()
  assert.ok(there.tryPut('c'))
  assert.equal(await getting, 'c')
  here.close()
  here.close()
  await assert.rejects(here.put('d'), { code: 'CHANNEL_CLOSED' })
  await assert.rejects(here.get(), { code: 'CHANNEL_CLOSED' })
  assert.deepEqual(events, [
    'jobs put a 1',
    'jobs put-waits b 1',
    'jobs put b 1',
    'jobs get-waits undefined 0',
    'jobs get c 0',
    'jobs close undefined 0',
  ])
})

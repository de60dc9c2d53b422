/** What a channel promises, rule by rule. The laws under chance are in channel-laws.test.ts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Clockwork } from '../../test/channels/clockwork.ts'
import { watch } from '../../test/channels/watch.ts'
import { Channel } from './channel.ts'
import type { ChannelEvent, ChannelOptions } from './channel-options.ts'
import { ChannelMisuse } from './contract.ts'

function make(options: ChannelOptions<number>): { channel: Channel<number>; world: Clockwork } {
  const world = new Clockwork()
  return { channel: new Channel(options, world), world }
}

test('what goes in comes out in the same order', async () => {
  const { channel } = make({ capacity: 3 })
  await channel.put(1)
  await channel.put(2)
  await channel.put(3)
  assert.deepEqual([await channel.get(), channel.tryGet(), await channel.get()], [1, 2, 3])
  assert.equal(channel.tryGet(), undefined)
})

test('put waits while the channel is full, and get lets the first who waits in', async () => {
  const { channel, world } = make({ capacity: 1 })
  await channel.put(1)
  const second = watch(channel.put(2))
  const third = watch(channel.put(3))
  await world.settle()
  assert.equal(channel.tryPut(4), false)
  assert.equal(second.state, 'pending')
  assert.equal(await channel.get(), 1)
  await world.settle()
  assert.deepEqual([second.state, third.state, channel.size], ['resolved', 'pending', 1])
  assert.deepEqual([channel.tryGet(), channel.tryGet(), channel.tryGet()], [2, 3, undefined])
})

test('get waits while the channel is empty, first come first served', async () => {
  const { channel } = make({ capacity: 1 })
  const gets = [channel.get(), channel.get()]
  assert.deepEqual([channel.tryPut(1), channel.tryPut(2), channel.size], [true, true, 0])
  assert.deepEqual(await Promise.all(gets), [1, 2])
})

test('at a rendezvous put waits until a receiver has come', async () => {
  const { channel, world } = make({ capacity: 0 })
  assert.equal(channel.tryPut(1), false)
  const put = watch(channel.put(1))
  await world.settle()
  assert.deepEqual([put.state, channel.size], ['pending', 0])
  assert.equal(await channel.get(), 1)
  assert.equal(put.state, 'resolved')
  const got = channel.get()
  assert.equal(channel.tryPut(2), true)
  assert.equal(await got, 2)
})

test('an unbounded channel takes a million values and gives its memory back', () => {
  const { channel } = make({ capacity: Number.POSITIVE_INFINITY })
  for (let value = 0; value < 1_000_000; value++) assert.ok(channel.tryPut(value))
  let sum = 0
  for (let value = channel.tryGet(); value !== undefined; value = channel.tryGet()) sum += value
  assert.equal(sum, (999_999 * 1_000_000) / 2)
  assert.equal(channel.stats().sizeMax, 1_000_000)
})

test('join resolves exactly when taskDone has been said for all that went in', async () => {
  const { channel, world } = make({ capacity: 2 })
  await world.until(channel.join())
  await channel.put(1)
  await channel.put(2)
  const joined = watch(channel.join())
  await channel.get()
  channel.taskDone()
  await channel.get()
  await world.settle()
  assert.equal(joined.state, 'pending')
  channel.taskDone()
  await world.settle()
  assert.equal(joined.state, 'resolved')
})

test('taskDone said more often than values were got is an error', async () => {
  const { channel } = make({ capacity: 2 })
  assert.throws(() => channel.taskDone(), ChannelMisuse)
  await channel.put(1)
  assert.throws(() => channel.taskDone(), { code: 'CHANNEL_MISUSE' })
  await channel.get()
  channel.taskDone()
  assert.throws(() => channel.taskDone(), ChannelMisuse)
})

test('a watch wakes once: soon when it is possible already, and never before the call returns', async () => {
  const { channel, world } = make({ capacity: 1 })
  const wakes: string[] = []
  const wake = (what: string) => (): void => {
    wakes.push(what)
  }
  channel.onWritable(wake('room'))
  channel.onReadable(wake('value'))
  const unwatch = channel.onReadable(wake('never'))
  unwatch()
  assert.deepEqual(wakes, [])
  await world.settle()
  assert.deepEqual(wakes, ['room'])
  await channel.put(1)
  assert.deepEqual(wakes, ['room', 'value'])
  channel.tryGet()
  await channel.put(2)
  assert.deepEqual(wakes, ['room', 'value'])
  channel.onWritable(wake('closed'))
  channel.close()
  assert.deepEqual<string[]>(wakes, ['room', 'value', 'closed'])
})

test('at a rendezvous a watch wakes when the other side has come', async () => {
  const { channel, world } = make({ capacity: 0 })
  const wakes: string[] = []
  channel.onReadable(() => wakes.push('a sender'))
  channel.onWritable(() => wakes.push('a receiver'))
  await world.settle()
  assert.deepEqual(wakes, [])
  const put = watch(channel.put(1))
  assert.deepEqual<string[]>(wakes, ['a sender'])
  assert.equal(channel.tryGet(), 1)
  const got = watch(channel.get())
  assert.deepEqual<string[]>(wakes, ['a sender', 'a receiver'])
  assert.equal(channel.tryPut(2), true)
  await world.settle()
  assert.deepEqual([put.state, got.value], ['resolved', 2])
})

test('the counters add up', async () => {
  const { channel, world } = make({ capacity: 2, name: 'orders' })
  for (const value of [1, 2]) await channel.put(value)
  const blocked = watch(channel.put(3))
  assert.deepEqual(channel.stats(), {
    name: 'orders',
    capacity: 2,
    size: 2,
    sizeMax: 2,
    put: 2,
    got: 0,
    dropped: 0,
    unfinished: 2,
    waitingToPut: 1,
    waitingToGet: 0,
    closed: false,
  })
  for (let count = 0; count < 3; count++) await channel.get()
  void watch(channel.get())
  await world.settle()
  assert.equal(blocked.state, 'resolved')
  const { put, got, waitingToGet, size } = channel.stats()
  assert.deepEqual({ put, got, waitingToGet, size }, { put: 3, got: 3, waitingToGet: 1, size: 0 })
})

test('the trace tells every event in order, and what it throws disturbs nobody', async () => {
  const events: string[] = []
  const world = new Clockwork()
  const trace = (event: ChannelEvent<number>): void => {
    events.push(`${event.kind} ${event.value ?? '-'} ${event.size}`)
    if (event.kind === 'close') throw new Error('trace')
  }
  const channel = new Channel<number>({ capacity: 1, whenFull: 'block', trace }, world)
  await channel.put(1)
  const blocked = channel.put(2)
  await channel.get()
  await blocked
  await channel.get()
  const waiting = channel.get()
  await channel.put(3)
  await waiting
  await channel.put(4)
  channel.close('now')
  await world.settle()
  assert.deepEqual(events, [
    'put 1 1',
    'put-waits 2 1',
    'get 1 0',
    'put 2 1',
    'get 2 0',
    'get-waits - 0',
    'put 3 0',
    'get 3 0',
    'put 4 1',
    'drop 4 0',
    'close - 0',
  ])
  assert.deepEqual(world.errors, [new Error('trace')])
})

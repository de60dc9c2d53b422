/** What each option of a channel changes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Clockwork } from '../../test/channels/clockwork.ts'
import { watch } from '../../test/channels/watch.ts'
import { Channel } from './channel.ts'
import type { ChannelOptions } from './channel-options.ts'
import { ChannelClosed, ChannelFull, ChannelMisuse } from './contract.ts'

function make(options: ChannelOptions<number>): { channel: Channel<number>; world: Clockwork } {
  const world = new Clockwork()
  return { channel: new Channel(options, world), world }
}

test('a full channel that rejects says so; tryPut and offer never wait', async () => {
  const { channel } = make({ capacity: 1, whenFull: 'reject' })
  await channel.put(1)
  await assert.rejects(channel.put(2), ChannelFull)
  assert.equal(channel.offer(2), 'full')
  assert.equal(channel.tryPut(2), false)
})

test('drop-newest loses the value being put, and counts it', async () => {
  const { channel } = make({ capacity: 1, whenFull: 'drop-newest' })
  assert.equal(channel.offer(1), 'taken')
  assert.equal(channel.offer(2), 'dropped')
  await channel.put(3)
  assert.deepEqual([channel.tryGet(), channel.tryGet()], [1, undefined])
  assert.equal(channel.stats().dropped, 2)
})

test('drop-oldest loses the oldest inside, and join does not wait for it', async () => {
  const { channel, world } = make({ capacity: 2, whenFull: 'drop-oldest' })
  for (const value of [1, 2, 3, 4]) await channel.put(value)
  assert.equal(channel.offer(5), 'replaced')
  const { put, dropped, unfinished } = channel.stats()
  assert.deepEqual({ put, dropped, unfinished }, { put: 5, dropped: 3, unfinished: 2 })
  assert.deepEqual([channel.tryGet(), channel.tryGet()], [4, 5])
  channel.taskDone()
  channel.taskDone()
  await world.until(channel.join())
})

test('conflate keeps the newest alone, or what the program makes of both', async () => {
  const { channel } = make({ capacity: 2, whenFull: 'conflate' })
  for (const value of [1, 2, 3, 4]) await channel.put(value)
  assert.deepEqual([channel.tryGet(), channel.tryGet()], [1, 4])
  const summing = make({
    capacity: 1,
    whenFull: 'conflate',
    conflate: (inside, value) => inside + value,
  })
  for (const value of [1, 2, 3]) assert.notEqual(summing.channel.offer(value), 'full')
  assert.equal(summing.channel.tryGet(), 6)
})

test('options that make no sense together are refused', () => {
  const world = new Clockwork()
  const nonsense: ChannelOptions<number>[] = [
    { capacity: -1 },
    { capacity: 1.5 },
    { capacity: Number.NaN },
    { whenFull: 'wait' as never },
    { priority: 5 as never },
    { delayMs: 100 as never },
    { capacity: 0, whenFull: 'drop-oldest' },
    { capacity: 0, whenFull: 'conflate' },
    { capacity: 0, delayMs: () => 1 },
    { priority: () => 1, whenFull: 'drop-oldest' },
    { priority: () => 1, delayMs: () => 1 },
    { conflate: (inside) => inside },
  ]
  for (const options of nonsense) assert.throws(() => new Channel(options, world), ChannelMisuse)
})

test('undefined is refused as a value; null, 0 and the empty string are values', async () => {
  const world = new Clockwork()
  const channel = new Channel<string | number | null>({}, world)
  // @ts-expect-error: the compiler refuses it as well
  await assert.rejects(channel.put(undefined), ChannelMisuse)
  for (const value of [null, 0, '']) assert.ok(channel.tryPut(value))
  assert.deepEqual([channel.tryGet(), channel.tryGet(), channel.tryGet()], [null, 0, ''])
})

test('a priority channel serves the most urgent first, and equals in order of arrival', async () => {
  const world = new Clockwork()
  const channel = new Channel<string>({ priority: (job) => job.length }, world)
  for (const job of ['a', 'bbb', 'cc', 'ddd', 'e']) await channel.put(job)
  const order: (string | undefined)[] = []
  for (let count = 0; count < 5; count++) order.push(channel.tryGet())
  assert.deepEqual(order, ['bbb', 'ddd', 'cc', 'a', 'e'])
})

test('a priority that is no number is refused to its sender alone, even to one that waits', async () => {
  const priority = (value: number): number => (value === 2 ? Number.NaN : 0)
  const { channel, world } = make({ capacity: 1, priority })
  await channel.put(1)
  const bad = watch(channel.put(2))
  const good = watch(channel.put(3))
  assert.equal(await channel.get(), 1)
  await world.settle()
  assert.ok(bad.error instanceof ChannelMisuse)
  assert.equal(good.state, 'resolved')
  assert.equal(channel.tryGet(), 3)
  await assert.rejects(channel.put(2), ChannelMisuse)
})

test('a delayed value is received when its time has come and not before', async () => {
  const { channel, world } = make({ capacity: 10, delayMs: (value) => value })
  await channel.put(30)
  await channel.put(10)
  assert.equal(channel.tryGet(), undefined)
  const first = watch(channel.get())
  const second = watch(channel.get())
  assert.equal(world.timers, 1)
  await world.advance(9)
  assert.equal(first.state, 'pending')
  await world.advance(1)
  assert.deepEqual([first.value, second.state], [10, 'pending'])
  await channel.put(5)
  await world.advance(5)
  assert.equal(second.value, 5)
  assert.equal(world.timers, 0)
  await world.advance(100)
  assert.equal(channel.tryGet(), 30)
})

test('a delayed channel sets a timer only while somebody waits', async () => {
  const { channel, world } = make({ capacity: 10, delayMs: () => 50 })
  const controller = new AbortController()
  await channel.put(1)
  assert.equal(world.timers, 0)
  const got = watch(channel.get({ signal: controller.signal }))
  assert.equal(world.timers, 1)
  controller.abort(new Error('enough'))
  await world.settle()
  assert.deepEqual([got.state, world.timers, channel.size], ['rejected', 0, 1])
})

test('a closed delayed channel still gives what is inside, each at its time, then ends', async () => {
  const { channel, world } = make({ capacity: 10, delayMs: (value) => value })
  await channel.put(20)
  await channel.put(10)
  const gets = [watch(channel.get()), watch(channel.get()), watch(channel.get())]
  channel.close()
  await world.run()
  assert.deepEqual([gets[0]?.value, gets[1]?.value], [10, 20])
  assert.ok(gets[2]?.error instanceof ChannelClosed)
})

test('a value that is due goes to who waits for it, even if the timer is late', async () => {
  const { channel, world } = make({ delayMs: () => 10 })
  await channel.put(1)
  await channel.put(2)
  const waiting = watch(channel.get())
  world.nowMs = 20
  assert.equal(channel.tryGet(), 2)
  await world.settle()
  assert.deepEqual([waiting.value, world.timers], [1, 0])
})

test('a value whose delay is infinite sets no timer', async () => {
  const { channel, world } = make({ delayMs: () => Number.POSITIVE_INFINITY })
  await channel.put(1)
  const waiting = watch(channel.get())
  await world.run()
  assert.deepEqual([waiting.state, world.timers], ['pending', 0])
  channel.close('now')
  await world.settle()
  assert.equal(waiting.state, 'rejected')
})

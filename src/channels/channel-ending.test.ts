/** How a channel ends, and how a wait at it ends. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Clockwork } from '../../test/channels/clockwork.ts'
import { watch } from '../../test/channels/watch.ts'
import { Channel } from './channel.ts'
import type { ChannelOptions } from './channel-options.ts'
import { ChannelClosed, ChannelTimeout } from './contract.ts'
import { waitsPerTurn } from './turn.ts'

function make(options: ChannelOptions<number>): { channel: Channel<number>; world: Clockwork } {
  const world = new Clockwork()
  return { channel: new Channel(options, world), world }
}

test('a drained close refuses senders, serves receivers what is inside, then refuses them', async () => {
  const { channel, world } = make({ capacity: 1 })
  await channel.put(1)
  const waiting = watch(channel.put(2))
  channel.close()
  await world.settle()
  assert.ok(waiting.error instanceof ChannelClosed)
  assert.equal(channel.tryPut(3), false)
  assert.equal(channel.offer(3), 'closed')
  await assert.rejects(channel.put(3), { code: 'CHANNEL_CLOSED' })
  assert.equal(await channel.get(), 1)
  await assert.rejects(channel.get(), ChannelClosed)
  channel.close()
  assert.equal(channel.closed, true)
})

test('a close now throws away what is inside, and join does not wait for it', async () => {
  const { channel, world } = make({ capacity: 3 })
  for (const value of [1, 2, 3]) await channel.put(value)
  await channel.get()
  const joined = watch(channel.join())
  channel.close()
  channel.close('now')
  await world.settle()
  assert.deepEqual([channel.size, channel.stats().dropped, joined.state], [0, 2, 'pending'])
  channel.taskDone()
  await world.settle()
  assert.equal(joined.state, 'resolved')
  await assert.rejects(channel.get(), ChannelClosed)
})

test('close wakes receivers that wait: get rejects, for await ends', async () => {
  const { channel, world } = make({ capacity: 1 })
  const got = watch(channel.get())
  const looped = (async () => {
    const values: number[] = []
    for await (const value of channel) values.push(value)
    return values
  })()
  await world.settle()
  await channel.put(1)
  await channel.put(2)
  channel.close()
  assert.deepEqual(await looped, [2])
  assert.equal(got.value, 1)
})

test('a failed channel gives its error to every receiver once what is inside is received', async () => {
  const { channel, world } = make({ capacity: 2 })
  const broken = new Error('the sensor broke')
  await channel.put(1)
  channel.fail(broken)
  assert.equal(await channel.get(), 1)
  await assert.rejects(channel.get(), broken)
  await assert.rejects(async () => {
    for await (const value of channel) assert.fail(`there is no ${value}`)
  }, broken)
  await assert.rejects(channel.put(2), { code: 'CHANNEL_CLOSED', cause: broken })
  assert.equal(channel.failure, broken)
  await world.settle()
})

test('leaving a for await loop leaves the channel open and takes no value along', async () => {
  const { channel, world } = make({ capacity: 5 })
  for (const value of [1, 2, 3]) await channel.put(value)
  for await (const value of channel) if (value === 2) break
  assert.deepEqual([channel.closed, channel.tryGet()], [false, 3])
  const iterator = channel[Symbol.asyncIterator]()
  const next = iterator.next()
  await iterator.return?.()
  assert.deepEqual(await next, { value: undefined, done: true })
  await channel.put(4)
  assert.equal(channel.tryGet(), 4)
  assert.equal(channel.stats().waitingToGet, 0)
  await world.settle()
})

test('an aborted or timed-out wait leaves no value, no listener and no timer behind', async () => {
  const { channel, world } = make({ capacity: 1 })
  const controller = new AbortController()
  const { signal } = controller
  const aborted = watch(channel.get({ signal, timeoutMs: 1000 }))
  const late = watch(channel.get({ timeoutMs: 5 }))
  await world.advance(5)
  assert.ok(late.error instanceof ChannelTimeout)
  controller.abort(new Error('enough'))
  await world.settle()
  assert.deepEqual(aborted.error, new Error('enough'))
  assert.deepEqual([world.timers, channel.stats().waitingToGet], [0, 0])
  await channel.put(1)
  const full = watch(channel.put(2, { timeoutMs: 3 }))
  await world.run()
  assert.ok(full.error instanceof ChannelTimeout)
  assert.deepEqual([channel.tryGet(), channel.tryGet()], [1, undefined])
})

test('a signal that has fired already rejects even where there is a value or room', async () => {
  const { channel } = make({ capacity: 2 })
  const signal = AbortSignal.abort(new Error('before'))
  await assert.rejects(channel.put(1, { signal }), /before/)
  await channel.put(2)
  await assert.rejects(channel.get({ signal }), /before/)
  await assert.rejects(channel.join({ signal }), /before/)
  await assert.rejects(channel.room({ signal }), /before/)
  assert.equal(channel.tryGet(), 2)
})

test('a value handed over stays handed over when the signal fires in the same turn', async () => {
  const { channel } = make({ capacity: 0 })
  const controller = new AbortController()
  const got = channel.get({ signal: controller.signal })
  assert.equal(channel.tryPut(7), true)
  controller.abort()
  assert.equal(await got, 7)
})

test('a time-out of 0 does not wait, but takes what is there', async () => {
  const { channel, world } = make({ capacity: 1 })
  await assert.rejects(channel.get({ timeoutMs: 0 }), ChannelTimeout)
  await channel.put(1, { timeoutMs: 0 })
  await assert.rejects(channel.put(2, { timeoutMs: 0 }), ChannelTimeout)
  assert.equal(await channel.get({ timeoutMs: 0 }), 1)
  assert.equal(world.timers, 0)
})

test('a thousand waits on one signal are one listener, and none once they are over', async () => {
  const { channel } = make({ capacity: 0 })
  const { signal } = new AbortController()
  let listeners = 0
  const add = signal.addEventListener.bind(signal)
  const remove = signal.removeEventListener.bind(signal)
  signal.addEventListener = (...rest: Parameters<typeof add>) => {
    listeners += 1
    add(...rest)
  }
  signal.removeEventListener = (...rest: Parameters<typeof remove>) => {
    listeners -= 1
    remove(...rest)
  }
  const gets = Array.from({ length: 1000 }, () => channel.get({ signal }))
  assert.equal(listeners, 1)
  for (let value = 0; value < 1000; value++) assert.ok(channel.tryPut(value))
  await Promise.all(gets)
  assert.equal(listeners, 0)
})

test('room resolves when there may be room, and rejects when the channel is closed', async () => {
  const { channel, world } = make({ capacity: 1 })
  await channel.room()
  await channel.put(1)
  const room = watch(channel.room())
  const late = watch(channel.room({ timeoutMs: 1 }))
  await world.advance(1)
  assert.deepEqual([room.state, late.state], ['pending', 'rejected'])
  channel.tryGet()
  await world.settle()
  assert.equal(room.state, 'resolved')
  await channel.put(2)
  const closed = watch(channel.room())
  channel.close()
  await world.settle()
  assert.ok(closed.error instanceof ChannelClosed)
  await assert.rejects(channel.room(), ChannelClosed)
})

test('disposing closes and lets what is inside be received', async () => {
  const world = new Clockwork()
  const kept: Channel<number>[] = []
  {
    await using channel = new Channel<number>({}, world)
    kept.push(channel)
    await channel.put(1)
  }
  assert.equal(kept[0]?.closed, true)
  assert.equal(await kept[0]?.get(), 1)
})

test('two loops that never wait let the event loop go on after a bounded number of values', async () => {
  const { channel, world } = make({ capacity: 10 })
  const valueCount = 100_000
  let received = 0
  const producer = async (): Promise<void> => {
    for (let value = 0; value < valueCount; value++) await channel.put(value)
    channel.close()
  }
  const consumer = async (): Promise<void> => {
    for await (const value of channel) received = value + 1
  }
  const both = Promise.all([producer(), consumer()])
  await new Promise((resolve) => {
    setImmediate(resolve)
  })
  assert.ok(received > 0 && received <= waitsPerTurn, `${received} values in the first turn`)
  await world.until(both)
  assert.equal(received, valueCount)
})

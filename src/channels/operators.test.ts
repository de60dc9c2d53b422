/** What operators promise: order, back-pressure, and ends that travel both ways. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Clockwork } from '../../test/channels/clockwork.ts'
import { SeededWorld } from '../../test/channels/seeded-world.ts'
import { watch } from '../../test/channels/watch.ts'
import { Channel } from './channel.ts'
import type { ChannelEvent } from './channel-options.ts'
import {
  ChannelClosed,
  ChannelMisuse,
  type Ports,
  type Receiver,
  type Sendable,
} from './contract.ts'
import { batch, filter, map, merge, tee, throttle } from './operators.ts'

async function filled(ports: Ports, values: readonly number[]): Promise<Channel<number>> {
  const channel = new Channel<number>({ capacity: Number.POSITIVE_INFINITY }, ports)
  for (const value of values) await channel.put(value)
  return channel
}

async function collect<T extends Sendable>(source: Receiver<T>): Promise<T[]> {
  const values: T[] = []
  for await (const value of source) values.push(value)
  return values
}

test('map and filter keep the order, wait for promises, and end when the source is closed', async () => {
  const ports = new Clockwork()
  const source = await filled(ports, [1, 2, 3, 4, 5])
  source.close()
  const odd = filter(source, (value) => value % 2 === 1, { ports })
  const texts = map(odd, async (value) => `#${value}`, { ports })
  assert.deepEqual(await collect(texts), ['#1', '#3', '#5'])
})

test('an operator takes no more than one value ahead of its receiver', async () => {
  const ports = new Clockwork()
  const source = await filled(ports, [1, 2, 3, 4, 5])
  const doubled = map(source, (value) => value * 2, { ports })
  await ports.settle()
  assert.equal(source.size, 4)
  assert.equal(await doubled.get(), 2)
  await ports.settle()
  assert.equal(source.size, 3)
})

test('an error of the function or of the source reaches the receiver after what came before it', async () => {
  const ports = new Clockwork()
  const source = await filled(ports, [4, 2, 0, 1])
  const shares = map(
    source,
    (value) => {
      if (value === 0) throw new RangeError('division by zero')
      return 8 / value
    },
    { ports, capacity: 10 },
  )
  assert.deepEqual([await shares.get(), await shares.get()], [2, 4])
  await assert.rejects(shares.get(), RangeError)
  assert.deepEqual([source.closed, source.size], [false, 1])
  const broken = new Error('broken')
  source.fail(broken)
  await assert.rejects(collect(map(source, (value) => value, { ports })), broken)
})

test('closing an operator stops its loop and the stages before it, and leaves the source alone', async () => {
  const ports = new Clockwork()
  const source = new Channel<number>({ capacity: 10 }, ports)
  const inner = map(source, (value) => value + 1, { ports })
  const outer = filter(inner, () => true, { ports })
  await ports.settle()
  assert.equal(source.stats().waitingToGet, 1)
  outer.close()
  await ports.settle()
  assert.deepEqual([inner.closed, source.closed, source.stats().waitingToGet], [true, false, 0])
  await source.put(1)
  assert.equal(source.tryGet(), 1)
})

test('a signal ends an operator with its reason', async () => {
  const ports = new Clockwork()
  const source = new Channel<number>({ capacity: 10 }, ports)
  const controller = new AbortController()
  const stage = map(source, (value) => value, { ports, signal: controller.signal })
  const got = watch(stage.get())
  await ports.settle()
  controller.abort(new Error('enough'))
  await ports.settle()
  assert.deepEqual([got.error, source.stats().waitingToGet], [new Error('enough'), 0])
  const late = map(source, (value) => value, { ports, signal: controller.signal })
  await assert.rejects(late.get(), /enough/)
})

test('a batch is complete by count, by time, or because the source has ended', async () => {
  const ports = new Clockwork()
  const source = await filled(ports, [1, 2, 3, 4])
  const batches = batch(source, { count: 3, withinMs: 10, ports })
  assert.deepEqual(await batches.get(), [1, 2, 3])
  const late = watch(batches.get())
  await ports.advance(9)
  assert.equal(late.state, 'pending')
  await ports.advance(1)
  assert.deepEqual(late.value, [4])
  await ports.advance(100)
  const last = watch(batches.get())
  await source.put(5)
  await ports.settle()
  source.fail(new Error('broken'))
  await ports.settle()
  assert.deepEqual(last.value, [5])
  await assert.rejects(batches.get(), /broken/)
  assert.equal(ports.timers, 0)
})

test('a throttle lets at most so many pass in any stretch of time, and loses none', async () => {
  const ports = new Clockwork()
  const source = await filled(ports, [1, 2, 3, 4, 5])
  source.close()
  const slowed = throttle(source, { count: 2, perMs: 10, ports })
  const taken: string[] = []
  const taking = (async () => {
    for await (const value of slowed) taken.push(`${value} at ${ports.nowMs}`)
  })()
  await ports.until(taking)
  assert.deepEqual(taken, ['1 at 0', '2 at 0', '3 at 10', '4 at 10', '5 at 20'])
})

test('closing a throttle that waits leaves no timer', async () => {
  const ports = new Clockwork()
  const source = await filled(ports, [1, 2])
  const slowed = throttle(source, { count: 1, perMs: 1000, ports })
  assert.equal(await slowed.get(), 1)
  await ports.settle()
  assert.equal(ports.timers, 1)
  slowed.close()
  await ports.settle()
  assert.deepEqual([ports.timers, source.size], [0, 1])
})

test('merge takes turns, ends with the last source and fails with the first that fails', async () => {
  const ports = new Clockwork()
  const odd = await filled(ports, [1, 3, 5])
  const even = await filled(ports, [2, 4, 6])
  odd.close()
  even.close()
  assert.deepEqual(await collect(merge([odd, even], { ports })), [1, 2, 3, 4, 5, 6])
  const silent = new Channel<number>({}, ports)
  const failing = await filled(ports, [7])
  const both = merge([silent, failing], { ports })
  assert.equal(await both.get(), 7)
  failing.fail(new Error('broken'))
  await assert.rejects(both.get(), /broken/)
  await ports.settle()
  assert.equal(silent.stats().waitingToGet, 0)
})

test('tee gives every value to every branch at the pace of the slowest', async () => {
  const ports = new Clockwork()
  const source = await filled(ports, [1, 2, 3])
  source.close()
  const [left, right] = tee(source, { ports })
  assert.equal(await left.get(), 1)
  const ahead = watch(left.get())
  await ports.settle()
  assert.equal(ahead.state, 'pending')
  assert.equal(await right.get(), 1)
  await ports.settle()
  assert.equal(ahead.value, 2)
  right.close()
  assert.deepEqual(await collect(left), [3])
})

test('each stage counts, and tells its trace', async () => {
  const ports = new Clockwork()
  const events: string[] = []
  const trace = ({ channel, kind, value }: ChannelEvent<Sendable>): void => {
    events.push(`${channel}: ${kind} ${value ?? '-'}`)
  }
  const doubled = map(await filled(ports, [1, 2]), (n) => n * 2, { name: 'doubled', trace, ports })
  assert.equal(await ports.until(doubled.get()), 2)
  doubled.close()
  await ports.settle()
  const { name, put, got, closed } = doubled.stats()
  assert.deepEqual([name, put, got, closed], ['doubled', 1, 1, true])
  assert.deepEqual(events.slice(0, 3), ['doubled: get-waits -', 'doubled: put 2', 'doubled: get 2'])
  assert.ok(events.includes('doubled: close -'))
})

test('a tee whose branches are all closed stops, and so does the stage before it', async () => {
  const ports = new Clockwork()
  const source = new Channel<number>({}, ports)
  const stage = map(source, (value) => value, { ports })
  const branches = tee(stage, { branches: 3, ports })
  await ports.settle()
  for (const branch of branches) branch.close()
  await ports.settle()
  assert.deepEqual([stage.closed, source.stats().waitingToGet], [true, 0])
  await assert.rejects(branches[0].get(), ChannelClosed)
})

test('counts and times that make no sense are refused', async () => {
  const ports = new Clockwork()
  const source = await filled(ports, [])
  assert.throws(() => batch(source, { count: 0, ports }), ChannelMisuse)
  assert.throws(() => throttle(source, { count: 0.5, perMs: 1, ports }), ChannelMisuse)
  assert.throws(() => tee(source, { branches: 0, ports }), ChannelMisuse)
  assert.throws(() => batch(source, { count: 1, withinMs: Number.NaN, ports }), ChannelMisuse)
  assert.throws(() => throttle(source, { count: 1, perMs: -1, ports }), ChannelMisuse)
  assert.throws(() => throttle(source, { count: 1, perMs: Number.NaN, ports }), ChannelMisuse)
})

test('under chance a whole pipeline loses nothing, doubles nothing and keeps the order', async () => {
  const plans = fc.record({
    seed: fc.nat(),
    valueCount: fc.integer({ min: 0, max: 40 }),
    capacity: fc.constantFrom(0, 1, 5),
    count: fc.integer({ min: 1, max: 7 }),
    withinMs: fc.constantFrom(0, 1, 5, Number.POSITIVE_INFINITY),
  })
  await fc.assert(
    fc.asyncProperty(plans, async ({ seed, valueCount, capacity, count, withinMs }) => {
      const ports = new SeededWorld(seed)
      const seen = await ports.run(async () => {
        const source = new Channel<number>({ capacity }, ports)
        const feeding = (async () => {
          for (let value = 0; value < valueCount; value++) {
            await ports.pause()
            await source.put(value)
          }
          source.close()
        })()
        const [left, right] = tee(source, { ports, capacity })
        const slow = map(
          left,
          async (value) => {
            await ports.pause()
            return value
          },
          { ports, capacity },
        )
        const batches = batch(slow, { count, withinMs, ports, capacity })
        const throttled = throttle(right, { count, perMs: 3, ports, capacity })
        const [gathered, others] = await Promise.all([collect(batches), collect(throttled)])
        await feeding
        return { gathered, others }
      })
      const all = Array.from({ length: valueCount }, (_, value) => value)
      assert.deepEqual(seen.gathered.flat(), all)
      assert.ok(seen.gathered.every((values) => values.length > 0 && values.length <= count))
      assert.deepEqual(seen.others, all)
    }),
    { numRuns: 300 },
  )
})

/** What `select` promises: Go's rules, one by one, and under chance. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Clockwork } from '../../test/channels/clockwork.ts'
import { FarEnd } from '../../test/channels/far-end.ts'
import { SeededWorld } from '../../test/channels/seeded-world.ts'
import { watch } from '../../test/channels/watch.ts'
import { below } from '../base/random.ts'
import { Channel } from './channel.ts'
import {
  ChannelClosed,
  ChannelMisuse,
  ChannelTimeout,
  type SelectableReceiver,
  type SelectableSender,
} from './contract.ts'
import { after, receive, select, send, trySelect } from './select.ts'

function make(
  capacity = 1,
  world = new Clockwork(),
): { world: Clockwork; one: Channel<number>; two: Channel<string> } {
  return {
    world,
    one: new Channel<number>({ capacity }, world),
    two: new Channel<string>({ capacity }, world),
  }
}

test('a select takes the case that can happen, and the answer has its type', async () => {
  const { world, one, two } = make()
  await two.put('b')
  const chosen = await select({ one: receive(one), two: receive(two) }, {}, world)
  assert.equal(chosen.name, 'two')
  if (chosen.name === 'two') assert.equal(chosen.value?.toUpperCase(), 'B')
  const { waitingToGet } = one.stats()
  assert.equal(waitingToGet, 0)
})

test('a select waits where no case can happen, and the first one that can decides it', async () => {
  const { world, one, two } = make(0)
  const selecting = watch(select({ one: receive(one), two: send(two, 'b') }, {}, world))
  await world.settle()
  assert.equal(selecting.state, 'pending')
  assert.deepEqual([one.stats().waitingToGet, two.stats().waitingToPut], [1, 1])
  assert.equal(await two.get(), 'b')
  assert.deepEqual(selecting.value, { name: 'two', value: undefined })
  assert.deepEqual([one.stats().waitingToGet, two.stats().waitingToPut], [0, 0])
  assert.equal(one.tryPut(1), false)
})

test('sends and receives of two selects meet at a rendezvous', async () => {
  const { world, one, two } = make(0)
  const left = select({ one: send(one, 1), two: receive(two) }, {}, world)
  const right = select({ one: receive(one), two: receive(two) }, {}, world)
  assert.deepEqual(await world.until(left), { name: 'one', value: undefined })
  assert.deepEqual(await right, { name: 'one', value: 1 })
  assert.equal(two.stats().waitingToGet, 0)
})

test('a select never meets itself', async () => {
  const { world, one } = make(0)
  const selecting = watch(select({ in: receive(one), out: send(one, 1) }, {}, world))
  await world.settle()
  assert.equal(selecting.state, 'pending')
  assert.equal(await one.get(), 1)
  assert.deepEqual(selecting.value, { name: 'out', value: undefined })
})

test('trySelect answers undefined where every case would have to wait', () => {
  const { world, one, two } = make(1)
  assert.equal(trySelect({ one: receive(one), two: receive(two) }, world), undefined)
  assert.deepEqual(trySelect({ one: send(one, 1), two: receive(two) }, world), {
    name: 'one',
    value: undefined,
  })
  assert.deepEqual(trySelect({ one: receive(one) }, world), { name: 'one', value: 1 })
})

test('an ended channel is always ready to be received from, with undefined', async () => {
  const { world, one, two } = make(1)
  await one.put(1)
  one.close()
  assert.deepEqual(trySelect({ one: receive(one) }, world), { name: 'one', value: 1 })
  assert.deepEqual(trySelect({ one: receive(one) }, world), { name: 'one', value: undefined })
  const waiting = select({ two: receive(two) }, {}, world)
  two.close()
  assert.deepEqual(await waiting, { name: 'two', value: undefined })
})

test('a failed channel fails the select that would have received from it', async () => {
  const { world, one, two } = make(1)
  const broken = new Error('broken')
  const waiting = select({ one: receive(one), two: receive(two) }, {}, world)
  one.fail(broken)
  await assert.rejects(waiting, broken)
  await assert.rejects(select({ one: receive(one) }, {}, world), broken)
  assert.equal(two.stats().waitingToGet, 0)
})

test('sending to a closed channel fails the select', async () => {
  const { world, one, two } = make(0)
  const waiting = select({ one: send(one, 1), two: receive(two) }, {}, world)
  one.close()
  await assert.rejects(waiting, ChannelClosed)
  await assert.rejects(select({ one: send(one, 1) }, {}, world), ChannelClosed)
  assert.equal(two.stats().waitingToGet, 0)
})

test('a time-out and a signal end a select without any case having happened', async () => {
  const { world, one, two } = make(0)
  const late = watch(select({ one: receive(one), two: send(two, 'b') }, { timeoutMs: 5 }, world))
  await world.run()
  assert.ok(late.error instanceof ChannelTimeout)
  const controller = new AbortController()
  const { signal } = controller
  const aborted = watch(select({ one: receive(one) }, { signal, timeoutMs: 5 }, world))
  controller.abort(new Error('enough'))
  await world.settle()
  assert.deepEqual(aborted.error, new Error('enough'))
  assert.deepEqual([one.stats().waitingToGet, two.stats().waitingToPut, world.timers], [0, 0, 0])
  await assert.rejects(select({ one: receive(one) }, { timeoutMs: 0 }, world), ChannelTimeout)
  await assert.rejects(select({ one: receive(one) }, { signal }, world), /enough/)
})

test('after happens when nothing else has, and its timer goes when something else has', async () => {
  const { world, one } = make(0)
  const late = watch(select({ one: receive(one), late: after(5) }, {}, world))
  await world.advance(5)
  assert.deepEqual(late.value, { name: 'late', value: undefined })
  const soon = select({ one: receive(one), late: after(5) }, {}, world)
  await one.put(1)
  assert.deepEqual(await soon, { name: 'one', value: 1 })
  assert.equal(world.timers, 0)
})

test('a select without cases is refused', async () => {
  const { world } = make()
  await assert.rejects(select({}, {}, world), ChannelMisuse)
  assert.throws(() => trySelect({}, world), ChannelMisuse)
})

test('among cases that can happen each is as likely as another', async () => {
  const { world } = make()
  const three = { a: make().one, b: make().one, c: make().one }
  const counts = { a: 0, b: 0, c: 0 }
  const rounds = 3000
  for (let round = 0; round < rounds; round++) {
    for (const channel of Object.values(three)) channel.tryPut(round)
    const cases = { a: receive(three.a), b: receive(three.b), c: receive(three.c) }
    const chosen = trySelect(cases, world)
    assert.ok(chosen !== undefined)
    counts[chosen.name] += 1
  }
  // The expected share is 1,000 with a standard deviation of 26: 150 is beyond five of them.
  for (const count of Object.values(counts))
    assert.ok(Math.abs(count - rounds / 3) < 150, `${count}`)
})

test('a delayed value makes its case happen when it is due', async () => {
  const world = new Clockwork()
  const delayed = new Channel<number>({ delayMs: (value) => value }, world)
  const { one } = make(0, world)
  await delayed.put(7)
  const chosen = await world.until(
    select({ one: receive(one), delayed: receive(delayed) }, {}, world),
  )
  assert.deepEqual([chosen, world.nowMs], [{ name: 'delayed', value: 7 }, 7])
})

test('an end that lives elsewhere joins a select by its watches', async () => {
  const { world, one, two } = make(1)
  const far = new FarEnd(one)
  const selecting = select({ far: receive(far), two: receive(two) }, {}, world)
  await one.put(1)
  assert.deepEqual(await selecting, { name: 'far', value: 1 })
  await one.put(2)
  const sending = watch(select({ far: send(far, 3), two: receive(two) }, {}, world))
  await world.settle()
  assert.equal(sending.state, 'pending')
  assert.equal(one.tryGet(), 2)
  await world.settle()
  assert.deepEqual([sending.value, one.tryGet()], [{ name: 'far', value: undefined }, 3])
  assert.equal(two.stats().waitingToGet, 0)
})

test('a wake-up that comes to nothing keeps the select waiting', async () => {
  const { world, one, two } = make(1)
  const far = new FarEnd(one)
  // Two selects are woken by one value: the second finds nothing and waits again.
  const first = watch(select({ far: receive(far) }, {}, world))
  const second = watch(select({ far: receive(far), two: receive(two) }, {}, world))
  await one.put(1)
  await world.settle()
  assert.deepEqual([first.value, second.state], [{ name: 'far', value: 1 }, 'pending'])
  await one.put(2)
  await world.settle()
  assert.deepEqual(second.value, { name: 'far', value: 2 })
})

test('what is no case of a select is refused by its name', async () => {
  const { world, one } = make()
  const cases = { good: receive(one), bad: one as never }
  await assert.rejects(select(cases, {}, world), {
    code: 'CHANNEL_MISUSE',
    message: /'bad' is none/,
  })
  assert.throws(() => trySelect(cases, world), ChannelMisuse)
})

test('a value that turns out not to be sendable, or readable, ends its select alone', async () => {
  for (const side of ['send', 'receive'] as const) {
    const { world, one, two } = make(1)
    const far = new FarEnd(one)
    const cases =
      side === 'send'
        ? { far: send(far, 9), two: receive(two) }
        : { far: receive(far), two: receive(two) }
    if (side === 'send') await one.put(1)
    const selecting = watch(select(cases, {}, world))
    await world.settle()
    assert.equal(selecting.state, 'pending')
    const refuse = (): never => {
      throw new RangeError('too large')
    }
    far.tryPut = refuse
    far.tryGet = refuse
    if (side === 'send') one.tryGet()
    else await one.put(1)
    await world.settle()
    assert.ok(selecting.error instanceof RangeError)
    assert.equal(two.stats().waitingToGet, 0)
  }
})

const games = fc.record({
  seed: fc.nat(),
  players: fc.integer({ min: 2, max: 6 }),
  channels: fc.integer({ min: 1, max: 4 }),
  // A rendezvous behind watches can only meet one who waits for good, so far ends have room.
  capacities: fc.array(fc.constantFrom(0, 1, 2), { minLength: 4, maxLength: 4 }),
  far: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
})

test('under chance exactly one case of each select happens, and no loser leaves a trace', async () => {
  await fc.assert(
    fc.asyncProperty(games, async (game) => {
      const world = new SeededWorld(game.seed)
      const channels = game.capacities.slice(0, game.channels).map((capacity, index) => {
        const roomy = game.far[index] === true ? Math.max(1, capacity) : capacity
        return new Channel<number>({ capacity: roomy }, world)
      })
      const sent: number[] = []
      const received: number[] = []
      let nextValue = 0
      const playOnce = async (): Promise<void> => {
        const cases: Record<
          string,
          ReturnType<typeof receive<number>> | ReturnType<typeof send<number>>
        > = {}
        const values = new Map<string, number>()
        for (const [index, channel] of channels.entries()) {
          const end: SelectableReceiver<number> & SelectableSender<number> =
            game.far[index] === true ? new FarEnd(channel) : channel
          const kind = below(world.random, 3)
          if (kind === 0) cases[`in ${index}`] = receive(end)
          if (kind === 1) {
            const value = nextValue++
            values.set(`out ${index}`, value)
            cases[`out ${index}`] = send(end, value)
          }
        }
        if (Object.keys(cases).length === 0) return
        const timeoutMs = below(world.random, 4)
        try {
          const chosen = await select(cases, { timeoutMs }, world)
          const value = values.get(chosen.name)
          if (value !== undefined) sent.push(value)
          else if (chosen.value !== undefined) received.push(chosen.value)
        } catch (error) {
          assert.ok(error instanceof ChannelTimeout)
        }
      }
      const play = async (): Promise<void> => {
        for (let round = 0; round < 15; round++) {
          await world.pause()
          await playOnce()
        }
      }
      await world.run(() => Promise.all(Array.from({ length: game.players }, play)))
      for (const channel of channels) {
        const { waitingToGet, waitingToPut } = channel.stats()
        assert.deepEqual([waitingToGet, waitingToPut], [0, 0])
        for (let value = channel.tryGet(); value !== undefined; value = channel.tryGet()) {
          received.push(value)
        }
      }
      const inOrder = (left: number, right: number): number => left - right
      assert.deepEqual(received.sort(inOrder), sent.sort(inOrder))
    }),
    { numRuns: 500 },
  )
})

test('a loop over select lets the event loop go on', async () => {
  const { world, one } = make(1)
  let rounds = 0
  const roundCount = 20_000
  const looping = (async () => {
    for (; rounds < roundCount; rounds++) {
      await one.put(rounds)
      await select({ one: receive(one) }, {}, world)
    }
  })()
  await new Promise((resolve) => {
    setImmediate(resolve)
  })
  assert.ok(rounds > 0 && rounds < 1024, `${rounds} rounds in the first turn`)
  await world.until(looping)
  assert.equal(rounds, roundCount)
})

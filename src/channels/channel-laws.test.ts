/** The laws of a channel under seeded chance: many senders and receivers, time-outs and aborts at any moment. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SeededWorld } from '../../test/channels/seeded-world.ts'
import { below } from '../base/random.ts'
import { Channel } from './channel.ts'
import { ChannelClosed, ChannelTimeout, type WaitOptions } from './contract.ts'

interface Numbered {
  readonly sender: number
  readonly number: number
}

interface Crowd {
  readonly seed: number
  readonly capacity: number
  readonly senders: number
  readonly receivers: number
  readonly valuesEach: number
}

const crowds = fc.record({
  seed: fc.nat(),
  capacity: fc.constantFrom(0, 1, 2, 5, 100),
  senders: fc.integer({ min: 1, max: 5 }),
  receivers: fc.integer({ min: 1, max: 5 }),
  valuesEach: fc.integer({ min: 1, max: 30 }),
})

/**
 * Calls until it succeeds, each time for a wait that may be cut short by time, by an abort from elsewhere, or
 * not at all. A call that was cut short has had no effect, so that trying again is right.
 */
async function insist<T>(
  world: SeededWorld,
  call: (options: WaitOptions) => Promise<T>,
): Promise<T> {
  for (;;) {
    const kind = below(world.random, 4)
    const controller = new AbortController()
    const abort = (): void => controller.abort(new ChannelTimeout(0))
    const timer = kind === 1 ? world.scheduler.after(below(world.random, 3), abort) : null
    const timed = kind === 0 ? { timeoutMs: below(world.random, 3) } : {}
    try {
      return await call({ signal: controller.signal, ...timed })
    } catch (error) {
      if (!(error instanceof ChannelTimeout)) throw error
    } finally {
      timer?.cancel()
    }
  }
}

class Play {
  readonly world: SeededWorld
  readonly channel: Channel<Numbered>
  readonly crowd: Crowd
  /** What each receiver got, in its order. */
  readonly got: Numbered[][] = []
  /** All that was got, in the order of the channel. */
  readonly order: Numbered[] = []
  tasksDone = 0
  puts = 0

  constructor(crowd: Crowd) {
    this.crowd = crowd
    this.world = new SeededWorld(crowd.seed)
    this.channel = new Channel(
      {
        capacity: crowd.capacity,
        trace: ({ kind, value, size }) => {
          assert.ok(size <= crowd.capacity, `${size} values in a channel of ${crowd.capacity}`)
          if (kind === 'get' && value !== undefined) this.order.push(value)
        },
      },
      this.world,
    )
  }

  async run(): Promise<void> {
    const { crowd, channel } = this
    const receiving = Array.from({ length: crowd.receivers }, () => this.#receive())
    await Promise.all(Array.from({ length: crowd.senders }, (_, sender) => this.#send(sender)))
    await channel.join()
    assert.equal(this.tasksDone, this.puts, 'join resolved before all was done')
    channel.close()
    await Promise.all(receiving)
  }

  async #send(sender: number): Promise<void> {
    for (let number = 0; number < this.crowd.valuesEach; number++) {
      await this.world.pause()
      await insist(this.world, (options) => this.channel.put({ sender, number }, options))
      this.puts += 1
    }
  }

  async #receive(): Promise<void> {
    const mine: Numbered[] = []
    this.got.push(mine)
    try {
      for (;;) {
        await this.world.pause()
        mine.push(await insist(this.world, (options) => this.channel.get(options)))
        await this.world.pause()
        this.tasksDone += 1
        this.channel.taskDone()
      }
    } catch (error) {
      assert.ok(error instanceof ChannelClosed)
    }
  }
}

function checkOrder(play: Play): void {
  const next = new Map<number, number>()
  for (const { sender, number } of play.order) {
    assert.equal(number, next.get(sender) ?? 0, `sender ${sender} was overtaken by itself`)
    next.set(sender, number + 1)
  }
}

test('nothing is lost or doubled, senders keep their order, bounds hold and join is exact, whenever waits are cut short', async () => {
  await fc.assert(
    fc.asyncProperty(crowds, async (crowd) => {
      const play = new Play(crowd)
      await play.world.run(() => play.run())
      const total = crowd.senders * crowd.valuesEach
      const keys = play.got.flat().map(({ sender, number }) => `${sender}/${number}`)
      assert.equal(keys.length, total)
      assert.equal(new Set(keys).size, total)
      assert.equal(play.order.length, total)
      checkOrder(play)
      const { waitingToGet, waitingToPut, unfinished } = play.channel.stats()
      assert.deepEqual([waitingToGet, waitingToPut, unfinished], [0, 0, 0])
    }),
    { numRuns: 300 },
  )
})

test('a wait that is cut short at any moment loses no value: get either has it or leaves it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.constantFrom(0, 1, 3), async (seed, capacity) => {
      const world = new SeededWorld(seed)
      const channel = new Channel<number>({ capacity }, world)
      const valueCount = 20
      let put = 0
      const sending = async (): Promise<void> => {
        for (let value = 0; value < valueCount; value++) {
          await channel.put(value)
          put += 1
          await world.pause()
        }
      }
      const values: number[] = []
      const receiving = async (): Promise<void> => {
        while (values.length < valueCount) {
          const controller = new AbortController()
          const got = channel.get({ signal: controller.signal })
          // The abort falls before, into, or after the hand-over.
          await world.pause()
          controller.abort(new ChannelTimeout(0))
          await got.then(
            (value) => values.push(value),
            (error: unknown) => assert.ok(error instanceof ChannelTimeout),
          )
          await world.pause()
        }
      }
      await world.run(() => Promise.all([sending(), receiving()]))
      assert.deepEqual(
        values,
        Array.from({ length: valueCount }, (_, value) => value),
      )
      assert.equal(put, valueCount)
    }),
    { numRuns: 300 },
  )
})

test('over 100,000 values no sender and no receiver gets more than twice the share of another', async () => {
  for (const capacity of [0, 1, 7, 1000]) {
    for (const [senders, receivers] of [[4, 4] as const, [5, 2] as const, [1, 6] as const]) {
      await checkShares({ capacity, senders, receivers })
    }
  }
})

async function checkShares(sides: {
  readonly capacity: number
  readonly senders: number
  readonly receivers: number
}): Promise<void> {
  const valueCount = 100_000
  const world = new SeededWorld(7)
  const channel = new Channel<number>({ capacity: sides.capacity }, world)
  const sent: number[] = new Array<number>(sides.senders).fill(0)
  const received: number[] = new Array<number>(sides.receivers).fill(0)
  let left = valueCount
  const send = async (_: number, sender: number): Promise<void> => {
    while (left > 0) {
      left -= 1
      await channel.put(sender)
      sent[sender]! += 1
    }
  }
  const receive = async (_: number, receiver: number): Promise<void> => {
    for await (const sender of channel) {
      assert.ok(sender < sides.senders)
      received[receiver]! += 1
    }
  }
  await world.run(async () => {
    const receiving = received.map(receive)
    await Promise.all(sent.map(send))
    channel.close()
    await Promise.all(receiving)
  })
  for (const shares of [sent, received]) {
    assert.equal(
      shares.reduce((sum, share) => sum + share, 0),
      valueCount,
    )
    const text = `${shares.join(' ')} at capacity ${sides.capacity}`
    assert.ok(Math.max(...shares) <= 2 * Math.min(...shares), text)
  }
}

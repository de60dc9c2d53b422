/** The laws of RPC under seeded chance: calls, streams, cancellations, deadlines and closes at any moment. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SeededWorld } from '../../test/channels/seeded-world.ts'
import { below } from '../base/random.ts'
import { Channel } from './channel.ts'
import { RpcPeer } from './rpc.ts'
import { RemoteError, RpcError } from './rpc-errors.ts'
import type { CallContext } from './rpc-service.ts'
import type { Frame, Wire } from './wire.ts'

/** A wire with little room, so that frames have to wait. */
function narrowWire(world: SeededWorld, capacity: number): readonly [Wire, Wire] {
  const there = new Channel<Frame>({ capacity }, world)
  const back = new Channel<Frame>({ capacity }, world)
  return [
    { outgoing: there, incoming: back },
    { outgoing: back, incoming: there },
  ]
}

function serve(callee: RpcPeer, world: SeededWorld): void {
  callee.serve('double', async (value: number) => {
    await world.pause()
    if (value % 7 === 0) throw Object.assign(new Error('seven'), { code: 'SEVEN' })
    return value * 2
  })
  callee.serve('count', async function* count(to: number, { signal }: CallContext) {
    for (let value = 0; value < to; value++) {
      await world.pause()
      if (signal.aborted) return
      yield value
    }
  })
}

type Ending = 'answered' | 'failed' | 'cancelled' | 'late' | 'closed' | 'left'

/** One call with everything that may happen to it; answers how it ended. */
async function play(caller: RpcPeer, world: SeededWorld): Promise<Ending> {
  await world.pause()
  const controller = new AbortController()
  const cancelled = new Error('cancelled')
  const chance = below(world.random, 4)
  const timer =
    chance === 0
      ? world.scheduler.after(below(world.random, 6), () => controller.abort(cancelled))
      : null
  const deadline = chance === 1 ? { deadlineMs: 1 + below(world.random, 6) } : {}
  const options = { signal: controller.signal, ...deadline }
  const value = below(world.random, 30)
  try {
    if (below(world.random, 2) === 0) {
      assert.equal(await caller.call('double', value, options), value * 2)
      return 'answered'
    }
    return await loop(caller.stream('count', value, { ...options, credit: 3 }), value, world)
  } catch (error) {
    if (error === cancelled) return 'cancelled'
    if (error instanceof RemoteError && error.code === 'SEVEN') return 'failed'
    if (error instanceof RpcError && error.code === 'RPC_DEADLINE') return 'late'
    if (error instanceof RpcError && error.code === 'RPC_CLOSED') return 'closed'
    throw error
  } finally {
    timer?.cancel()
  }
}

async function loop(
  items: AsyncIterable<unknown>,
  length: number,
  world: SeededWorld,
): Promise<Ending> {
  const leaveAt = below(world.random, 40)
  let next = 0
  for await (const item of items) {
    assert.equal(item, next, 'an item came out of order')
    next += 1
    if (next === leaveAt) return 'left'
    await world.pause()
  }
  assert.equal(next, length, 'items are missing')
  return 'answered'
}

const games = fc.record({
  seed: fc.nat(),
  callers: fc.integer({ min: 1, max: 8 }),
  capacity: fc.constantFrom(0, 1, 3, 100),
  closes: fc.boolean(),
})

test('every call ends exactly once, with its own answer or a reason, and nothing is left of it', async () => {
  const endings = new Map<Ending, number>()
  await fc.assert(
    fc.asyncProperty(games, async ({ seed, callers, capacity, closes }) => {
      const world = new SeededWorld(seed)
      await world.run(async () => {
        const [near, far] = narrowWire(world, capacity)
        const caller = new RpcPeer(near, {}, world)
        const callee = new RpcPeer(far, {}, world)
        serve(callee, world)
        const closing = async (): Promise<void> => {
          await world.sleep(below(world.random, 60))
          await (below(world.random, 2) === 0 ? caller : callee).close()
        }
        const calling = Array.from({ length: callers }, async () => {
          for (let round = 0; round < 5; round++) {
            const ending = await play(caller, world)
            if (ending === 'closed') assert.ok(closes, 'the connection was lost without a close')
            endings.set(ending, (endings.get(ending) ?? 0) + 1)
          }
        })
        await Promise.all([...calling, closes ? closing() : Promise.resolve()])
        assert.equal(caller.callsOut, 0)
        // A handler that was cancelled ends when it next looks up.
        await world.sleep(200)
        assert.equal(callee.callsIn, 0)
        await caller.close()
      })
    }),
    { numRuns: 150 },
  )
  assert.deepEqual([...endings.keys()].sort(byText), [
    'answered',
    'cancelled',
    'closed',
    'failed',
    'late',
    'left',
  ])
})

function byText(left: string, right: string): number {
  return left.localeCompare(right)
}

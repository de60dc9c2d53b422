/** Barriers and their siblings across processes: rounds, deaths within the lease, late parties, loans. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { ADDRESS, soon } from '../../../test/processes/channel-pair.ts'
import { type Council, council, enter } from '../../../test/processes/council.ts'
import { MemoryWorld } from '../../../test/processes/memory-world.ts'
import { below } from '../../base/random.ts'
import {
  type Arrival,
  BarrierBroken,
  BarrierMisuse,
  type BrokenReason,
} from '../barrier-contract.ts'
import { ChannelMisuse } from '../contract.ts'
import { SyncClosed, SyncMisuse, SyncTimeout } from '../sync-errors.ts'
import type { JoinBarrierOptions } from './coordination.ts'
import type { RemoteBarrier } from './remote-barrier.ts'

async function joinAll(
  { world, members }: Council,
  options: JoinBarrierOptions,
): Promise<readonly RemoteBarrier[]> {
  const barriers: RemoteBarrier[] = []
  for (const { coordination } of members) {
    barriers.push(await soon(world, coordination.barrier('stage', options)))
  }
  return barriers
}

function broken(reason: BrokenReason): (error: unknown) => boolean {
  return (error) => error instanceof BarrierBroken && error.reason === reason
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'no error'
}

/** Makes it reject with that reason, and counts that as done only then. */
function breaks(waiting: Promise<unknown>, reason: BrokenReason): Promise<void> {
  return assert.rejects(waiting, broken(reason))
}

test('nobody goes on before all have arrived, and each round has one leader', async () => {
  const place = await council(3)
  const barriers = await joinAll(place, { parties: 3 })
  for (let generation = 0; generation < 3; generation++) {
    const arrivals: Arrival[] = []
    const meet = async (barrier: RemoteBarrier): Promise<void> => {
      arrivals.push(await barrier.wait())
    }
    const waits = barriers.slice(0, 2).map(meet)
    await place.world.pass(50)
    assert.equal(arrivals.length, 0)
    waits.push(meet(barriers[2]!))
    await soon(place.world, Promise.all(waits))
    assert.ok(arrivals.every((arrival) => arrival.generation === generation))
    assert.deepEqual(
      arrivals.map(({ index }) => index).sort((left, right) => left - right),
      [0, 1, 2],
    )
  }
})

test('the action runs once a round, in the process that brought it, before anybody goes on', async () => {
  const place = await council(3)
  const acted: string[] = []
  const act =
    (who: string) =>
    (generation: number): void =>
      void acted.push(`${who} ${generation}`)
  const barriers: RemoteBarrier[] = []
  for (const [index, { coordination }] of place.members.entries()) {
    const options = index === 0 ? { parties: 3 } : { parties: 3, action: act(`member ${index}`) }
    barriers.push(await soon(place.world, coordination.barrier('stage', options)))
  }
  for (let round = 0; round < 2; round++) {
    const seen = barriers.map((barrier) => barrier.wait().then(() => acted.length))
    assert.deepEqual(await soon(place.world, Promise.all(seen)), Array(3).fill(round + 1))
  }
  assert.deepEqual(acted, ['member 1 0', 'member 1 1'])
})

test('an action that throws breaks the barrier for all, with its own words', async () => {
  const place = await council(2)
  const action = (): never => {
    throw new Error('the shelf fell down')
  }
  const barriers = await joinAll(place, { parties: 2, action })
  const waits = barriers.map((barrier) =>
    barrier.wait().catch((error: BarrierBroken) => `${error.reason}: ${messageOf(error.cause)}`),
  )
  const outcomes = await soon(place.world, Promise.all(waits))
  assert.deepEqual(outcomes, Array(2).fill('action: the shelf fell down'))
})

test('a party whose process dies breaks the barrier for those who wait and those who come', async () => {
  const place = await council(3)
  const [first, second, third] = await joinAll(place, { parties: 3 })
  const waiting = breaks(first!.wait(), 'lost')
  await place.world.pass(10)
  place.members[2]!.wire.destroy()
  await soon(place.world, waiting)
  await soon(place.world, breaks(second!.wait(), 'lost'))
  await soon(place.world, breaks(third!.wait(), 'lost'))
})

test('a party whose process hangs breaks the barrier within its lease', async () => {
  const place = await council(2)
  const [first] = await joinAll(place, { parties: 2 })
  let isBroken = false
  const waiting = breaks(first!.wait(), 'lost').then(() => {
    isBroken = true
  })
  const { wire } = place.members[1]!
  wire.freeze()
  wire.peerEnd?.freeze()
  await place.world.pass(900)
  assert.equal(isBroken, false)
  await place.world.pass(400)
  await waiting
})

test('a party that dies while it waits breaks the round it arrived in', async () => {
  const place = await council(3)
  const [first, second] = await joinAll(place, { parties: 3 })
  const waits = [breaks(first!.wait(), 'lost'), breaks(second!.wait(), 'lost')]
  await place.world.pass(10)
  place.members[1]!.wire.destroy()
  await soon(place.world, Promise.all(waits))
})

test('after a loss another process takes the place, and a reset begins a fresh round', async () => {
  const place = await council(2)
  const [first] = await joinAll(place, { parties: 2 })
  place.members[1]!.wire.destroy()
  await place.world.pass(10)
  const { coordination } = await enter(place.world)
  const instead = await soon(place.world, coordination.barrier('stage', { parties: 2 }))
  await soon(place.world, breaks(instead.wait(), 'lost'))
  await soon(place.world, first!.reset())
  const arrivals = await soon(place.world, Promise.all([first!.wait(), instead.wait()]))
  assert.deepEqual(
    arrivals.map(({ generation }) => generation),
    [1, 1],
  )
})

test('a wait that is given up breaks the barrier for all, by time as by signal', async () => {
  const place = await council(3)
  const [first, second] = await joinAll(place, { parties: 3 })
  await soon(place.world, breaks(first!.wait({ timeoutMs: 30 }), 'timeout'))
  await soon(place.world, breaks(second!.wait(), 'timeout'))
  await soon(place.world, second!.reset())
  const controller = new AbortController()
  const aborted = assert.rejects(first!.wait({ signal: controller.signal }), /enough/)
  const other = breaks(second!.wait(), 'aborted')
  await place.world.pass(10)
  controller.abort(new Error('enough'))
  await soon(place.world, Promise.all([aborted, other]))
  await soon(place.world, second!.reset())
  const again = breaks(first!.wait(), 'aborted')
  await place.world.pass(10)
  await soon(place.world, second!.abort(new Error('fire')))
  await soon(place.world, again)
  const state = await soon(place.world, second!.state())
  assert.deepEqual(
    [state.parties, state.arrived, state.broken?.reason, messageOf(state.broken?.cause)],
    [3, 0, 'aborted', 'fire'],
  )
})

test('who comes when all are there is refused, or grows the barrier, as it says', async () => {
  const place = await council(3)
  const [one, two, three] = place.members
  const { world } = place
  const first = await soon(world, one!.coordination.barrier('stage', { parties: 2 }))
  const second = await soon(world, two!.coordination.barrier('stage', { parties: 2 }))
  const refused = three!.coordination.barrier('stage', { parties: 2 })
  await assert.rejects(soon(world, refused), /'stage' has all of its 2 parties/)
  const differs = three!.coordination.barrier('stage', { parties: 5 })
  await assert.rejects(soon(world, differs), BarrierMisuse)
  const third = await soon(
    world,
    three!.coordination.barrier('stage', { parties: 2, late: 'grow' }),
  )
  const waits = [first.wait(), second.wait()]
  await world.pass(20)
  assert.equal((await soon(world, first.state())).arrived, 2)
  await soon(world, Promise.all([...waits, third.wait()]))
})

test('without a number the parties are those who have joined, and one who leaves is done without', async () => {
  const place = await council(3)
  const [first, second, third] = await joinAll(place, {})
  const waits = [first!.wait(), second!.wait()]
  await place.world.pass(20)
  await soon(place.world, third!.leave())
  await soon(place.world, Promise.all(waits))
  await soon(place.world, Promise.all([first!.wait(), second!.wait()]))
  await third!.leave()
})

test('without a number a party that dies is done without, once somebody has reset', async () => {
  const place = await council(3)
  const [first, second] = await joinAll(place, {})
  place.members[2]!.wire.destroy()
  await place.world.pass(10)
  await soon(place.world, breaks(first!.wait(), 'lost'))
  await soon(place.world, second!.reset())
  await soon(place.world, Promise.all([first!.wait(), second!.wait()]))
})

test('one who has arrived and leaves counts for that round and for none after it', async () => {
  const place = await council(3)
  const [first, second, third] = await joinAll(place, {})
  await soon(place.world, third!.arrive())
  await soon(place.world, third!.leave())
  const wait = first!.wait()
  await place.world.pass(20)
  const { arrived, parties } = await soon(place.world, second!.state())
  assert.deepEqual([arrived, parties], [2, 3])
  await soon(place.world, Promise.all([wait, second!.wait()]))
  await soon(place.world, Promise.all([first!.wait(), second!.wait()]))
})

test('parties can be registered and taken back by hand', async () => {
  const place = await council(1)
  const [only] = await joinAll(place, { parties: 1 })
  await soon(place.world, only!.register(2))
  await soon(place.world, breaks(only!.wait({ timeoutMs: 20 }), 'timeout'))
  await soon(place.world, only!.reset())
  await soon(place.world, only!.deregister())
  await soon(place.world, only!.deregister())
  assert.equal((await soon(place.world, only!.wait())).generation, 1)
})

test('a closed barrier is broken for good, until nobody takes part and the name is free again', async () => {
  const place = await council(2)
  const [first, second] = await joinAll(place, { parties: 2 })
  await soon(place.world, first!.close())
  await soon(place.world, breaks(second!.wait(), 'closed'))
  await soon(place.world, breaks(second!.reset(), 'closed'))
  await soon(place.world, Promise.all([first!.leave(), second!.leave()]))
  const again = await joinAll(place, { parties: 2 })
  await soon(place.world, Promise.all(again.map((barrier) => barrier.wait())))
})

test('a lost coordinator has broken every barrier and lost every loan', async () => {
  const place = await council(2)
  const [first] = await joinAll(place, { parties: 2 })
  const lent = await soon(place.world, place.members[0]!.coordination.lock('door'))
  const waiting = breaks(first!.wait(), 'lost')
  place.members[0]!.wire.lose()
  await soon(place.world, waiting)
  assert.equal(lent.signal.aborted, true)
  await lent.release()
  await assert.rejects(place.members[0]!.coordination.lock('door'), SyncClosed)
  await first![Symbol.asyncDispose]()
})

test('closing the coordinator breaks its barriers as closed and ends its members', async () => {
  const place = await council(2)
  const [first] = await joinAll(place, { parties: 2 })
  const waiting = breaks(first!.wait(), 'closed')
  await place.world.pass(20)
  await soon(place.world, place.coordinator.close())
  await soon(place.world, waiting)
  await place.world.pass(10)
  assert.equal(place.members[0]!.coordination.signal.aborted, true)
})

test('a coordinator is no listener for channels or calls', async () => {
  const place = await council(0)
  const { connectChannel } = await import('./open.ts')
  await assert.rejects(soon(place.world, connectChannel(ADDRESS, {}, place.world)), ChannelMisuse)
})

test('permits are lent across processes, waited for in turn, and come back from the dead', async () => {
  const place = await council(3)
  const [one, two, three] = place.members.map(({ coordination }) => coordination)
  const { world } = place
  const first = await soon(world, one!.acquire('jobs', 2))
  const second = await soon(world, two!.acquire('jobs', 2))
  await assert.rejects(soon(world, three!.acquire('jobs', 2, { timeoutMs: 20 })), SyncTimeout)
  await assert.rejects(soon(world, three!.acquire('jobs', 3)), SyncMisuse)
  const third = three!.acquire('jobs', 2)
  await world.pass(10)
  await soon(world, first.release())
  const held = await soon(world, third)
  const both = one!.acquire('jobs', 2, { permits: 2 })
  await soon(world, held.release())
  place.members[1]!.wire.destroy()
  await soon(world, both)
  await world.pass(10)
  assert.equal(second.signal.aborted, true)
})

test('there is one leader at a time, and its term grows when it dies', async () => {
  const place = await council(2)
  const [one, two] = place.members.map(({ coordination }) => coordination)
  const { world } = place
  assert.equal(await soon(world, one!.leader('boss')), null)
  const first = await soon(world, one!.campaign('boss', 'one'))
  const campaign = two!.campaign('boss', 'two')
  await world.pass(20)
  assert.deepEqual(await soon(world, two!.leader('boss')), { candidate: 'one', term: 1 })
  place.members[0]!.wire.destroy()
  const second = await soon(world, campaign)
  assert.deepEqual([first.term, second.term, second.candidate], [1, 2, 'two'])
})

const games = fc.record({
  seed: fc.nat(),
  parties: fc.integer({ min: 1, max: 5 }),
  rounds: fc.integer({ min: 1, max: 6 }),
  deathAtMs: fc.option(fc.nat(150), { nil: null }),
})

test('over any network rounds never mix, and a death breaks the rest for all and hangs nobody', async () => {
  await fc.assert(
    fc.asyncProperty(games, async (game) => {
      const place = await council(game.parties, new MemoryWorld(game.seed, 'seeded'))
      const barriers = await joinAll(place, { parties: game.parties })
      const inside: number[] = Array<number>(game.rounds).fill(0)
      const outcomes: string[] = []
      const play = async (barrier: RemoteBarrier): Promise<void> => {
        try {
          for (let round = 0; round < game.rounds; round++) {
            inside[round]!++
            const { generation } = await barrier.wait()
            assert.equal(generation, round)
            assert.equal(inside[round], game.parties, 'somebody went on before all had arrived')
          }
          outcomes.push('all')
        } catch (error) {
          if (!(error instanceof BarrierBroken)) throw error
          outcomes.push(error.reason)
        }
      }
      const playing = Promise.all(barriers.map(play))
      if (game.deathAtMs !== null) {
        await place.world.pass(game.deathAtMs)
        place.members[below(place.world.random, game.parties)]!.wire.destroy()
      }
      await soonAll(place.world, playing)
      const allowed = game.deathAtMs === null ? ['all'] : ['all', 'lost']
      assert.ok(
        outcomes.every((outcome) => allowed.includes(outcome)),
        outcomes.join(' '),
      )
    }),
    { numRuns: 60 },
  )
})

async function soonAll(world: MemoryWorld, playing: Promise<unknown>): Promise<void> {
  for (let count = 0; count < 20; count++) await world.pass(100)
  await soon(world, playing)
}

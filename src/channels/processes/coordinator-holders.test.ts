/** Latches, read-write locks and onces across processes: deaths, losses, waits that are given up at any moment. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'
import { soon } from '../../../test/processes/channel-pair.ts'
import { type Council, council, enter } from '../../../test/processes/council.ts'
import { MemoryWorld } from '../../../test/processes/memory-world.ts'
import { below } from '../../base/random.ts'
import type { WaitOptions } from '../contract.ts'
import { SyncClosed, SyncMisuse } from '../sync-errors.ts'
import type { Coordination } from './coordination.ts'
import type { Lent } from './lent.ts'
import type { RemoteOnce } from './remote-once.ts'

const forever = (): Promise<never> => new Promise(() => {})

/** Everything that is lent, under one name each. */
const ways: Readonly<Record<string, (from: Coordination, options: WaitOptions) => Promise<Lent>>> =
  {
    'a permit': (from, options) => from.acquire('jobs', 1, options),
    'the right to write': (from, options) => from.rwLock('shelf').write(options),
    'the right to read': (from, options) => from.rwLock('shelf').read(options),
    'the lead': (from, options) => from.campaign('boss', 'me', options),
    'a turn': async (from, options) => {
      const once = await from.once('set up')
      return new Promise((resolve, reject) => {
        const task = (turn: Lent): Promise<never> => {
          resolve(turn)
          return forever()
        }
        once.run(task, options).catch(reject)
      })
    },
  }

for (const [what, borrow] of Object.entries(ways)) {
  test(`${what} comes free within the lease when its process dies, and the next one is told`, async () => {
    const { world, members } = await council(2)
    const [one, two] = members.map(({ coordination }) => coordination)
    const first = await soon(world, borrow(one!, {}))
    // A reader beside a reader would not wait.
    const next = what === 'the right to read' ? ways['the right to write']! : borrow
    const waiting = next(two!, {})
    await world.pass(20)
    members[0]!.wire.freeze()
    members[0]!.wire.peerEnd?.freeze()
    await world.pass(1300)
    const second = await soon(world, waiting)
    assert.deepEqual(
      [first.afterDeath, first.signal.aborted, second.afterDeath],
      [false, true, true],
    )
    await soon(world, second.release())
    const third = await soon(world, borrow(two!, {}))
    assert.equal(third.afterDeath, false)
  })
}

test('a task whose process dies is run by the next one, which is told; one that failed likewise', async () => {
  const { world, members } = await council(3)
  const onces: RemoteOnce[] = []
  for (const { coordination } of members) onces.push(await soon(world, coordination.once('set up')))
  const dying = assert.rejects(
    onces[0]!.run(() => {
      members[0]!.wire.destroy()
    }),
    SyncClosed,
  )
  const told: boolean[] = []
  const failing = onces[1]!.run(({ afterDeath }) => {
    told.push(afterDeath)
    throw new Error('no disk')
  })
  await soon(world, assert.rejects(failing, /no disk/))
  await soon(world, dying)
  const ran = onces[2]!.run(({ afterDeath }) => void told.push(afterDeath))
  assert.equal(await soon(world, ran), 'ran')
  assert.equal(await soon(world, onces[1]!.run(forever)), 'waited')
  assert.deepEqual(told, [true, false])
})

test('what a process counted at a latch stays counted when it dies', async () => {
  const { world, members } = await council(2)
  const [one, two] = members.map(({ coordination }) => coordination)
  const mine = await soon(world, one!.latch('start', 2))
  await soon(world, mine.countDown())
  const waiting = assert.rejects(mine.wait(), SyncClosed)
  members[0]!.wire.destroy()
  await soon(world, waiting)
  const theirs = await soon(world, two!.latch('start', 2))
  assert.equal(await soon(world, theirs.count()), 1)
  await soon(world, theirs.countDown())
  await soon(world, theirs.wait())
  const { coordination } = await enter(world)
  const late = await soon(world, coordination.latch('start', 2))
  await soon(world, late.wait())
  await assert.rejects(soon(world, coordination.latch('start', 3)), SyncMisuse)
})

test('closing a latch or a once refuses those who wait, and frees the name', async () => {
  const { world, members } = await council(2)
  const [one, two] = members.map(({ coordination }) => coordination)
  const latch = await soon(world, one!.latch('start', 1))
  const once = await soon(world, one!.once('set up'))
  const turn = once.run(forever)
  const refused = [latch.wait(), once.run(() => {})].map((wait) => assert.rejects(wait, SyncClosed))
  await world.pass(10)
  await soon(world, (await soon(world, two!.latch('start', 1))).close())
  await soon(world, (await soon(world, two!.once('set up'))).close())
  await soon(world, Promise.all(refused))
  await soon(world, assert.rejects(latch.countDown(), SyncClosed))
  await soon(world, Promise.all([latch.close(), once.close()]))
  assert.equal(await soon(world, (await soon(world, two!.latch('start', 7))).count()), 7)
  assert.equal(
    await soon(
      world,
      (await soon(world, two!.once('set up'))).run(() => {}),
    ),
    'ran',
  )
  turn.catch(() => undefined)
})

test('a lost coordinator ends every wait, and every hold, with an error that says so', async () => {
  const { world, members } = await council(2)
  const [one, two] = members.map(({ coordination }) => coordination)
  const latch = await soon(world, one!.latch('start', 1))
  const once = await soon(world, one!.once('set up'))
  const writing = await soon(world, one!.rwLock('shelf').write())
  const turn = await soon(world, two!.once('set up'))
  turn.run(forever).catch(() => undefined)
  await world.pass(10)
  const waits = [latch.wait(), once.run(() => {}), one!.rwLock('shelf').read()]
  const lost = waits.map((wait) => assert.rejects(wait, /the coordinator is gone/))
  await world.pass(10)
  members[0]!.wire.lose()
  await soon(world, Promise.all(lost))
  assert.equal(writing.signal.aborted, true)
  await writing.release()
  await assert.rejects(latch.countDown(), SyncClosed)
  await assert.rejects(one!.rwLock('shelf').tryRead(), SyncClosed)
})

test('closing the coordinator ends the waits at its latches, locks and onces', async () => {
  const { world, members, coordinator } = await council(2)
  const [one, two] = members.map(({ coordination }) => coordination)
  await soon(world, two!.rwLock('shelf').write())
  const latch = await soon(world, one!.latch('start', 1))
  const once = await soon(world, one!.once('set up'))
  void once.run(forever).catch(() => undefined)
  const waits = [latch.wait(), once.run(() => {}), one!.rwLock('shelf').read()]
  const ended = waits.map((wait) => assert.rejects(wait, SyncClosed))
  await world.pass(10)
  await soon(world, coordinator.close())
  await soon(world, Promise.all(ended))
})

test('over any network, of a death somebody is told, and not one who had given up', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.constantFrom(...Object.keys(ways)), async (seed, way) => {
      const { world, members } = await council(3, new MemoryWorld(seed, 'seeded'))
      const [one, two, three] = members.map(({ coordination }) => coordination)
      const borrow = way === 'the right to read' ? ways['the right to write']! : ways[way]!
      await soon(world, ways[way]!(one!, {}))
      const controller = new AbortController()
      const second = borrow(two!, { signal: controller.signal })
      await world.pass(50)
      members[0]!.wire.destroy()
      // The abort falls before, into or after the hand-over.
      await world.pass(below(world.random, 12))
      controller.abort(new Error('enough'))
      const told = second.then(
        async ({ afterDeath, release }) => {
          await release()
          return afterDeath
        },
        () => false,
      )
      const wasTold = await soon(world, told)
      await world.pass(50)
      assert.equal((await soon(world, borrow(three!, {}))).afterDeath, !wasTold)
    }),
    { numRuns: 200 },
  )
})

const games = fc.record({
  seed: fc.nat(),
  way: fc.constantFrom(...Object.keys(ways)),
  tries: fc.integer({ min: 1, max: 6 }),
})

test('over any network, who gives up at any moment holds nothing that the others wait for', async () => {
  await fc.assert(
    fc.asyncProperty(games, async ({ seed, way, tries }) => {
      const place: Council = await council(2, new MemoryWorld(seed, 'seeded'))
      const { world, members } = place
      const [one, two] = members.map(({ coordination }) => coordination)
      for (let count = 0; count < tries; count++) {
        const controller = new AbortController()
        const borrowing = ways[way]!(one!, { signal: controller.signal })
        const outcome = borrowing.then(
          (lent) => lent.release(),
          (error: unknown) => assert.match(String(error), /enough/),
        )
        // The abort falls before, into or after the hand-over.
        await world.pass(below(world.random, 12))
        controller.abort(new Error('enough'))
        await soon(world, outcome)
      }
      await world.pass(50)
      const next = way === 'the right to read' ? 'the right to write' : way
      await soon(world, (await soon(world, ways[next]!(two!, {}))).release())
    }),
    { numRuns: 200 },
  )
})

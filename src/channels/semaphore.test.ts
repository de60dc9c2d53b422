/** Semaphore and mutex: never too many inside, in order, and nothing lost when a wait is cut short. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Clockwork } from '../../test/channels/clockwork.ts'
import { SeededWorld } from '../../test/channels/seeded-world.ts'
import { watch } from '../../test/channels/watch.ts'
import { below } from '../base/random.ts'
import { Mutex } from './mutex.ts'
import { Semaphore } from './semaphore.ts'
import { SyncMisuse, SyncTimeout } from './sync-errors.ts'
import { waitsPerTurn } from './turn.ts'

test('a semaphore lends out its permits, and the next in line gets what comes back', async () => {
  const world = new Clockwork()
  const semaphore = new Semaphore(2, world)
  const first = await semaphore.acquire()
  await semaphore.acquire()
  const third = watch(semaphore.acquire())
  await world.settle()
  assert.deepEqual([third.state, semaphore.available, semaphore.waiting], ['pending', 0, 1])
  assert.equal(semaphore.tryAcquire(), undefined)
  first.release()
  first.release()
  await world.settle()
  assert.deepEqual([third.state, semaphore.available], ['resolved', 0])
})

test('who wants many permits is not passed by those who want few', async () => {
  const world = new Clockwork()
  const semaphore = new Semaphore(3, world)
  const held = await semaphore.acquire({ permits: 2 })
  const many = watch(semaphore.acquire({ permits: 3 }))
  const few = watch(semaphore.acquire())
  await world.settle()
  assert.deepEqual(
    [many.state, few.state, semaphore.tryAcquire()],
    ['pending', 'pending', undefined],
  )
  held.release()
  await world.settle()
  assert.deepEqual([many.state, few.state], ['resolved', 'pending'])
})

test('when the first in line gives up, those behind it get what it was too big for', async () => {
  const world = new Clockwork()
  const semaphore = new Semaphore(2, world)
  await semaphore.acquire()
  const big = watch(semaphore.acquire({ permits: 2, timeoutMs: 5 }))
  const small = watch(semaphore.acquire())
  await world.run()
  assert.ok(big.error instanceof SyncTimeout)
  assert.deepEqual([small.state, semaphore.available], ['resolved', 0])
})

test('permits that make no sense are refused', async () => {
  const world = new Clockwork()
  const semaphore = new Semaphore(2, world)
  for (const permits of [0, -1, 1.5, 3]) {
    await assert.rejects(semaphore.acquire({ permits }), SyncMisuse)
  }
  assert.throws(() => new Semaphore(0, world), SyncMisuse)
})

test('run holds a permit until the task is over, however it ends', async () => {
  const semaphore = new Semaphore(1, new Clockwork())
  assert.equal(await semaphore.run(() => 7), 7)
  await assert.rejects(
    semaphore.run(() => Promise.reject(new Error('failed'))),
    /failed/,
  )
  assert.equal(semaphore.available, 1)
})

test('a mutex is held to the end of a using block', async () => {
  const mutex = new Mutex(new Clockwork())
  {
    using guard = await mutex.lock()
    assert.deepEqual(
      [mutex.locked, mutex.tryLock(), guard instanceof Object],
      [true, undefined, true],
    )
  }
  assert.equal(mutex.locked, false)
  mutex.tryLock()?.release()
  assert.equal(await mutex.run(() => mutex.locked), true)
})

test('under chance there are never too many inside, all are served in order, and every permit comes back', async () => {
  const crowds = fc.record({
    seed: fc.nat(),
    permits: fc.integer({ min: 1, max: 4 }),
    users: fc.integer({ min: 1, max: 8 }),
  })
  await fc.assert(
    fc.asyncProperty(crowds, async ({ seed, permits, users }) => {
      const world = new SeededWorld(seed)
      const semaphore = new Semaphore(permits, world)
      let inside = 0
      const entered: number[] = []
      let asked = 0
      const user = async (): Promise<void> => {
        for (let round = 0; round < 10; round++) {
          await world.pause()
          const wanted = 1 + below(world.random, permits)
          const timeoutMs = below(world.random, 10)
          const number = asked++
          try {
            using _guard = await semaphore.acquire({ permits: wanted, timeoutMs })
            entered.push(number)
            inside += wanted
            assert.ok(inside <= permits, `${inside} of ${permits} permits are held`)
            await world.pause()
            inside -= wanted
          } catch (error) {
            assert.ok(error instanceof SyncTimeout)
          }
        }
      }
      await world.run(() => Promise.all(Array.from({ length: users }, user)))
      assert.deepEqual(
        entered,
        [...entered].sort((left, right) => left - right),
      )
      assert.deepEqual([semaphore.available, semaphore.waiting], [permits, 0])
    }),
    { numRuns: 300 },
  )
})

test('users that hand a lock to and fro let the event loop go on', async () => {
  const world = new Clockwork()
  const mutex = new Mutex(world)
  let rounds = 0
  const roundCount = 10_000
  const user = async (): Promise<void> => {
    while (rounds < roundCount) {
      using _guard = await mutex.lock()
      rounds += 1
    }
  }
  const both = Promise.all([user(), user()])
  await new Promise((resolve) => {
    setImmediate(resolve)
  })
  assert.ok(rounds > 0 && rounds <= waitsPerTurn, `${rounds} rounds in the first turn`)
  await world.until(both)
  assert.equal(rounds, roundCount + 1)
})

/** The read-write lock: readers together, a writer alone, and neither starves the other. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Clockwork } from '../../test/channels/clockwork.ts'
import { SeededWorld } from '../../test/channels/seeded-world.ts'
import { watch } from '../../test/channels/watch.ts'
import { below } from '../base/random.ts'
import { RwLock } from './rw-lock.ts'
import { SyncTimeout } from './sync-errors.ts'

test('readers hold it together, a writer holds it alone', async () => {
  const world = new Clockwork()
  const lock = new RwLock(world)
  const readers = [await lock.read(), await lock.read()]
  assert.deepEqual([lock.readers, lock.tryWrite()], [2, undefined])
  const writer = watch(lock.write())
  readers[0]?.release()
  await world.settle()
  assert.equal(writer.state, 'pending')
  readers[1]?.release()
  await world.settle()
  assert.deepEqual([writer.state, lock.writing, lock.tryRead()], ['resolved', true, undefined])
})

test('a reader that comes after a waiting writer waits for it', async () => {
  const world = new Clockwork()
  const lock = new RwLock(world)
  const reading = await lock.read()
  const writer = watch(lock.write())
  const late = watch(lock.read())
  await world.settle()
  assert.deepEqual([late.state, lock.tryRead(), lock.waiting], ['pending', undefined, 2])
  reading.release()
  await world.settle()
  assert.deepEqual([writer.state, late.state], ['resolved', 'pending'])
  writer.value?.release()
  await world.settle()
  assert.equal(late.state, 'resolved')
})

test('when a waiting writer gives up, the readers behind it join those who read', async () => {
  const world = new Clockwork()
  const lock = new RwLock(world)
  await lock.read()
  const writer = watch(lock.write({ timeoutMs: 5 }))
  const late = watch(lock.read())
  await world.run()
  assert.ok(writer.error instanceof SyncTimeout)
  assert.deepEqual([late.state, lock.readers], ['resolved', 2])
})

test('under chance a writer is alone, and all are served in the order of arrival', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 8 }), async (seed, users) => {
      const world = new SeededWorld(seed)
      const lock = new RwLock(world)
      let readers = 0
      let writers = 0
      let asked = 0
      const entered: number[] = []
      const user = async (): Promise<void> => {
        for (let round = 0; round < 10; round++) {
          await world.pause()
          const options = { timeoutMs: below(world.random, 12) }
          const number = asked++
          const reads = below(world.random, 3) > 0
          try {
            using _guard = await (reads ? lock.read(options) : lock.write(options))
            entered.push(number)
            if (reads) readers += 1
            else writers += 1
            assert.ok(writers === 0 || (writers === 1 && readers === 0))
            await world.pause()
            if (reads) readers -= 1
            else writers -= 1
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
      assert.deepEqual([lock.readers, lock.writing, lock.waiting], [0, false, 0])
    }),
    { numRuns: 300 },
  )
})

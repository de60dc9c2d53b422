/** At most one leader, and terms that only grow. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Clockwork } from '../../test/channels/clockwork.ts'
import { SeededWorld } from '../../test/channels/seeded-world.ts'
import { watch } from '../../test/channels/watch.ts'
import { below } from '../base/random.ts'
import { Election, type Leadership } from './election.ts'
import { SyncClosed, SyncTimeout } from './sync-errors.ts'

test('the first candidate leads, and the next one when it resigns', async () => {
  const world = new Clockwork()
  const election = new Election(world)
  const first = await election.campaign('a')
  const second = watch(election.campaign('b'))
  await world.settle()
  assert.deepEqual(
    [second.state, election.leader?.candidate, election.waiting],
    ['pending', 'a', 1],
  )
  first.resign()
  first.resign()
  await world.settle()
  assert.deepEqual(
    [first.signal.aborted, second.value?.term, election.leader?.candidate],
    [true, 2, 'b'],
  )
})

test('a leader that is deposed hears of it, with the reason', async () => {
  const election = new Election(new Clockwork())
  {
    using leadership = await election.campaign('a')
    election.depose(new Error('too slow'))
    assert.deepEqual(leadership.signal.reason, new Error('too slow'))
    assert.equal(election.leader, null)
  }
})

test('who campaigns from the signal of its lost leadership waits behind the others', async () => {
  const world = new Clockwork()
  const election = new Election(world)
  const first = await election.campaign('a')
  const second = watch(election.campaign('b'))
  let again: Promise<Leadership> | null = null
  first.signal.addEventListener('abort', () => {
    again = election.campaign('a')
  })
  first.resign()
  await world.settle()
  assert.deepEqual([election.leader?.candidate, second.value?.term, election.waiting], ['b', 2, 1])
  second.value?.resign()
  assert.equal(((await (again ?? Promise.reject(new Error('not asked')))) as Leadership).term, 3)
})

test('a candidate may give up, and a closed election ends everything', async () => {
  const world = new Clockwork()
  const election = new Election(world)
  const leader = await election.campaign('a')
  const late = watch(election.campaign('b', { timeoutMs: 5 }))
  const waiting = watch(election.campaign('c'))
  await world.run()
  assert.ok(late.error instanceof SyncTimeout)
  election.close()
  await world.settle()
  assert.ok(waiting.error instanceof SyncClosed)
  assert.ok(leader.signal.reason instanceof SyncClosed)
  await assert.rejects(election.campaign('d'), { code: 'SYNC_CLOSED' })
})

test('under chance there is never more than one leader, and no term comes twice', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 6 }), async (seed, candidates) => {
      const world = new SeededWorld(seed)
      const election = new Election(world)
      const terms: number[] = []
      const candidate = async (_: unknown, index: number): Promise<void> => {
        for (let round = 0; round < 8; round++) {
          await world.pause()
          try {
            using leadership = await election.campaign(`${index}`, {
              timeoutMs: below(world.random, 10),
            })
            assert.ok(leadership.signal.aborted || election.leader === leadership)
            terms.push(leadership.term)
            await world.pause()
            if (below(world.random, 5) === 0) election.depose()
            assert.ok(leadership.signal.aborted || election.leader === leadership)
          } catch (error) {
            assert.ok(error instanceof SyncTimeout)
          }
        }
      }
      await world.run(() => Promise.all(Array.from({ length: candidates }, candidate)))
      assert.deepEqual(
        [...terms].sort((left, right) => left - right),
        Array.from({ length: terms.length }, (_, index) => index + 1),
      )
      assert.deepEqual([election.leader, election.waiting], [null, 0])
    }),
    { numRuns: 200 },
  )
})

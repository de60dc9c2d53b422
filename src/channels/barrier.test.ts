/** What a barrier promises, rule by rule, and under chance. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Clockwork } from '../../test/channels/clockwork.ts'
import { SeededWorld } from '../../test/channels/seeded-world.ts'
import { watch } from '../../test/channels/watch.ts'
import { below } from '../base/random.ts'
import { LocalBarrier } from './barrier.ts'
import { type Arrival, BarrierBroken, BarrierMisuse } from './barrier-contract.ts'
import { waitsPerTurn } from './turn.ts'

function brokenBy(error: unknown): string {
  assert.ok(error instanceof BarrierBroken, String(error))
  return error.reason
}

test('nobody goes on before all have arrived, and then all do, each with its own index', async () => {
  const world = new Clockwork()
  const barrier = new LocalBarrier({ parties: 3 }, world)
  const first = watch(barrier.wait())
  const second = watch(barrier.wait())
  await world.settle()
  assert.deepEqual([first.state, second.state], ['pending', 'pending'])
  const third = await barrier.wait()
  assert.deepEqual(
    [first.value, second.value, third],
    [
      { generation: 0, index: 0 },
      { generation: 0, index: 1 },
      { generation: 0, index: 2 },
    ],
  )
  const { arrived, generation, parties } = await barrier.state()
  assert.deepEqual({ arrived, generation, parties }, { arrived: 0, generation: 1, parties: 3 })
})

test('the action runs once a round, when all have arrived and before anybody goes on', async () => {
  const world = new Clockwork()
  const log: string[] = []
  const barrier = new LocalBarrier(
    {
      parties: 2,
      action: async (generation) => {
        log.push(`start ${generation}`)
        await world.sleep(5)
        log.push(`end ${generation}`)
      },
    },
    world,
  )
  const party = async (name: string): Promise<void> => {
    for (let round = 0; round < 2; round++) {
      const { generation } = await barrier.wait()
      log.push(`${name} ${generation}`)
    }
  }
  await world.until(Promise.all([party('a'), party('b')]))
  assert.deepEqual(log, ['start 0', 'end 0', 'a 0', 'b 0', 'start 1', 'end 1', 'a 1', 'b 1'])
})

test('arrivals during the action belong to the next round, however many come', async () => {
  const world = new Clockwork()
  const actions: number[] = []
  const action = async (generation: number): Promise<void> => {
    await world.sleep(5)
    actions.push(generation)
  }
  const barrier = new LocalBarrier({ parties: 2, action }, world)
  const waits = [watch(barrier.wait()), watch(barrier.wait())]
  const early: Arrival[] = []
  for (let count = 0; count < 4; count++) early.push(await barrier.arrive())
  assert.deepEqual(
    early.map(({ generation }) => generation),
    [1, 1, 2, 2],
  )
  await world.settle()
  assert.equal(waits[0]?.state, 'pending')
  await world.run()
  assert.deepEqual(actions, [0, 1, 2])
  assert.deepEqual([waits[0]?.value?.generation, waits[1]?.value?.generation], [0, 0])
})

test('an action that fails breaks the barrier for everyone, with its error as the cause', async () => {
  const world = new Clockwork()
  const cause = new Error('no disk')
  for (const action of [() => Promise.reject(cause), () => assertThrown(cause)]) {
    const barrier = new LocalBarrier({ parties: 2, action }, world)
    const waits = [watch(barrier.wait()), watch(barrier.wait())]
    await world.settle()
    for (const { error } of waits) {
      assert.equal(brokenBy(error), 'action')
      assert.equal((error as Error).cause, cause)
    }
    await assert.rejects(barrier.arrive(), { code: 'BARRIER_BROKEN' })
  }
})

function assertThrown(error: Error): never {
  throw error
}

test('a party that times out breaks the barrier for everyone, until it is reset', async () => {
  const world = new Clockwork()
  const barrier = new LocalBarrier({ parties: 3 }, world)
  const patient = watch(barrier.wait())
  const hasty = watch(barrier.wait({ timeoutMs: 5 }))
  await world.run()
  assert.deepEqual([brokenBy(patient.error), brokenBy(hasty.error)], ['timeout', 'timeout'])
  await assert.rejects(barrier.wait(), BarrierBroken)
  await barrier.reset()
  const again = [barrier.wait(), barrier.wait(), barrier.wait()]
  assert.deepEqual(
    (await Promise.all(again)).map(({ generation, index }) => `${generation}/${index}`),
    ['1/0', '1/1', '1/2'],
  )
  assert.equal(world.timers, 0)
})

test('a party that is aborted gets its reason, and all others a broken barrier', async () => {
  const world = new Clockwork()
  const barrier = new LocalBarrier({ parties: 3 }, world)
  const controller = new AbortController()
  const patient = watch(barrier.wait())
  const leaving = watch(barrier.wait({ signal: controller.signal }))
  controller.abort(new Error('enough'))
  await world.settle()
  assert.deepEqual(leaving.error, new Error('enough'))
  assert.equal(brokenBy(patient.error), 'aborted')
  const { broken } = await barrier.state()
  assert.equal(broken?.reason, 'aborted')
})

test('a signal that has fired before arrives nowhere and breaks nothing', async () => {
  const barrier = new LocalBarrier({ parties: 2 }, new Clockwork())
  await assert.rejects(barrier.wait({ signal: AbortSignal.abort(new Error('before')) }), /before/)
  const { arrived, broken } = await barrier.state()
  assert.deepEqual([arrived, broken], [0, null])
})

test('a time-out of 0 passes for the last party and breaks the barrier for any other', async () => {
  const world = new Clockwork()
  const barrier = new LocalBarrier({ parties: 2 }, world)
  const first = watch(barrier.wait())
  assert.deepEqual(await barrier.wait({ timeoutMs: 0 }), { generation: 0, index: 1 })
  assert.equal(first.state, 'resolved')
  await assert.rejects(barrier.wait({ timeoutMs: 0 }), { reason: 'timeout' })
})

test('abort breaks, reset and close tell everyone why, and a closed barrier stays closed', async () => {
  const world = new Clockwork()
  const barrier = new LocalBarrier({ parties: 2 }, world)
  const waits = [watch(barrier.wait())]
  await barrier.abort('the job was cancelled')
  await barrier.reset()
  waits.push(watch(barrier.wait()))
  await barrier.reset()
  waits.push(watch(barrier.wait()))
  await barrier.close()
  await barrier.close()
  await world.settle()
  assert.deepEqual(
    waits.map(({ error }) => brokenBy(error)),
    ['aborted', 'reset', 'closed'],
  )
  await assert.rejects(barrier.reset(), { reason: 'closed' })
  await assert.rejects(barrier.register(), { reason: 'closed' })
  await assert.rejects(barrier.wait(), { reason: 'closed' })
})

test('parties may join and leave at any time, and leaving may complete a round', async () => {
  const world = new Clockwork()
  const barrier = new LocalBarrier({ parties: 1 }, world)
  await barrier.register(2)
  const waits = [watch(barrier.wait()), watch(barrier.wait())]
  await world.settle()
  assert.equal(waits[0]?.state, 'pending')
  await barrier.deregister()
  await world.settle()
  assert.deepEqual([waits[0]?.value?.index, waits[1]?.value?.index], [0, 1])
  await barrier.deregister()
  await barrier.deregister()
  await assert.rejects(barrier.deregister(), BarrierMisuse)
  assert.throws(() => new LocalBarrier({ parties: 1.5 }, world), BarrierMisuse)
})

test('what an action of before the reset still does is over before the next one starts', async () => {
  const world = new Clockwork()
  let running = 0
  let rounds = 0
  const action = async (): Promise<void> => {
    running += 1
    assert.equal(running, 1)
    await world.sleep(10)
    running -= 1
    rounds += 1
  }
  const barrier = new LocalBarrier({ parties: 1, action }, world)
  const before = watch(barrier.wait())
  await barrier.reset()
  const later = watch(barrier.wait())
  await world.run()
  assert.equal(brokenBy(before.error), 'reset')
  // Round 0 was acting and round 1 was filling when the reset came.
  assert.deepEqual([later.value, rounds], [{ generation: 2, index: 0 }, 2])
})

test('parties that never wait long let the event loop go on', async () => {
  const world = new Clockwork()
  const barrier = new LocalBarrier({ parties: 2 }, world)
  let rounds = 0
  const roundCount = 10_000
  const party = async (): Promise<void> => {
    for (let round = 0; round < roundCount; round++) {
      const { index } = await barrier.wait()
      if (index === 0) rounds += 1
    }
  }
  const both = Promise.all([party(), party()])
  await new Promise((resolve) => {
    setImmediate(resolve)
  })
  assert.ok(rounds > 0 && rounds <= waitsPerTurn, `${rounds} rounds in the first turn`)
  await world.until(both)
  assert.equal(rounds, roundCount)
})

const crews = fc.record({
  seed: fc.nat(),
  parties: fc.integer({ min: 1, max: 6 }),
  rounds: fc.integer({ min: 1, max: 12 }),
  newcomers: fc.integer({ min: 0, max: 3 }),
})

test('under chance no round mixes with the next, and each has one leader and one action', async () => {
  await fc.assert(
    fc.asyncProperty(crews, async (crew) => {
      const world = new SeededWorld(crew.seed)
      /** By round: who has arrived before it was over, and who has gone on. */
      const leaders: number[] = []
      const actions: number[] = []
      const passed: number[] = []
      let present = crew.parties
      const barrier = new LocalBarrier(
        {
          parties: crew.parties,
          action: async (generation) => {
            actions[generation] = (actions[generation] ?? 0) + 1
            assert.equal(passed[generation], undefined, 'someone went on before the action')
            await world.pause()
          },
        },
        world,
      )
      const party = async (rounds: number, first: number): Promise<void> => {
        let last = first
        for (let round = 0; round < rounds; round++) {
          await world.pause()
          const { generation, index } = await barrier.wait()
          assert.ok(generation > last, 'a round was passed twice')
          if (last >= 0) assert.equal(generation, last + 1, 'a round was skipped')
          last = generation
          assert.equal(actions[generation], 1)
          passed[generation] = (passed[generation] ?? 0) + 1
          if (index === 0) leaders[generation] = (leaders[generation] ?? 0) + 1
        }
        present -= 1
        await barrier.deregister()
      }
      const newcomer = async (): Promise<void> => {
        await world.sleep(below(world.random, 20))
        if (present === 0) return
        present += 1
        await barrier.register()
        await party(1 + below(world.random, crew.rounds), -1)
      }
      await world.run(() => {
        const old = Array.from({ length: crew.parties }, () => party(crew.rounds, -1))
        const fresh = Array.from({ length: crew.newcomers }, newcomer)
        return Promise.all([...old, ...fresh])
      })
      for (let round = 0; round < crew.rounds; round++) {
        assert.deepEqual([leaders[round], actions[round]], [1, 1], `round ${round}`)
        assert.ok(passed[round]! >= crew.parties)
      }
      const state = await barrier.state()
      assert.deepEqual([state.parties, state.arrived, state.broken], [0, 0, null])
    }),
    { numRuns: 400 },
  )
})

test('under chance a broken round lets nobody through, and a reset starts afresh', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.integer({ min: 2, max: 5 }), async (seed, parties) => {
      const world = new SeededWorld(seed)
      const barrier = new LocalBarrier({ parties, action: () => world.pause() }, world)
      /** By round: how many went on, and how many were told that it broke. */
      const fates = new Map<number, { passed: number; broken: number }>()
      const fateOf = (generation: number): { passed: number; broken: number } => {
        const fate = fates.get(generation) ?? { passed: 0, broken: 0 }
        fates.set(generation, fate)
        return fate
      }
      const party = async (): Promise<void> => {
        for (let round = 0; round < 6; round++) {
          await world.pause()
          try {
            const { generation } = await barrier.wait({ timeoutMs: below(world.random, 8) })
            fateOf(generation).passed += 1
          } catch (error) {
            assert.ok(error instanceof BarrierBroken)
            fateOf(error.generation).broken += 1
            await world.pause()
            const { broken } = await barrier.state()
            if (broken !== null) await barrier.reset()
          }
        }
      }
      await world.run(async () => {
        await Promise.all(Array.from({ length: parties }, party))
        // An action of a broken round may still be pausing.
        await world.sleep(100)
      })
      for (const [generation, { passed, broken }] of fates) {
        const text = `round ${generation}: ${passed} went on, ${broken} did not`
        assert.ok(passed === 0 || (passed === parties && broken === 0), text)
      }
    }),
    { numRuns: 300 },
  )
})

/**
 * What every barrier keeps, wherever its parties live: run by the test of each kind. It speaks to the
 * contract alone, and never expects anything to have crossed before the world has been driven.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Barrier, BarrierBroken, BarrierMisuse } from '../../src/channels/barrier-contract.ts'
import { type Watched, watch } from '../channels/watch.ts'

export interface BarrierPlan {
  readonly parties: number
  readonly action?: (generation: number) => void | Promise<void>
}

export interface BarrierWorld {
  /** One barrier, as each of so many parties sees it. They may all be the same object. */
  open(plan: BarrierPlan, views: number): Promise<readonly Barrier[]>
  /** Drives whatever must be driven until the promise settles. */
  drive<T>(promise: Promise<T>): Promise<T>
  /** Lets whatever is under way arrive. */
  settle(): Promise<void>
}

/** A kind of barrier under test. */
export interface BarrierSubject {
  readonly name: string
  /** Whether the action can be a function here: a barrier of threads may have none. */
  readonly actions: 'functions' | 'none'
  /** Runs `body` to its end and cleans up. */
  run(body: (world: BarrierWorld) => Promise<void>): Promise<void>
}

type Law = (title: string, body: (world: BarrierWorld) => Promise<void>) => void

export function barrierContract(subject: BarrierSubject): void {
  const law: Law = (title, body) => {
    test(`${subject.name}: ${title}`, () => subject.run(body))
  }
  roundContract(law)
  breakingContract(law)
  if (subject.actions === 'functions') actionContract(law)
}

function reasonOf({ state, error }: Watched<unknown>): string {
  assert.ok(error instanceof BarrierBroken, `${state}: ${String(error)}`)
  return error.reason
}

function roundContract(law: Law): void {
  law('nobody goes on before all have arrived; each has an index, one of them 0', async (world) => {
    const views = await world.open({ parties: 3 }, 3)
    for (let generation = 0; generation < 3; generation++) {
      const early = views.slice(1).map((view) => watch(view.wait()))
      await world.settle()
      assert.ok(early.every(({ state }) => state === 'pending'))
      const last = await world.drive(views[0]!.wait())
      await world.settle()
      const arrivals = [last, ...early.map(({ value }) => value)]
      assert.deepEqual(arrivals.map((arrival) => arrival?.index).sort(byNumber), [0, 1, 2])
      assert.ok(arrivals.every((arrival) => arrival?.generation === generation))
    }
  })

  law(
    'who arrives without waiting counts, and its next arrival is for the next round',
    async (world) => {
      const [first, second] = (await world.open({ parties: 2 }, 2)) as [Barrier, Barrier]
      const generations: number[] = []
      for (let count = 0; count < 2; count++) {
        const { generation } = await world.drive(first.arrive())
        generations.push(generation)
        await world.drive(second.wait())
      }
      assert.deepEqual(generations, [0, 1])
    },
  )

  law('parties join and leave, and leaving may complete a round', async (world) => {
    const [first, second] = (await world.open({ parties: 1 }, 2)) as [Barrier, Barrier]
    await world.drive(first.register())
    const waiting = watch(first.wait())
    await world.settle()
    assert.equal(waiting.state, 'pending')
    await world.drive(second.deregister())
    await world.settle()
    assert.equal(waiting.value?.generation, 0)
    await world.drive(first.deregister())
    await world.drive(assert.rejects(first.deregister(), BarrierMisuse))
    const { parties, arrived } = await world.drive(first.state())
    assert.deepEqual([parties, arrived], [0, 0])
  })
}

function breakingContract(law: Law): void {
  law('a time-out breaks it for everyone until a reset', async (world) => {
    const [first, second, third] = (await world.open({ parties: 3 }, 3)) as [
      Barrier,
      Barrier,
      Barrier,
    ]
    const patient = watch(first.wait())
    await world.settle()
    const hasty = second.wait({ timeoutMs: 1 })
    await world.drive(assert.rejects(hasty, { code: 'BARRIER_BROKEN', reason: 'timeout' }))
    await world.settle()
    assert.equal(reasonOf(patient), 'timeout')
    await world.drive(assert.rejects(third.wait(), { code: 'BARRIER_BROKEN' }))
    await world.drive(third.reset())
    const waits = [first, second, third].map((view) => view.wait())
    const arrivals = await world.drive(Promise.all(waits))
    assert.ok(arrivals.every(({ generation }) => generation === arrivals[0]?.generation))
    assert.ok(arrivals[0]!.generation > 0)
  })

  law('an abort gives its reason to the one and breaks it for the others', async (world) => {
    const [first, second] = (await world.open({ parties: 3 }, 2)) as [Barrier, Barrier]
    const controller = new AbortController()
    const patient = watch(first.wait())
    const leaving = watch(second.wait({ signal: controller.signal }))
    await world.settle()
    controller.abort(new Error('enough'))
    await world.settle()
    assert.deepEqual(leaving.error, new Error('enough'))
    assert.equal(reasonOf(patient), 'aborted')
  })

  law('a signal that has fired before arrives nowhere and breaks nothing', async (world) => {
    const [barrier] = (await world.open({ parties: 2 }, 1)) as [Barrier]
    const signal = AbortSignal.abort(new Error('before'))
    await assert.rejects(barrier.wait({ signal }), /before/)
    const { arrived, broken } = await world.drive(barrier.state())
    assert.deepEqual([arrived, broken], [0, null])
  })

  law('abort, reset and close tell who waits why', async (world) => {
    const [first, second] = (await world.open({ parties: 2 }, 2)) as [Barrier, Barrier]
    const aborted = watch(first.wait())
    await world.settle()
    await world.drive(second.abort('over'))
    await world.drive(second.reset())
    const reset = watch(first.wait())
    await world.settle()
    await world.drive(second.reset())
    const closed = watch(first.wait())
    await world.settle()
    await world.drive(first.close())
    await world.drive(first.close())
    await world.settle()
    assert.deepEqual([aborted, reset, closed].map(reasonOf), ['aborted', 'reset', 'closed'])
    await world.drive(assert.rejects(first.wait(), BarrierBroken))
  })
}

function actionContract(law: Law): void {
  law('the action runs once a round, before anybody goes on', async (world) => {
    const log: string[] = []
    const action = (generation: number): void => {
      log.push(`action ${generation}`)
    }
    const views = await world.open({ parties: 2, action }, 2)
    const parties = views.map(async (view) => {
      for (let round = 0; round < 3; round++) {
        const { generation } = await view.wait()
        log.push(`on ${generation}`)
      }
    })
    await world.drive(Promise.all(parties))
    assert.deepEqual(
      log,
      [0, 1, 2].flatMap((generation) => [
        `action ${generation}`,
        `on ${generation}`,
        `on ${generation}`,
      ]),
    )
  })

  law('an action that fails breaks it for everyone', async (world) => {
    const action = (): Promise<void> => Promise.reject(new Error('no disk'))
    const views = await world.open({ parties: 2, action }, 2)
    const waits = views.map((view) => watch(view.wait()))
    await world.settle()
    assert.deepEqual(waits.map(reasonOf), ['action', 'action'])
  })
}

function byNumber(left: number | undefined, right: number | undefined): number {
  return (left ?? Number.NaN) - (right ?? Number.NaN)
}

/** The crew's rules one by one, with simulated workers in simulated time. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { CrewWorld } from '../../test/pool/crew-world.ts'
import { Probe } from '../../test/pool/probe.ts'
import { type Begun, deedsOf } from '../../test/pool/sim-workers.ts'
import { PoolClosed, PoolQueueFull, PoolStartFailed, PoolWorkerLost } from './errors.ts'

const quick = { kind: 'done', ms: 0.01 } as const
const slow = { kind: 'done', ms: 50 } as const
const deadly = { kind: 'kills', ms: 1 } as const
const endless = { kind: 'hangs' } as const

function namesOf(begun: readonly Begun[]): string[] {
  return begun.map(({ chunk }) => (chunk as Probe).name)
}

/** Gives the crew some quick chunks, so that it knows that it may send ahead. */
async function warm(world: CrewWorld): Promise<void> {
  for (let index = 0; index < 4; index += 1) world.crew.submit(new Probe('warm', quick), 'wait')
  await world.settle()
  world.workers.begun.length = 0
}

describe('handing out', () => {
  test('workers start as they are needed and no more of them than there may be', async () => {
    const world = new CrewWorld({ size: 3 })
    assert.equal(world.workers.workers.length, 0)
    world.crew.submit(new Probe('one', slow), 'wait')
    assert.equal(world.workers.workers.length, 1)
    for (let index = 0; index < 10; index += 1) world.crew.submit(new Probe('more', slow), 'wait')
    await world.settle()
    assert.equal(world.workers.workers.length, 3)
  })

  test('with one worker chunks begin in the order of asking', async () => {
    const world = new CrewWorld({ size: 1 })
    const names = Array.from({ length: 50 }, (_, index) => `chunk ${index}`)
    for (const name of names) world.crew.submit(new Probe(name, quick), 'wait')
    await world.settle()
    assert.deepEqual(namesOf(world.workers.begun), names)
  })

  test('a slow chunk does not hold up those that another worker could do', async () => {
    const world = new CrewWorld({ size: 2 })
    const first = new Probe('slow', { kind: 'done', ms: 1_000 })
    world.crew.submit(first, 'wait')
    await world.scheduler.advance(30)
    const others = Array.from({ length: 40 }, (_, index) => new Probe(`${index}`, quick))
    for (const other of others) world.crew.submit(other, 'wait')
    await world.scheduler.advance(500)
    assert.equal(first.fate.kind, 'open')
    assert.ok(others.every((other) => other.fate.kind === 'answered'))
    await world.settle()
  })

  test('nothing is sent ahead before a chunk has been timed, and quick ones are after', async () => {
    const world = new CrewWorld({ size: 1, aheadMax: 4 })
    for (let index = 0; index < 3; index += 1) world.crew.submit(new Probe('first', slow), 'wait')
    await world.scheduler.advance(30)
    assert.equal(world.crew.counters().underWay, 1)
    await world.settle()
    await warm(world)
    for (let round = 0; round < 60; round += 1) await warm(world)
    for (let index = 0; index < 10; index += 1) world.crew.submit(new Probe('then', quick), 'wait')
    assert.equal(world.crew.counters().underWay, 5, 'one running and four ahead')
    await world.settle()
  })

  test('a chunk that may be cut short travels alone', async () => {
    for (const terms of [{ timeoutMs: 5 }, { transfer: [new ArrayBuffer(8)] }]) {
      const world = new CrewWorld({ size: 1 })
      await warm(world)
      world.crew.submit(new Probe('plain', quick), 'wait')
      world.crew.submit(new Probe('alone', quick, terms), 'wait')
      world.crew.submit(new Probe('behind', quick), 'wait')
      assert.equal(world.crew.counters().underWay, 1)
      await world.settle()
      assert.deepEqual(namesOf(world.workers.begun), ['plain', 'alone', 'behind'])
    }
  })

  test('chunks of one signal may follow each other, of two signals not', async () => {
    const world = new CrewWorld({ size: 1 })
    await warm(world)
    const { signal } = new AbortController()
    world.crew.submit(new Probe('a', quick, { signal }), 'wait')
    world.crew.submit(new Probe('b', quick, { signal }), 'wait')
    assert.equal(world.crew.counters().underWay, 2)
    world.crew.submit(new Probe('c', quick, { signal: new AbortController().signal }), 'wait')
    world.crew.submit(new Probe('d', quick), 'wait')
    assert.equal(world.crew.counters().underWay, 2)
    await world.settle()
    assert.equal(world.crew.counters().done, 8)
  })

  test('a full queue refuses or lets wait, as asked', async () => {
    const world = new CrewWorld({ size: 1, queueMax: 2 })
    const probes = Array.from({ length: 4 }, (_, index) => new Probe(`${index}`, slow))
    world.crew.submit(probes[0]!, 'reject')
    await world.scheduler.advance(25)
    for (const probe of probes.slice(1)) world.crew.submit(probe, 'reject')
    assert.ok(probes[3]?.error instanceof PoolQueueFull)
    const patient = new Probe('patient', quick)
    world.crew.submit(patient, 'wait')
    await world.settle()
    assert.equal(patient.fate.kind, 'answered')
  })
})

describe('dying workers', () => {
  test('only the running chunk fails; those behind it are done by another worker', async () => {
    const world = new CrewWorld({ size: 1 })
    await warm(world)
    const killer = new Probe('killer', deadly)
    const others = ['a', 'b', 'c'].map((name) => new Probe(name, quick))
    world.crew.submit(killer, 'wait')
    for (const other of others) world.crew.submit(other, 'wait')
    assert.equal(world.crew.counters().underWay, 4)
    await world.settle()
    assert.ok(killer.error instanceof PoolWorkerLost)
    assert.equal(killer.error.signal, 'SIGSEGV')
    assert.deepEqual(namesOf(world.workers.begun), ['killer', 'a', 'b', 'c'])
    assert.ok(others.every((other) => other.fate.kind === 'answered'))
    assert.deepEqual(world.ends, ['lost'])
  })

  test('what was done before the death is heard, however late', async () => {
    const world = new CrewWorld({ size: 1 })
    await warm(world)
    const before = new Probe('before', { kind: 'done', ms: 1 })
    const killer = new Probe('killer', { kind: 'kills', ms: 0.01 })
    world.crew.submit(before, 'wait')
    world.crew.submit(killer, 'wait')
    await world.settle()
    assert.equal(before.fate.kind, 'answered')
    assert.ok(killer.error instanceof PoolWorkerLost)
  })

  test('a chunk with attempts is started so often and not more', async () => {
    const world = new CrewWorld({ size: 1 })
    const killer = new Probe('killer', deadly, { attempts: 3 })
    world.crew.submit(killer, 'wait')
    await world.settle()
    assert.equal(world.workers.begun.length, 3)
    assert.ok(killer.error instanceof PoolWorkerLost)
    assert.equal(world.crew.counters().retried, 2)
    assert.equal(world.crew.counters().lost, 1)
  })

  test('an idle worker that dies is missed by nobody', async () => {
    const world = new CrewWorld({ size: 1 })
    await warm(world)
    world.workers.workers[0]?.die({ exitCode: 9, signal: null, error: null })
    await world.settle()
    assert.equal(world.crew.counters().workers, 0)
    const next = new Probe('next', quick)
    world.crew.submit(next, 'wait')
    await world.settle()
    assert.equal(next.fate.kind, 'answered')
  })

  test('whoever submits when told of a loss gets a living worker', async () => {
    const world = new CrewWorld({ size: 1 })
    const next = new Probe('next', quick)
    const killer = new (class extends Probe {
      override fail(error: unknown): void {
        super.fail(error)
        world.crew.submit(next, 'wait')
      }
    })('killer', deadly)
    world.crew.submit(killer, 'wait')
    await world.settle()
    assert.equal(next.fate.kind, 'answered')
  })
})

describe('starting workers', () => {
  test('when none can start, what waits fails with the reason, and the next call tries again', async () => {
    const world = new CrewWorld({ size: 2, starts: (nth) => (nth < 2 ? 'fails' : 'ready') })
    const early = [new Probe('a', quick), new Probe('b', quick)]
    for (const probe of early) world.crew.submit(probe, 'wait')
    await world.settle()
    for (const probe of early) {
      assert.ok(probe.error instanceof PoolStartFailed)
      assert.match(probe.error.message, /no such module/)
    }
    const late = new Probe('late', quick)
    world.crew.submit(late, 'wait')
    await world.settle()
    assert.equal(late.fate.kind, 'answered')
  })

  test('while one works, one that cannot start is tried again later and not in a storm', async () => {
    const world = new CrewWorld({ size: 2, starts: (nth) => (nth === 1 ? 'dies' : 'ready') })
    const probes = Array.from(
      { length: 40 },
      (_, index) => new Probe(`${index}`, { kind: 'done', ms: 10 }),
    )
    for (const probe of probes) world.crew.submit(probe, 'wait')
    await world.scheduler.advance(60)
    assert.equal(world.workers.workers.length, 2, 'too early for another try')
    await world.settle()
    assert.equal(world.workers.workers.length, 3)
    assert.ok(probes.every((probe) => probe.fate.kind === 'answered'))
  })

  test('a worker that does not become ready in time counts as failed', async () => {
    const world = new CrewWorld({ size: 1, starts: () => 'hangs', startTimeoutMs: 500 })
    const probe = new Probe('a', quick)
    world.crew.submit(probe, 'wait')
    await world.scheduler.advance(499)
    assert.equal(probe.fate.kind, 'open')
    await world.settle()
    assert.ok(probe.error instanceof PoolStartFailed)
  })

  test('startAll settles when all are ready, and rejects when one cannot be or the crew closes', async () => {
    const good = new CrewWorld({ size: 3 })
    await good.scheduler.run(() => good.crew.startAll())
    assert.equal(good.crew.counters().idleWorkers, 3)

    const bad = new CrewWorld({ size: 2, starts: (nth) => (nth === 1 ? 'fails' : 'ready') })
    await assert.rejects(
      bad.scheduler.run(() => bad.crew.startAll()),
      PoolStartFailed,
    )
    const closing = new CrewWorld({ size: 1, starts: () => 'hangs' })
    const started = closing.crew.startAll()
    const closed = closing.crew.close()
    await assert.rejects(started, PoolClosed)
    await closing.scheduler.run(() => closed)
  })
})

describe('recycling', () => {
  test('a worker is replaced after so many calls, to the call', async () => {
    const world = new CrewWorld({ size: 1, callsMax: 3 })
    for (let index = 0; index < 8; index += 1) world.crew.submit(new Probe('one', quick), 'wait')
    await world.settle()
    const perWorker = new Map<number, number>()
    for (const { workerId } of world.workers.begun) {
      perWorker.set(workerId, (perWorker.get(workerId) ?? 0) + 1)
    }
    assert.deepEqual([...perWorker.values()], [3, 3, 2])
    assert.deepEqual(world.ends, ['recycled', 'recycled'])
    assert.equal(world.crew.counters().workersRecycled, 2)
  })

  test('a worker that has grown too large gets nothing more', async () => {
    const world = new CrewWorld({ size: 1, aheadMax: 0, memoryBytesMax: 1_000 })
    const large = new Probe('large', { kind: 'done', ms: 1, memoryBytes: 1_001 })
    world.crew.submit(new Probe('small', { kind: 'done', ms: 1, memoryBytes: 1_000 }), 'wait')
    world.crew.submit(large, 'wait')
    world.crew.submit(new Probe('next', quick), 'wait')
    await world.settle()
    assert.deepEqual(
      world.workers.begun.map(({ workerId, chunk }) => [workerId, deedsOf(chunk)[0]?.kind]),
      [
        [1, 'done'],
        [1, 'done'],
        [2, 'done'],
      ],
    )
    assert.deepEqual(world.ends, ['recycled'])
  })
})

describe('ending', () => {
  test('close lets everything finish, takes nothing more, and leaves nothing behind', async () => {
    const world = new CrewWorld({ size: 2 })
    const probes = Array.from({ length: 9 }, (_, index) => new Probe(`${index}`, slow))
    for (const probe of probes) world.crew.submit(probe, 'wait')
    await world.scheduler.advance(30)
    const late = new Probe('late', quick)
    await world.scheduler.run(async () => {
      const closed = world.crew.close()
      world.crew.submit(late, 'wait')
      await Promise.all([closed, world.crew.close()])
    })
    assert.ok(late.error instanceof PoolClosed)
    assert.ok(probes.every((probe) => probe.fate.kind === 'answered'))
    assert.equal(world.workers.living.length, 0)
    assert.deepEqual(world.ends, ['stopped', 'stopped'])
  })

  test('destroy fails everything at once and kills the workers', async () => {
    const world = new CrewWorld({ size: 2 })
    const probes = Array.from({ length: 9 }, (_, index) => new Probe(`${index}`, endless))
    for (const probe of probes) world.crew.submit(probe, 'wait')
    await world.scheduler.advance(30)
    await world.scheduler.run(async () => {
      const destroyed = world.crew.destroy()
      assert.ok(probes.every((probe) => probe.error instanceof PoolClosed))
      await destroyed
    })
    assert.equal(world.workers.living.length, 0)
  })

  test('destroy cuts a close short, and both settle', async () => {
    const world = new CrewWorld({ size: 1 })
    const probe = new Probe('endless', endless)
    world.crew.submit(probe, 'wait')
    await world.scheduler.advance(30)
    await world.scheduler.run(() => Promise.all([world.crew.close(), world.crew.destroy()]))
    assert.ok(probe.error instanceof PoolClosed)
  })

  test('a worker that does not even die when killed is given up', async () => {
    const world = new CrewWorld({ size: 1, deaf: 'always' })
    const probe = new Probe('endless', endless)
    world.crew.submit(probe, 'wait')
    await world.scheduler.advance(30)
    await world.scheduler.run(() => world.crew.destroy())
    assert.deepEqual(world.ends, ['stuck'])
  })

  test('an idle worker keeps nothing alive', async () => {
    const world = new CrewWorld({ size: 1 })
    world.crew.submit(new Probe('one', quick, { timeoutMs: 5_000 }), 'wait')
    assert.equal(world.workers.workers[0]?.held, 'busy')
    // Far less than the time limit, whose timer must be gone all the same.
    await world.scheduler.advance(100)
    assert.equal(world.workers.workers[0]?.held, 'idle')
    world.scheduler.refuseLeaks()
  })

  test('a watcher that throws breaks nothing but is heard', async () => {
    const world = new CrewWorld({
      size: 1,
      onEvent: () => {
        throw new Error('bad watcher')
      },
    })
    const probe = new Probe('one', quick)
    world.crew.submit(probe, 'wait')
    await assert.rejects(world.settle(), /bad watcher/)
    await assert.rejects(world.settle(), /bad watcher/)
    await world.settle()
    assert.equal(probe.fate.kind, 'answered')
  })
})

test('utilisation is the share of the workers time that had something to do', async () => {
  const world = new CrewWorld({ size: 2 })
  await world.scheduler.run(() => world.crew.startAll())
  const startMs = world.clock.monotonicMs()
  world.crew.submit(new Probe('half', { kind: 'done', ms: startMs }), 'wait')
  await world.settle()
  const share = world.crew.counters().utilisation
  assert.ok(share > 0.2 && share < 0.3, `one of two workers was busy half of the time: ${share}`)
})

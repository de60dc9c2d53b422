/** The simulated scheduler keeps the contract of the real one, and its own promises: one seed is one run. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Panic } from '../../src/base/assert.ts'
import { below, SeededRandom } from '../../src/base/random.ts'
import { schedulerContract } from '../contracts/scheduler-contract.ts'
import { SimClock } from './sim-clock.ts'
import { SimScheduler, TimerLeak } from './sim-scheduler.ts'
import { drained, Stuck, settled } from './turn.ts'

function make(seed: number | null = null): { clock: SimClock; scheduler: SimScheduler } {
  const clock = new SimClock()
  if (seed === null) return { clock, scheduler: new SimScheduler({ clock }) }
  const random = new SeededRandom(seed)
  const stall = { oneIn: 20, msMax: 30 }
  return { clock, scheduler: new SimScheduler({ clock, random, stall }) }
}

schedulerContract({
  name: 'the simulated scheduler',
  run: (body) => {
    const { clock, scheduler } = make()
    return scheduler.run(() => body(scheduler, clock))
  },
})

schedulerContract({
  name: 'the simulated scheduler with a seed',
  run: async (body) => {
    for (let seed = 0; seed < 20; seed++) {
      const { clock, scheduler } = make(seed)
      await scheduler.run(() => body(scheduler, clock))
    }
  },
})

/** Tasks that start tasks and promises of chance lengths; answers what ran in which order. */
async function story(seed: number): Promise<{ seen: string[]; hash: number; nowMs: number }> {
  const { clock, scheduler } = make(seed)
  const choices = new SeededRandom(seed + 1)
  const seen: string[] = []
  let left = 300
  const grow = (name: string): void => {
    seen.push(name)
    for (let child = below(choices, 3); child >= 0 && left > 0; child--) {
      left--
      const next = `${name}.${child}`
      if (below(choices, 2) === 0) scheduler.soon(() => grow(next))
      else scheduler.after(below(choices, 5), () => grow(next))
      void (async () => {
        for (let turn = below(choices, 9); turn > 0; turn--) await null
        seen.push(`${next} settled`)
      })()
    }
  }
  scheduler.soon(() => grow('root'))
  await scheduler.runUntilIdle()
  return { seen, hash: scheduler.traceHash, nowMs: clock.monotonicMs() }
}

test('the same seed is the same run, and other seeds are other runs', async () => {
  const hashes = new Set<number>()
  for (let seed = 0; seed < 50; seed++) {
    const first = await story(seed)
    assert.deepEqual(await story(seed), first)
    assert.ok(first.seen.length > 10)
    hashes.add(first.hash)
  }
  assert.equal(hashes.size, 50)
})

test('every promise settles before the next task, however long its chain', async () => {
  const { scheduler } = make()
  const seen: string[] = []
  scheduler.soon(() => {
    void (async () => {
      for (let turn = 0; turn < 50_000; turn++) await null
      seen.push('chain')
    })()
  })
  scheduler.soon(() => seen.push('task'))
  await scheduler.runUntilIdle()
  assert.deepEqual(seen, ['chain', 'task'])
})

test('a wait that nothing will end is told at once, with the time and the count', async () => {
  const { scheduler } = make()
  const waiting = scheduler.run(
    () =>
      new Promise((resolve) => {
        scheduler.after(5, () => undefined)
        void resolve
      }),
  )
  await assert.rejects(waiting, (error) => {
    assert.ok(error instanceof Stuck)
    assert.match(error.message, /after 1 tasks, at 5\.\d+ ms: it waits, and nothing is due/)
    return true
  })
})

test('timers left behind are named; cancelled ones are not', async () => {
  const { scheduler } = make()
  const leaking = scheduler.run(() => {
    scheduler.after(1_000, function heartbeat() {})
    scheduler.after(2_000, function lease() {}).cancel()
    return Promise.resolve()
  })
  await assert.rejects(leaking, (error) => {
    assert.ok(error instanceof TimerLeak)
    assert.match(error.message, /1 left behind: heartbeat at 1000/)
    return true
  })
  assert.deepEqual(
    scheduler.pending().map(({ label }) => label),
    ['heartbeat'],
  )
})

test('what main or a task throws ends the run', async () => {
  const broken = new Error('broken')
  const { scheduler } = make()
  await assert.rejects(
    scheduler.run(() => Promise.reject(broken)),
    broken,
  )
  const throwing = scheduler.run(
    () =>
      new Promise<void>((resolve) => {
        scheduler.soon(() => {
          throw broken
        })
        scheduler.after(1, resolve)
      }),
  )
  await assert.rejects(throwing, broken)
})

test('a runaway loop of tasks is stopped', async () => {
  const { scheduler } = make()
  const again = (): void => scheduler.soon(again)
  again()
  await assert.rejects(scheduler.runUntilIdle({ tasksMax: 1_000 }), Stuck)
  assert.equal(scheduler.taskCount, 1_000)
})

test('advance runs what is due until then and no more', async () => {
  const { clock, scheduler } = make()
  const seen: number[] = []
  for (const dueMs of [10, 20, 30]) scheduler.after(dueMs, () => seen.push(dueMs))
  await scheduler.advance(20)
  assert.deepEqual(seen, [10, 20])
  assert.ok(clock.monotonicMs() >= 20 && clock.monotonicMs() < 21)
  await scheduler.advance(1)
  assert.deepEqual(seen, [10, 20])
  await scheduler.runUntilIdle()
  assert.deepEqual(seen, [10, 20, 30])
})

test('a year of timers passes in an instant', async () => {
  const { clock, scheduler } = make()
  let days = 0
  const tomorrow = (): void => {
    days++
    if (days < 365) scheduler.after(86_400_000, tomorrow)
  }
  scheduler.after(86_400_000, tomorrow)
  await scheduler.runUntilIdle()
  assert.equal(days, 365)
  assert.ok(clock.monotonicMs() >= 365 * 86_400_000)
})

test('one run at a time, and no delay below zero', async () => {
  const { scheduler } = make()
  await assert.rejects(
    scheduler.run(() => scheduler.runUntilIdle()),
    Panic,
  )
  assert.throws(() => scheduler.after(-1, () => undefined), Panic)
})

test('the wall clock jumps, freezes and thaws; the monotonic one goes its way', async () => {
  const { clock, scheduler } = make()
  const startMs = clock.wallMs()
  await scheduler.advance(1_000)
  assert.equal(clock.wallMs() - startMs, 1_000)
  clock.jumpWall(-3_600_000)
  assert.equal(clock.wallMs() - startMs, 1_000 - 3_600_000)
  clock.jumpWall(3_600_000)
  clock.freezeWall()
  await scheduler.advance(500)
  assert.equal(clock.wallMs() - startMs, 1_000)
  assert.equal(clock.monotonicMs(), 1_500)
  clock.thawWall()
  await scheduler.advance(250)
  assert.equal(clock.wallMs() - startMs, 1_250)
  assert.throws(() => clock.moveTo(0), Panic)
})

test('a promise that nothing settles is told instead of awaited for ever', async () => {
  await assert.rejects(settled(new Promise(() => undefined), 'the recovery', 100), Stuck)
  assert.equal(await settled(Promise.resolve(7), 'seven'), 7)
  await assert.rejects(settled(Promise.reject(new Error('no')), 'it'), /no/)
})

test('a drain lasts until no promise is ready', async () => {
  let depth = 0
  const chain = async (): Promise<void> => {
    for (; depth < 10_000; depth++) await null
  }
  await drained()
  void chain()
  await drained()
  assert.equal(depth, 10_000)
})

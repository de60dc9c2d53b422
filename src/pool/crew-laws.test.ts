/** What holds in every history of a crew, however its workers die and whoever cancels what. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { CrewWorld } from '../../test/pool/crew-world.ts'
import { Probe } from '../../test/pool/probe.ts'
import type { Deed } from '../../test/pool/sim-workers.ts'
import {
  PoolClosed,
  PoolNotSendable,
  PoolQueueFull,
  PoolStartFailed,
  PoolTaskTimeout,
  PoolWorkerLost,
} from './errors.ts'

type Action =
  | {
      readonly kind: 'submit'
      readonly deed: Deed
      readonly attempts: number
      readonly timeoutMs: number
      /** Which of three signals, or none. */
      readonly signal: number | null
      readonly whenFull: 'wait' | 'reject'
    }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'abort'; readonly signal: number }
  | { readonly kind: 'kill'; readonly worker: number }
  | { readonly kind: 'withdraw'; readonly probe: number }

const ms = fc.constantFrom(0, 0.01, 0.01, 0.5, 3, 20)
const deeds: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 8, arbitrary: ms.map((long): Deed => ({ kind: 'done', ms: long })) },
  { weight: 2, arbitrary: ms.map((long): Deed => ({ kind: 'throws', ms: long })) },
  { weight: 2, arbitrary: ms.map((long): Deed => ({ kind: 'kills', ms: long })) },
  { weight: 1, arbitrary: fc.constant<Deed>({ kind: 'refused' }) },
  { weight: 1, arbitrary: fc.constant<Deed>({ kind: 'done', ms: 1, memoryBytes: 5_000 }) },
)
const submits: fc.Arbitrary<Action> = fc.record({
  kind: fc.constant('submit' as const),
  deed: deeds,
  attempts: fc.constantFrom(1, 1, 1, 3),
  timeoutMs: fc.constantFrom(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 2, 10),
  signal: fc.constantFrom(null, null, 0, 1, 2),
  whenFull: fc.constantFrom('wait' as const, 'wait' as const, 'reject' as const),
})
const actions: fc.Arbitrary<readonly Action[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: submits },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('pass' as const),
        ms: fc.constantFrom(0.005, 0.1, 1, 8, 40),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('abort' as const), signal: fc.nat({ max: 2 }) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('kill' as const), worker: fc.nat({ max: 3 }) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('withdraw' as const), probe: fc.nat({ max: 30 }) }),
    },
  ),
  { maxLength: 60 },
)
const worlds = fc.record({
  seed: fc.nat(),
  size: fc.integer({ min: 1, max: 3 }),
  aheadMax: fc.constantFrom(0, 1, 4, 32),
  callsMax: fc.constantFrom(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 1, 3),
  queueMax: fc.constantFrom(2, 100),
  /** Every so many starts fail; 0: none. */
  badStarts: fc.constantFrom(0, 0, 2, 5),
  end: fc.constantFrom('close' as const, 'close' as const, 'destroy' as const),
})

/** One history: what was submitted, withdrawn and when each signal fired. */
class History {
  readonly world: CrewWorld
  readonly probes: Probe[] = []
  readonly withdrawn = new Set<Probe>()
  readonly signals = [new AbortController(), new AbortController(), new AbortController()]

  constructor(world: CrewWorld) {
    this.world = world
  }

  async act(action: Action): Promise<void> {
    switch (action.kind) {
      case 'submit': {
        const { deed, attempts, timeoutMs, signal } = action
        const probe = new Probe(`${this.probes.length}`, deed, {
          attempts,
          timeoutMs,
          signal: signal === null ? null : this.signals[signal]!.signal,
        })
        this.probes.push(probe)
        this.world.crew.submit(probe, action.whenFull)
        break
      }
      case 'pass':
        await this.world.scheduler.advance(action.ms)
        break
      case 'abort':
        this.signals[action.signal]!.abort('aborted')
        break
      case 'kill':
        this.world.workers.living[action.worker]?.die({ exitCode: 9, signal: null, error: null })
        break
      case 'withdraw': {
        const probe = this.probes[action.probe]
        if (probe?.state === 'waiting') this.withdrawn.add(probe)
        if (probe !== undefined) this.world.crew.withdraw(probe)
      }
    }
    this.checkBounds()
  }

  checkBounds(): void {
    const { size, underWay, idleWorkers, workers } = this.world.crew.counters()
    const { workers: kind } = this.world
    const upAndWorking = kind.workers.filter((worker) => worker.phase === 'up').length
    assert.ok(idleWorkers <= workers)
    assert.ok(underWay <= workers * 33)
    // Retiring ones finish what they have while their successors start.
    assert.ok(upAndWorking <= size + workers)
  }
}

function checkFates(history: History, end: 'close' | 'destroy'): void {
  const { begun, finished, deaths } = history.world.workers
  const times = new Map<Probe, number>()
  for (const { chunk } of begun) times.set(chunk as Probe, (times.get(chunk as Probe) ?? 0) + 1)
  for (const probe of history.probes) {
    const started = times.get(probe) ?? 0
    if (history.withdrawn.has(probe)) {
      assert.equal(probe.told, 0, 'what is withdrawn is not told')
      assert.ok(started <= probe.terms.attempts)
      continue
    }
    assert.equal(probe.told, 1, `probe ${probe.name} was told ${probe.told} times`)
    assert.ok(started <= probe.terms.attempts, 'started more often than it may be')
    if (probe.fate.kind === 'answered') {
      assert.ok(finished.includes(probe), 'answered and not done')
    } else checkFailure(probe, { started, deaths, end })
  }
}

function checkFailure(
  probe: Probe,
  context: {
    started: number
    deaths: readonly { readonly running: unknown }[]
    end: 'close' | 'destroy'
  },
): void {
  const { error } = probe
  const { started, deaths, end } = context
  if (error instanceof PoolWorkerLost) {
    const died = deaths.filter((death) => death.running === probe).length
    // Killed from outside between two chunks, a worker's next one cannot be told from a running one.
    assert.ok(started === 0 || died > 0, 'blamed for a death that was not its own')
  } else if (error instanceof PoolTaskTimeout) {
    assert.notEqual(probe.terms.timeoutMs, Number.POSITIVE_INFINITY)
  } else if (error instanceof PoolClosed) assert.equal(end, 'destroy')
  else if (error instanceof PoolNotSendable) assert.equal(started, 0)
  else if (error === 'aborted') assert.ok(probe.terms.signal?.aborted)
  else assert.ok(error instanceof PoolStartFailed || error instanceof PoolQueueFull, String(error))
}

test('every chunk has one fate, and no chunk suffers for another', async () => {
  await fc.assert(
    fc.asyncProperty(worlds, actions, async ({ badStarts, end, ...options }, script) => {
      const world = new CrewWorld({
        ...options,
        memoryBytesMax: 4_000,
        starts: (nth) => (badStarts > 0 && nth % badStarts === 1 ? 'dies' : 'ready'),
      })
      const history = new History(world)
      for (const action of script) await history.act(action)
      await world.scheduler.run(() => (end === 'close' ? world.crew.close() : world.crew.destroy()))
      checkFates(history, end)
      assert.equal(world.workers.living.length, 0, 'a worker was left behind')
      const { queued, underWay, workers } = world.crew.counters()
      assert.deepEqual({ queued, underWay, workers }, { queued: 0, underWay: 0, workers: 0 })
    }),
    { numRuns: 400 },
  )
})

test('without losses and signals, all is answered once and nothing is begun twice', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(),
      fc.integer({ min: 1, max: 4 }),
      fc.array(ms, { maxLength: 80 }),
      async (seed, size, times) => {
        const world = new CrewWorld({ seed, size, aheadMax: 8 })
        const probes = times.map((long, index) => new Probe(`${index}`, { kind: 'done', ms: long }))
        for (const probe of probes) world.crew.submit(probe, 'wait')
        await world.scheduler.run(() => world.crew.close())
        assert.ok(probes.every((probe) => probe.fate.kind === 'answered'))
        assert.equal(world.workers.begun.length, probes.length)
        assert.equal(world.crew.counters().done, probes.length)
      },
    ),
    { numRuns: 100 },
  )
})

/**
 * Workers that are neither threads nor processes: they live in simulated time, do their chunks one after the
 * other, and die when a test says so. They keep a ledger of everything that was begun, for the laws.
 */
import { assert } from '../../src/base/assert.ts'
import type { Random, Scheduler, Timer } from '../../src/base/ports.ts'
import { below } from '../../src/base/random.ts'
import { type Answer, type Chunk, noFailures } from '../../src/pool/chunk.ts'
import type { WorkerExit } from '../../src/pool/errors.ts'
import type { WorkerKind, WorkerListener, WorkerPort } from '../../src/pool/worker-port.ts'

/** What a chunk does to its worker; the first value of the chunk says it. */
export type Deed =
  | { readonly kind: 'done'; readonly ms: number; readonly memoryBytes?: number }
  | { readonly kind: 'throws'; readonly ms: number }
  /** The worker dies in the middle of it. */
  | { readonly kind: 'kills'; readonly ms: number }
  /** Never ends. */
  | { readonly kind: 'hangs' }
  /** Cannot be copied. */
  | { readonly kind: 'refused' }

export interface SimWorkersOptions {
  readonly scheduler: Scheduler
  readonly random: Random
  /** How the n-th worker starts, from 0; every one does after a while, without. */
  readonly starts?: (nth: number) => 'ready' | 'fails' | 'dies' | 'hangs'
  /** A worker that hears `kill` and does not end. */
  readonly deaf?: 'never' | 'always'
}

/** What happened, in order: the crew's word is checked against it. */
export interface Begun {
  readonly workerId: number
  readonly chunk: Chunk
}

export class SimWorkers implements WorkerKind {
  readonly options: SimWorkersOptions
  readonly begun: Begun[] = []
  readonly finished: Chunk[] = []
  readonly workers: SimWorker[] = []
  /** For each worker that died by itself: the chunk it was running, if any. */
  readonly deaths: { readonly workerId: number; readonly running: Chunk | null }[] = []

  constructor(options: SimWorkersOptions) {
    this.options = options
  }

  get living(): readonly SimWorker[] {
    return this.workers.filter((worker) => worker.phase !== 'gone')
  }

  start(workerId: number, listener: WorkerListener): WorkerPort {
    const worker = new SimWorker(this, workerId, listener)
    this.workers.push(worker)
    return worker
  }
}

class SimWorker implements WorkerPort {
  readonly id: number
  readonly systemId: number
  phase: 'starting' | 'up' | 'stopping' | 'gone' = 'starting'
  held: 'busy' | 'idle' = 'busy'
  readonly #world: SimWorkers
  readonly #listener: WorkerListener
  readonly #hands: Chunk[] = []
  /** What it has said and the crew has not heard yet, like bytes in a pipe. */
  readonly #said: (() => void)[] = []
  #running: Chunk | null = null
  readonly #timers = new Set<Timer>()

  constructor(world: SimWorkers, id: number, listener: WorkerListener) {
    this.#world = world
    this.#listener = listener
    this.id = id
    this.systemId = id + 1_000
    const how = world.options.starts?.(world.workers.length) ?? 'ready'
    if (how !== 'hangs') this.#after(1 + below(world.options.random, 20), () => this.#begin(how))
  }

  #begin(how: 'ready' | 'fails' | 'dies'): void {
    if (this.phase !== 'starting') return
    if (how === 'ready') {
      this.phase = 'up'
      this.#listener.ready()
      return
    }
    if (how === 'fails') this.#listener.startFailed(new Error('no such module'))
    this.die({ exitCode: 1, signal: null, error: null })
  }

  send(chunk: Chunk): void {
    assert(this.phase !== 'starting', 'nobody sends to a worker that is not ready')
    // It is dead and nobody knows: what is written to it is lost.
    if (this.phase !== 'up') return
    if (deedsOf(chunk).some((deed) => deed.kind === 'refused')) {
      this.#listener.refused(chunk, new Error('cannot be copied'))
      return
    }
    this.#hands.push(chunk)
    if (this.#running === null) this.#next()
  }

  #next(): void {
    if (this.phase !== 'up') return
    const chunk = this.#hands.shift() ?? null
    this.#running = chunk
    if (chunk === null) return
    this.#world.begun.push({ workerId: this.id, chunk })
    const plan = planOf(chunk)
    if (plan.end === 'hangs') return
    this.#after(plan.ms, () => {
      if (this.#running !== chunk || this.phase !== 'up') return
      if (plan.end === 'kills') this.die({ exitCode: null, signal: 'SIGSEGV', error: null })
      else this.#finish(chunk, plan)
    })
  }

  #finish(chunk: Chunk, plan: Plan): void {
    this.#world.finished.push(chunk)
    const failures = new Map<number, unknown>()
    for (const index of plan.throws) failures.set(index, new RangeError(`thrown by ${index}`))
    const answer: Answer = {
      values: chunk.terms.values.map((value, index) => (failures.has(index) ? undefined : value)),
      failures: failures.size === 0 ? noFailures : failures,
      durationMs: plan.ms,
      memoryBytes: plan.memoryBytes,
    }
    this.#said.push(() => this.#listener.answered(answer))
    this.#after(below(this.#world.options.random, 3), () => this.#hear())
    this.#next()
  }

  #hear(): void {
    const word = this.#said.shift()
    word?.()
  }

  hold(state: 'busy' | 'idle'): void {
    this.held = state
  }

  stop(): void {
    assert(this.#hands.length === 0 && this.#running === null, 'stopped with something in hand')
    this.#leave({ exitCode: 0, signal: null, error: null })
  }

  kill(): void {
    if (this.phase === 'gone' || this.#world.options.deaf === 'always') return
    this.#leave({ exitCode: null, signal: 'SIGKILL', error: null })
  }

  /** Dies by itself, wherever it is. */
  die(exit: WorkerExit): void {
    if (this.phase !== 'up' && this.phase !== 'starting') return
    this.#world.deaths.push({ workerId: this.id, running: this.#running })
    this.#leave(exit)
  }

  /** What it said is heard before its end, however late. */
  #leave(exit: WorkerExit): void {
    if (this.phase === 'stopping' || this.phase === 'gone') return
    this.phase = 'stopping'
    this.#after(below(this.#world.options.random, 5), () => {
      while (this.#said.length > 0) this.#hear()
      this.phase = 'gone'
      for (const timer of this.#timers) timer.cancel()
      this.#listener.gone(exit)
    })
  }

  #after(ms: number, task: () => void): void {
    const timer = this.#world.options.scheduler.after(ms, () => {
      this.#timers.delete(timer)
      task()
    })
    this.#timers.add(timer)
  }
}

export function deedsOf(chunk: Chunk): readonly Deed[] {
  return chunk.terms.values as readonly Deed[]
}

/** What the deeds of a chunk come to, one after the other. */
interface Plan {
  readonly ms: number
  readonly throws: readonly number[]
  readonly memoryBytes: number
  readonly end: 'done' | 'kills' | 'hangs'
}

function planOf(chunk: Chunk): Plan {
  let ms = 0
  let memoryBytes = 0
  const throws: number[] = []
  for (const [index, deed] of deedsOf(chunk).entries()) {
    if (deed.kind === 'hangs') return { ms, throws, memoryBytes, end: 'hangs' }
    if (deed.kind === 'refused') continue
    ms += deed.ms
    if (deed.kind === 'kills') return { ms, throws, memoryBytes, end: 'kills' }
    if (deed.kind === 'throws') throws.push(index)
    else memoryBytes = Math.max(memoryBytes, deed.memoryBytes ?? 0)
  }
  return { ms, throws, memoryBytes, end: 'done' }
}

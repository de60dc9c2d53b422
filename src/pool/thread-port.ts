/**
 * One thread of a pool: a Piscina of its own that may have one thread, so that the crew decides what runs
 * where and when a thread ends. Owned by the crew.
 */
import { fileURLToPath } from 'node:url'
import type { ResourceLimits, Worker } from 'node:worker_threads'
import type { Piscina } from 'piscina'

import { assert } from '../base/assert.ts'
import { putTogether, type Thrown } from '../channels/codec/thrown.ts'
import { type Answer, type Chunk, noFailures } from './chunk.ts'
import { failureFrom } from './task-failure.ts'
import type { StartOrder, WorkOrder } from './task-runner.ts'
import { answerTag, type ThreadAnswer, type ThreadOrder } from './thread-orders.ts'
import type { WorkerKind, WorkerListener, WorkerPort } from './worker-port.ts'

export interface ThreadSpec {
  readonly start: Omit<StartOrder, 'workerId'>
  readonly resourceLimits: ResourceLimits
  /** `null`: as this thread's. */
  readonly env: Readonly<Record<string, string>> | null
  readonly execArgv: readonly string[] | null
}

/** What Piscina calls in the thread. */
const perform: keyof typeof import('./pool-thread-worker.ts') = 'perform'

/** Piscina's own limit on tasks under way, never reached: the crew sends no more than its `aheadMax`. */
const tasksUnderWayMax = 1_000_000

export function threadKind(spec: ThreadSpec): WorkerKind {
  return { start: (workerId, listener) => new ThreadPort(spec, workerId, listener) }
}

class ThreadPort implements WorkerPort {
  readonly #listener: WorkerListener
  /** `null` until it was loaded, and if the thread is not wanted any more by then. */
  #piscina: Piscina | null = null
  #thread: Worker | null = null
  #state: 'starting' | 'up' | 'killed' | 'gone' = 'starting'
  #held: 'busy' | 'idle' = 'busy'
  /** What nobody caught in the thread. Set before its tasks' promises reject. */
  #error: unknown = null
  /** What was sent in this turn and is posted at its end: one hop for all of it. */
  #unposted: WorkOrder[] = []

  constructor(spec: ThreadSpec, workerId: number, listener: WorkerListener) {
    this.#listener = listener
    this.#start(spec, workerId).catch((error: unknown) => {
      listener.startFailed(error)
      if (this.#thread === null) this.#ended(null)
      else this.kill()
    })
  }

  get systemId(): number {
    return this.#thread?.threadId ?? 0
  }

  async #start(spec: ThreadSpec, workerId: number): Promise<void> {
    // Loaded with the first thread: a program with processes alone, or a task module, does without.
    const { Piscina } = await import('piscina')
    if (this.#state === 'killed') {
      this.#ended(null)
      return
    }
    this.#piscina = new Piscina({
      filename: fileURLToPath(new URL('./pool-thread-worker.js', import.meta.url)),
      name: perform,
      minThreads: 0,
      maxThreads: 1,
      idleTimeout: Number.POSITIVE_INFINITY,
      concurrentTasksPerWorker: tasksUnderWayMax,
      // Waiting by Atomics would stop the thread's timers and sockets between two tasks, and gains nothing here.
      atomics: 'disabled',
      recordTiming: false,
      resourceLimits: spec.resourceLimits,
      ...(spec.env === null ? {} : { env: { ...spec.env } }),
      ...(spec.execArgv === null ? {} : { execArgv: [...spec.execArgv] }),
    })
    // Only errors of a thread without tasks arrive there; the thread itself tells of every one.
    this.#piscina.on('error', () => undefined)
    const started = this.#order({ kind: 'start', start: { ...spec.start, workerId } })
    this.#watch()
    const thrown = await started
    if (thrown !== null) throw putTogether(thrown)
    if (this.#state !== 'starting') return
    this.#state = 'up'
    this.#listener.ready()
  }

  #watch(): void {
    const thread = this.#piscina?.threads[0]
    assert(thread !== undefined, 'the first order starts the thread')
    this.#thread = thread
    thread.on('message', (message: unknown) => this.#heard(message))
    thread.on('error', (error: unknown) => {
      this.#error = error
    })
    thread.on('exit', (code: number) => this.#ended(code))
    this.hold(this.#held)
  }

  #order(order: ThreadOrder, transfer: Chunk['terms']['transfer'] = []): Promise<Thrown | null> {
    assert(this.#piscina !== null, 'a thread gets orders once it runs')
    return this.#piscina.run(order, { transferList: [...transfer] })
  }

  #heard(message: unknown): void {
    if (!Array.isArray(message) || message[0] !== answerTag) return
    const [, values, failures, durationMs, memoryBytes] = message as unknown as ThreadAnswer
    const answer: Answer = {
      values,
      failures:
        failures.length === 0
          ? noFailures
          : new Map(failures.map(([index, thrown]) => [index, failureFrom(thrown)])),
      durationMs,
      memoryBytes,
    }
    this.#listener.answered(answer)
  }

  #ended(exitCode: number | null): void {
    if (this.#state === 'gone') return
    this.#state = 'gone'
    void this.#piscina?.destroy()
    this.#listener.gone({ exitCode, signal: null, error: this.#error })
  }

  send(chunk: Chunk): void {
    const { task, form, values, transfer } = chunk.terms
    if (transfer.length === 0 && values.every(isPlain)) {
      this.#unposted.push({ task, form, values })
      if (this.#unposted.length === 1) process.nextTick(() => this.#post())
      return
    }
    this.#post()
    // By itself: if it cannot be copied, nothing else fails with it.
    this.#order({ kind: 'work', work: [{ task, form, values }] }, transfer).catch(
      (error: unknown) => {
        const died = this.#state !== 'up' || this.#error !== null
        if (!died) this.#listener.refused(chunk, error)
      },
    )
  }

  #post(): void {
    const work = this.#unposted
    if (work.length === 0 || this.#state !== 'up') return
    this.#unposted = []
    // It rejects when the thread dies, and then the thread's exit is what counts.
    this.#order({ kind: 'work', work }).catch(() => undefined)
  }

  hold(state: 'busy' | 'idle'): void {
    this.#held = state
    if (state === 'busy') this.#thread?.ref()
    else this.#thread?.unref()
  }

  stop(): void {
    const kill = (): void => this.kill()
    this.#order({ kind: 'stop' }).then(kill, kill)
  }

  kill(): void {
    if (this.#state === 'killed' || this.#state === 'gone') return
    this.#state = 'killed'
    void this.#piscina?.destroy()
  }
}

function isPlain(value: unknown): boolean {
  if (value === null) return true
  const type = typeof value
  return type !== 'object' && type !== 'function' && type !== 'symbol'
}

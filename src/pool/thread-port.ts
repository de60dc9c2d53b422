/**
 * One thread of a pool: a Piscina of its own that may have one thread, so that the crew decides what runs
 * where and when a thread ends. Piscina makes the thread, starts it and ends it; chunks and answers go past it,
 * in one message each and in order. Owned by the crew.
 */
import { fileURLToPath } from 'node:url'
import {
  MessageChannel,
  type MessagePort,
  type ResourceLimits,
  type Worker,
} from 'node:worker_threads'
import type { Piscina } from 'piscina'

import { assert } from '../base/assert.ts'
import { putTogether, type Thrown } from '../channels/codec/thrown.ts'
import { type Answer, type Chunk, noFailures } from './chunk.ts'
import { failureFrom } from './task-failure.ts'
import type { StartOrder, WorkOrder } from './task-runner.ts'
import {
  answerTag,
  type ThreadAnswer,
  type ThreadOrder,
  type ThreadStart,
} from './thread-orders.ts'
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
  #unposted: Chunk[] = []
  readonly #orders: MessagePort

  constructor(spec: ThreadSpec, workerId: number, listener: WorkerListener) {
    this.#listener = listener
    const { port1, port2 } = new MessageChannel()
    this.#orders = port1
    const start: ThreadStart = { start: { ...spec.start, workerId }, orders: port2 }
    this.#start(spec, start).catch((error: unknown) => {
      listener.startFailed(error)
      if (this.#thread === null) this.#ended(null)
      else this.kill()
    })
  }

  get systemId(): number {
    return this.#thread?.threadId ?? 0
  }

  async #start(spec: ThreadSpec, start: ThreadStart): Promise<void> {
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
      // Waiting by Atomics would stop the thread's timers and sockets between two tasks.
      atomics: 'disabled',
      recordTiming: false,
      resourceLimits: spec.resourceLimits,
      ...(spec.env === null ? {} : { env: { ...spec.env } }),
      ...(spec.execArgv === null ? {} : { execArgv: [...spec.execArgv] }),
    })
    // Only errors of a thread without tasks arrive there; the thread itself tells of every one.
    this.#piscina.on('error', () => undefined)
    const started = this.#piscina.run(start, { transferList: [start.orders] })
    this.#watch()
    const thrown: Thrown | null = await started
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
    this.#orders.close()
    void this.#piscina?.destroy()
    this.#listener.gone({ exitCode, signal: null, error: this.#error })
  }

  send(chunk: Chunk): void {
    if (chunk.terms.transfer.length > 0) {
      this.#post()
      this.#postOne(chunk)
      return
    }
    this.#unposted.push(chunk)
    if (this.#unposted.length === 1) process.nextTick(() => this.#post())
  }

  #post(): void {
    const chunks = this.#unposted
    this.#unposted = []
    if (chunks.length === 0 || this.#state !== 'up') return
    try {
      this.#order(chunks.map(workOf))
    } catch {
      // One of them cannot be copied: by themselves, the others are not held against it.
      for (const chunk of chunks) this.#postOne(chunk)
    }
  }

  #postOne(chunk: Chunk): void {
    try {
      this.#order([workOf(chunk)], chunk.terms.transfer)
    } catch (error) {
      this.#listener.refused(chunk, error)
    }
  }

  /** Throws, and has posted nothing, if something in it cannot be copied. */
  #order(order: ThreadOrder, transfer: Chunk['terms']['transfer'] = []): void {
    this.#orders.postMessage(order, transfer)
  }

  hold(state: 'busy' | 'idle'): void {
    this.#held = state
    if (state === 'busy') this.#thread?.ref()
    else this.#thread?.unref()
  }

  stop(): void {
    this.#order('stop')
  }

  kill(): void {
    if (this.#state === 'killed' || this.#state === 'gone') return
    this.#state = 'killed'
    void this.#piscina?.destroy()
  }
}

function workOf({ terms }: Chunk): WorkOrder {
  return { task: terms.task, form: terms.form, values: terms.values }
}

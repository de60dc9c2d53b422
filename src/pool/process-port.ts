/**
 * One process of a pool, seen from the pool: starts it, writes orders to its pipe, reads its answers, ends it.
 * Owned by the crew. The process ends when these pipes do, however this program ended.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'

import { assert } from '../base/assert.ts'
import type { Scheduler, Timer } from '../base/ports.ts'
import { putTogether, type Thrown } from '../channels/codec/thrown.ts'
import { type Chunk, noFailures } from './chunk.ts'
import { downKind, type Frame, FrameReader, FrameWriter, upKind } from './pipe-frames.ts'
import { answersFd, lifelineFd, ordersFd } from './process-pipes.ts'
import { failureFrom } from './task-failure.ts'
import type { StartOrder } from './task-runner.ts'
import type { Transferable } from './transfer.ts'
import type { WorkerKind, WorkerListener, WorkerPort } from './worker-port.ts'

export interface ProcessSpec {
  readonly start: Omit<StartOrder, 'workerId'>
  readonly execArgv: readonly string[]
  /** `null`: as this process's. */
  readonly env: Readonly<Record<string, string>> | null
  readonly scheduler: Scheduler
}

/** The answers of a process that has exited are in the pipe; only a stranger who holds it open keeps its end away. */
const drainMsMax = 1_000

export function processKind(spec: ProcessSpec): WorkerKind {
  return { start: (workerId, listener) => new ProcessPort(spec, workerId, listener) }
}

class ProcessPort implements WorkerPort {
  readonly #spec: ProcessSpec
  readonly #listener: WorkerListener
  readonly #frames = new FrameWriter()
  /** `null` if the system refused to make one. */
  readonly #child: ChildProcess | null
  #state: 'up' | 'gone' = 'up'
  /** What nobody caught in the process, or why there is none. */
  #error: unknown = null
  #exitCode: number | null = null
  #exitSignal: string | null = null
  #draining: Timer | null = null
  #flush: 'none' | 'planned' = 'none'

  constructor(spec: ProcessSpec, workerId: number, listener: WorkerListener) {
    this.#spec = spec
    this.#listener = listener
    this.#child = this.#spawn()
    if (this.#child === null) return
    this.#watch(this.#child)
    // Orders and the lifeline never keep this program alive; the process and its answers do while it is busy.
    this.#pipe(ordersFd).unref()
    this.#pipe(lifelineFd).unref()
    this.#frames.begin(downKind.start)
    try {
      this.#frames.values([{ ...spec.start, workerId }])
      this.#frames.end()
      this.#planFlush()
    } catch (error) {
      this.#frames.drop()
      listener.startFailed(error)
      this.kill()
    }
  }

  get systemId(): number {
    return this.#child?.pid ?? 0
  }

  #spawn(): ChildProcess | null {
    const script = fileURLToPath(new URL('./pool-process-worker.js', import.meta.url))
    try {
      const child = spawn(process.execPath, [...this.#spec.execArgv, script], {
        stdio: ['ignore', 'inherit', 'inherit', 'pipe', 'pipe', 'pipe'],
        windowsHide: true,
        ...(this.#spec.env === null ? {} : { env: { ...this.#spec.env } }),
      })
      if (child.pid !== undefined) return child
      child.on('error', (error) => this.#notSpawned(error))
    } catch (error) {
      // Later: the crew does not know this worker yet.
      process.nextTick(() => this.#notSpawned(error))
    }
    return null
  }

  #notSpawned(error: unknown): void {
    this.#error = error
    this.#ended()
  }

  #watch(child: ChildProcess): void {
    const reader = new FrameReader((frame) => this.#heard(frame))
    child.on('error', (error) => {
      this.#error ??= error
    })
    child.on('exit', (code, signal) => {
      this.#exitCode = code
      this.#exitSignal = signal
      this.#draining = this.#spec.scheduler.after(drainMsMax, () => this.#ended())
    })
    // After the exit and the end of every pipe: each answer has been heard by then.
    child.on('close', () => this.#ended())
    for (const fd of [ordersFd, answersFd, lifelineFd]) {
      // Writing to a process that has just died is no error of ours: its end is told anyway.
      this.#pipe(fd).on('error', () => undefined)
    }
    this.#pipe(answersFd).on('data', (bytes: Buffer) => reader.push(bytes))
    this.#pipe(ordersFd).resume()
    this.#pipe(lifelineFd).resume()
  }

  #pipe(fd: number): Socket {
    const stream = this.#child?.stdio[fd]
    assert(stream !== null && stream !== undefined, 'a process has its pipes')
    return stream as Socket
  }

  #heard(frame: Frame): void {
    switch (frame.kind) {
      case upKind.ready:
        this.#listener.ready()
        break
      case upKind.failed:
        this.#listener.startFailed(putTogether(frame.values()[0] as Thrown))
        break
      case upKind.uncaught:
        this.#error = putTogether(frame.values()[0] as Thrown)
        break
      default:
        assert(frame.kind === upKind.answer, 'a frame of an unknown kind')
        this.#heardAnswer(frame)
    }
  }

  #heardAnswer(frame: Frame): void {
    const durationMs = frame.f64()
    const memoryBytes = frame.f64()
    const [failures] = frame.values() as [(readonly [number, Thrown][])?]
    const values = frame.values()
    this.#listener.answered({
      values,
      failures:
        failures === undefined
          ? noFailures
          : new Map(failures.map(([index, thrown]) => [index, failureFrom(thrown)])),
      durationMs,
      memoryBytes,
    })
  }

  #ended(): void {
    if (this.#state === 'gone') return
    this.#state = 'gone'
    this.#draining?.cancel()
    if (this.#child !== null) {
      for (const fd of [ordersFd, answersFd, lifelineFd]) this.#pipe(fd).destroy()
    }
    this.#listener.gone({
      exitCode: this.#exitCode,
      signal: this.#exitSignal,
      error: this.#error,
    })
  }

  send(chunk: Chunk): void {
    const { task, form, values, transfer } = chunk.terms
    try {
      this.#frames.begin(downKind.work)
      this.#frames.u8(form === 'call' ? 0 : 1)
      this.#frames.text(task)
      this.#frames.values(values)
      for (const part of transfer) giveUp(part)
      this.#frames.end()
      this.#planFlush()
    } catch (error) {
      this.#frames.drop()
      const cause: unknown = error instanceof Error ? error.cause : undefined
      this.#listener.refused(chunk, cause ?? error)
    }
  }

  /** At the end of the turn, so that what is sent in one goes out in one piece. */
  #planFlush(): void {
    if (this.#flush === 'planned') return
    this.#flush = 'planned'
    process.nextTick(() => {
      this.#flush = 'none'
      if (this.#state === 'up') this.#pipe(ordersFd).write(this.#frames.take())
    })
  }

  hold(state: 'busy' | 'idle'): void {
    if (this.#child === null || this.#state === 'gone') return
    if (state === 'busy') {
      this.#child.ref()
      this.#pipe(answersFd).ref()
    } else {
      this.#child.unref()
      this.#pipe(answersFd).unref()
    }
  }

  stop(): void {
    if (this.#state === 'gone') return
    this.#frames.begin(downKind.stop)
    this.#frames.end()
    this.#planFlush()
  }

  kill(): void {
    this.#child?.kill('SIGKILL')
  }
}

/** What is transferred leaves its owner, as it would to a thread, though its bytes were copied. */
function giveUp(part: Transferable): void {
  if (!(part instanceof ArrayBuffer)) throw new TypeError('only memory can go to another process')
  structuredClone(part, { transfer: [part] })
}

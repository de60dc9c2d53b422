/**
 * The seam between the crew, which decides, and the workers, which are threads or processes or, in tests,
 * neither. Types only.
 */
import type { Answer, Chunk } from './chunk.ts'
import type { WorkerExit } from './errors.ts'

/** What a worker tells the crew. `gone` comes exactly once and last. */
export interface WorkerListener {
  /** It has loaded its module and run its setup. */
  ready(): void
  /** It could not: `gone` follows. */
  startFailed(error: unknown): void
  /**
   * The oldest chunk that it has not answered is done. It says so before it starts the next one, so that
   * whatever is unanswered when it is gone was not started, but for the oldest.
   */
  answered(answer: Answer): void
  /** This chunk could not be copied and has not reached it. */
  refused(chunk: Chunk, error: unknown): void
  /** It has ended, and every answer it gave has been told. */
  gone(exit: WorkerExit): void
}

/** One worker. Takes chunks only between `ready` and `gone`, and does them one after the other. */
export interface WorkerPort {
  /** What the system calls it: a process id or a thread id; 0 while nobody knows. */
  readonly systemId: number
  send(chunk: Chunk): void
  /** Whether it keeps the program alive: a busy one does, an idle one does not. */
  hold(state: 'busy' | 'idle'): void
  /** Asks it to run its teardown and end. Only when it has nothing in hand. */
  stop(): void
  /** Ends it at once. Idempotent, harmless after `gone`. */
  kill(): void
}

/** Starts workers of one kind. */
export interface WorkerKind {
  start(workerId: number, listener: WorkerListener): WorkerPort
}

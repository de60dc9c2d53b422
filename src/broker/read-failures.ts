/**
 * ReadFailures is asked by whoever could not read what is kept because the disk did not answer: it tells the operator,
 * and has the reader try again a little later, for as long as that takes. Nothing is lost by waiting, and nobody else
 * waits. Damage is not its business: no waiting mends that.
 */
import type { Log } from '../base/log.ts'
import { type Clock, DiskError, type Scheduler, type Timer } from '../base/ports.ts'

const RETRY_MS = 1_000 // as with a full disk: soon enough for who waits, and next to nothing for the disk

const TELL_MS = 60_000 // between two lines, because a disk may fail for days

export type ReadFailuresContext = {
  readonly scheduler: Scheduler
  readonly clock: Clock
  readonly log: Log
}

export class ReadFailures {
  readonly #context: ReadFailuresContext
  #waiting: (() => void)[] = []
  #timer: Timer | null = null
  #toldMs = Number.NEGATIVE_INFINITY
  #isStopped = false

  constructor(context: ReadFailuresContext) {
    this.#context = context
  }

  /**
   * Calls `again` in a while, unless all is over by then. Answers whether it was the disk: if not, it is the caller's
   * to deal with.
   */
  retry(error: unknown, again: () => void): boolean {
    if (!(error instanceof DiskError)) return false
    this.tell(error, `it is tried again every ${RETRY_MS} ms`)
    if (this.#isStopped) return true
    this.#waiting.push(again)
    this.#timer ??= this.#context.scheduler.after(RETRY_MS, this.#retryAll)
    return true
  }

  /** Says to the operator that something could not be read, and what becomes of it; now and then. */
  tell(error: unknown, consequence: string): void {
    const nowMs = this.#context.clock.monotonicMs()
    if (this.#isStopped || nowMs - this.#toldMs < TELL_MS) return
    this.#toldMs = nowMs
    const why = error instanceof Error ? error.message : String(error)
    const text = `what is kept could not be read (${why}); ${consequence}; ${adviceFor(error)}`
    this.#context.log.warn(text)
  }

  /** Nobody waits for anything any more. Idempotent. */
  stop(): void {
    this.#isStopped = true
    this.#timer?.cancel()
    this.#timer = null
    this.#waiting = []
  }

  readonly #retryAll = (): void => {
    this.#timer = null
    const waiting = this.#waiting
    this.#waiting = []
    for (const again of waiting) again()
  }
}

/** What people can do about it. */
export function adviceFor(error: unknown): string {
  if (!(error instanceof DiskError)) return "stop, and run 'naru journal verify' on the directory"
  if (error.code === 'handles') return 'allow more open files (ulimit -n), or close others'
  return 'check the disk: nothing is lost as long as it comes back'
}

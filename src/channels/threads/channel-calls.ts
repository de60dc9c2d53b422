/**
 * The calls that wait at a thread channel: to put, to be told, to join, to bring in parts. The channel owns their
 * lines.
 */
import { type Deferred, deferred } from '../../base/deferred.ts'
import type { Sendable } from '../contract.ts'
import { Waiter } from '../waiter.ts'
import type { Outgoing } from './codec.ts'
import type { Parcel } from './ring-parts.ts'

/** A value on its way in, however long that takes. */
export class PutJob {
  readonly outgoing: Outgoing
  /** What the trace is told went in; `undefined` where there is no trace. */
  readonly traced: Sendable | undefined
  /** Set once the value turned out to need parts. */
  parcel: Parcel | null = null
  /** Why it will never be in, once that is so. */
  failure: Error | null = null

  constructor(outgoing: Outgoing, traced: Sendable | undefined) {
    this.outgoing = outgoing
    this.traced = traced
  }
}

/** `put`. */
export class PutCall extends Waiter {
  readonly answer: Deferred<void> = deferred()
  readonly job: PutJob
  /** Stops sending where it is. */
  readonly #drop: (job: PutJob) => void

  constructor(job: PutJob, drop: (job: PutJob) => void) {
    super()
    this.job = job
    this.#drop = drop
  }

  override lose(error: unknown): void {
    this.#drop(this.job)
    this.answer.reject(error)
  }
}

/** One `onReadable` or `onWritable`. */
export class WatchCall extends Waiter {
  readonly wake: () => void

  constructor(wake: () => void) {
    super()
    this.wake = wake
  }

  override lose(): void {}
}

/** `join`. */
export class JoinCall extends Waiter {
  readonly answer: Deferred<void> = deferred()

  override lose(error: unknown): void {
    this.answer.reject(error)
  }
}

/** Brings in the rest of a message in parts that nobody waits for, because no other party can pass it. */
export class CollectCall extends Waiter {
  override lose(): void {}
}

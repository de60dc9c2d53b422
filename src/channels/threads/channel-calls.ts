/** The calls that wait at a thread channel: to put, to be told, to bring in parts. The channel owns their lines. */
import { availableParallelism } from 'node:os'
import { type Deferred, deferred } from '../../base/deferred.ts'
import { ChannelTimeout, type WaitOptions } from '../contract.ts'
import { Waiter } from '../waiter.ts'
import type { Outgoing } from './codec.ts'
import { threadLimits } from './limits.ts'
import type { Parcel } from './ring-parts.ts'
import type { Patience } from './sleep.ts'

/** Spinning helps only where the other side can run meanwhile. */
const spinTurns = availableParallelism() > 1 ? threadLimits.spinTurns : 0

/** A value on its way in, however long that takes. */
export class PutJob {
  readonly outgoing: Outgoing
  /** Set once the value turned out to need parts. */
  parcel: Parcel | null = null
  /** Why it will never be in, once that is so. */
  failure: Error | null = null

  constructor(outgoing: Outgoing) {
    this.outgoing = outgoing
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

/** Brings in the rest of a message in parts that nobody waits for, because no other party can pass it. */
export class CollectCall extends Waiter {
  override lose(): void {}
}

/** How long a blocked thread waits. */
export class Blocking implements Patience {
  readonly spinTurns: number
  readonly #untilMs: number
  readonly #timeoutMs: number
  readonly #lookUp: () => void

  constructor(options: WaitOptions | undefined, lookUp: () => void) {
    this.#timeoutMs = options?.timeoutMs ?? Number.POSITIVE_INFINITY
    this.#untilMs = performance.now() + this.#timeoutMs
    this.#lookUp = lookUp
    this.spinTurns = this.#timeoutMs > 0 ? spinTurns : 0
  }

  leftMs(): number {
    return this.#untilMs - performance.now()
  }

  lookUp(): void {
    this.#lookUp()
  }

  timedOut(): ChannelTimeout {
    return new ChannelTimeout(this.#timeoutMs)
  }
}

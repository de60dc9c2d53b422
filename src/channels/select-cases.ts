/**
 * The cases of a `select`. A case can be tried, and can wait: with a waiter in a channel of this process,
 * which decides like any other `get` or `put`, or with a watch on an end that lives elsewhere, which is
 * tried again at each wake-up.
 */
import { Channel } from './channel.ts'
import { type EndKind, GetWaiter, PutWaiter } from './channel-waiters.ts'
import {
  ChannelClosed,
  ChannelMisuse,
  type Ports,
  type SelectableReceiver,
  type SelectableSender,
  type Sendable,
  type Unwatch,
} from './contract.ts'

export type Outcome<V> =
  | { readonly kind: 'happened'; readonly value: V }
  | { readonly kind: 'failed'; readonly error: unknown }

/** Where a waiting case reports, at most once. */
export type Report<V> = (outcome: Outcome<V>) => void

export abstract class Case<V> {
  /** Happens now if it can; `null` if it would have to wait. */
  abstract attempt(): Outcome<V> | null

  /** Waits until it happens or cannot any more. The answer ends the wait without effect. */
  abstract wait(report: Report<V>, ports: Ports): Unwatch
}

const nothing: Outcome<undefined> = { kind: 'happened', value: undefined }

/** Waits in a channel's list of receivers. */
class CaseGet<T extends Sendable> extends GetWaiter<T> {
  readonly #report: Report<T | undefined>

  constructor(report: Report<T | undefined>) {
    super()
    this.#report = report
  }

  override give(value: T): void {
    this.#report({ kind: 'happened', value })
  }

  override ended(kind: EndKind, error: Error): void {
    this.#report(kind === 'closed' ? nothing : { kind: 'failed', error })
  }

  override lose(error: unknown): void {
    this.#report({ kind: 'failed', error })
  }
}

/** Happens when there is a value, or with `undefined` when the channel has ended. */
export class ReceiveCase<T extends Sendable> extends Case<T | undefined> {
  readonly #from: SelectableReceiver<T>

  constructor(from: SelectableReceiver<T>) {
    super()
    this.#from = from
  }

  override attempt(): Outcome<T | undefined> | null {
    const value = this.#from.tryGet()
    if (value !== undefined) return { kind: 'happened', value }
    if (!this.#from.ended) return null
    const { failure } = this.#from
    return failure === null ? nothing : { kind: 'failed', error: failure }
  }

  override wait(report: Report<T | undefined>): Unwatch {
    const from = this.#from
    if (!(from instanceof Channel)) {
      return watchUntil(this, report, (wake) => from.onReadable(wake))
    }
    const waiter = new CaseGet<T>(report)
    from.enterGet(waiter)
    return () => waiter.leave()
  }
}

/** Waits in a channel's list of senders. */
class CasePut<T extends Sendable> extends PutWaiter<T> {
  readonly #report: Report<undefined>

  constructor(value: T, report: Report<undefined>) {
    super(value)
    this.#report = report
  }

  override taken(): void {
    this.#report(nothing)
  }

  override lose(error: unknown): void {
    this.#report({ kind: 'failed', error })
  }
}

/** Happens when the channel takes the value; fails where the channel is closed. */
export class SendCase<T extends Sendable> extends Case<undefined> {
  readonly #to: SelectableSender<T>
  readonly #value: T

  constructor(to: SelectableSender<T>, value: T) {
    super()
    this.#to = to
    this.#value = value
  }

  override attempt(): Outcome<undefined> | null {
    if (this.#to.tryPut(this.#value)) return nothing
    return this.#to.closed ? { kind: 'failed', error: new ChannelClosed() } : null
  }

  override wait(report: Report<undefined>): Unwatch {
    const to = this.#to
    if (!(to instanceof Channel)) return watchUntil(this, report, (wake) => to.onWritable(wake))
    const waiter = new CasePut<T>(this.#value, report)
    to.enterPut(waiter)
    return () => waiter.leave()
  }
}

/** Happens when so much time has passed and nothing else has happened. */
export class AfterCase extends Case<undefined> {
  readonly #delayMs: number

  constructor(delayMs: number) {
    super()
    if (!(delayMs >= 0)) throw new ChannelMisuse(`a delay is a number from 0, not ${delayMs}`)
    this.#delayMs = delayMs
  }

  override attempt(): null {
    return null
  }

  override wait(report: Report<undefined>, { scheduler }: Ports): Unwatch {
    if (this.#delayMs === Number.POSITIVE_INFINITY) return () => {}
    const timer = scheduler.after(this.#delayMs, () => report(nothing))
    return () => timer.cancel()
  }
}

/** Tries a case at every wake-up until it has an outcome: another may have been faster. */
function watchUntil<V>(
  attempted: Case<V>,
  report: Report<V>,
  watch: (wake: () => void) => Unwatch,
): Unwatch {
  let unwatch: Unwatch = watch(wake)
  function wake(): void {
    const outcome = attemptOrFail(attempted)
    if (outcome === null) unwatch = watch(wake)
    else report(outcome)
  }
  return () => unwatch()
}

/** A value that cannot be sent, or read, ends its select, and not whoever woke it. */
function attemptOrFail<V>(attempted: Case<V>): Outcome<V> | null {
  try {
    return attempted.attempt()
  } catch (error) {
    return { kind: 'failed', error }
  }
}

/**
 * A waiter is one call that waits for its turn, in the order of arrival. It is in one list or in none, and
 * leaving the list is the decision: whoever takes it out settles it, so a hand-over and an abort can never
 * both happen. It never outlives its settlement with a listener or a timer.
 */
import { assert } from '../base/assert.ts'
import type { Scheduler, Timer } from '../base/ports.ts'
import { ChannelTimeout, type WaitOptions } from './contract.ts'

export abstract class Waiter {
  /** Neighbours in the list; `null` at its ends and outside. Moved by WaitList alone. */
  next: this | null = null
  previous: this | null = null
  list: WaitList<this> | null = null
  #signal: AbortSignal | null = null
  #timer: Timer | null = null

  /** Settles it with an error. Called at most once, after it left. */
  abstract lose(error: unknown): void

  /** What it gets when its time is up. */
  timedOut(timeoutMs: number): unknown {
    return new ChannelTimeout(timeoutMs)
  }

  /** Ends the wait by signal or time. The signal has been looked at before: it is not yet aborted. */
  arm(options: WaitOptions | undefined, scheduler: Scheduler): void {
    if (options === undefined) return
    if (options.signal !== undefined) {
      this.#signal = options.signal
      options.signal.addEventListener('abort', this)
    }
    const { timeoutMs } = options
    if (timeoutMs === undefined || timeoutMs === Number.POSITIVE_INFINITY) return
    this.#timer = scheduler.after(timeoutMs, () => {
      this.#timer = null
      this.leave()
      this.lose(this.timedOut(timeoutMs))
    })
  }

  /** The signal's listener. */
  handleEvent(): void {
    const reason: unknown = this.#signal?.reason
    this.leave()
    this.lose(reason)
  }

  /** Takes it out of its list, with its listener and timer. Idempotent. */
  leave(): void {
    this.list?.remove(this)
    if (this.#signal !== null) {
      this.#signal.removeEventListener('abort', this)
      this.#signal = null
    }
    if (this.#timer !== null) {
      this.#timer.cancel()
      this.#timer = null
    }
  }
}

/** Those who wait, first come first. The links are in the waiters, so that leaving from the middle costs nothing. */
export class WaitList<W extends Waiter> {
  first: W | null = null
  last: W | null = null
  size = 0
  /** Called when a removal has left the list empty. */
  readonly #emptied: (() => void) | null

  constructor(emptied: (() => void) | null = null) {
    this.#emptied = emptied
  }

  add(waiter: W): void {
    assert(waiter.list === null, 'a waiter waits once')
    waiter.list = this
    waiter.previous = this.last
    if (this.last === null) this.first = waiter
    else this.last.next = waiter
    this.last = waiter
    this.size += 1
  }

  remove(waiter: W): void {
    assert(waiter.list === this, 'a waiter leaves its own list')
    const { next, previous } = waiter
    if (next === null) this.last = previous
    else next.previous = previous
    if (previous === null) this.first = next
    else previous.next = next
    waiter.next = null
    waiter.previous = null
    waiter.list = null
    this.size -= 1
    if (this.size === 0) this.#emptied?.()
  }

  /** Adds it for as long as the options allow; with no time at all it loses without having waited. */
  enter(waiter: W, options: WaitOptions | undefined, scheduler: Scheduler): void {
    const timeoutMs = options?.timeoutMs
    if (timeoutMs !== undefined && timeoutMs <= 0) {
      waiter.lose(waiter.timedOut(timeoutMs))
      return
    }
    this.add(waiter)
    waiter.arm(options, scheduler)
  }

  /** Takes out the one that has waited longest. */
  take(): W | null {
    const waiter = this.first
    waiter?.leave()
    return waiter
  }
}

/**
 * A waiter is one call that waits for its turn, in the order of arrival. It is in one list or in none, and
 * leaving the list is the decision: whoever takes it out settles it, so a hand-over and an abort can never
 * both happen. It never outlives its settlement with a listener or a timer.
 */
import { type Linked, List } from '../base/list.ts'
import type { Scheduler, Timer } from '../base/ports.ts'
import { type Abortable, AbortHub } from './abort-hub.ts'
import { ChannelTimeout, type WaitOptions } from './contract.ts'

export abstract class Waiter implements Linked<Waiter>, Abortable {
  /** The list's links; only List writes them. */
  previous: this | null = null
  next: this | null = null
  list: object | null = null
  /** Where it waits: the list again, for leaving. Only WaitList writes it. */
  home: WaitList<this> | null = null
  #hub: AbortHub | null = null
  #timer: Timer | null = null

  /** Settles it with an error. Called at most once, after it left. */
  abstract lose(error: unknown): void

  /** What it gets when its time is up. */
  timedOut(timeoutMs: number): unknown {
    return new ChannelTimeout(timeoutMs)
  }

  /**
   * Ends the wait by signal or time: with no time at all it loses now. The caller has looked at the signal:
   * it is not aborted yet.
   */
  arm(options: WaitOptions | undefined, scheduler: Scheduler): void {
    if (options === undefined) return
    const { signal, timeoutMs } = options
    // Not "at most 0": what is not a number is no time either.
    if (timeoutMs !== undefined && !(timeoutMs > 0)) {
      this.leave()
      this.lose(this.timedOut(timeoutMs))
      return
    }
    if (signal !== undefined) {
      this.#hub = AbortHub.of(signal)
      this.#hub.enter(this)
    }
    if (timeoutMs === undefined || timeoutMs === Number.POSITIVE_INFINITY) return
    this.#timer = scheduler.after(timeoutMs, () => {
      this.#timer = null
      this.leave()
      this.lose(this.timedOut(timeoutMs))
    })
  }

  aborted(reason: unknown): void {
    this.leave()
    this.lose(reason)
  }

  /** Takes it out of its list, with its listener and timer. Idempotent. */
  leave(): void {
    this.home?.remove(this)
    if (this.#hub !== null) {
      this.#hub.leave(this)
      this.#hub = null
    }
    if (this.#timer !== null) {
      this.#timer.cancel()
      this.#timer = null
    }
  }
}

/** Those who wait, first come first. */
export class WaitList<W extends Waiter> extends List<W> {
  /** Called when a removal has left the list empty. */
  readonly #emptied: (() => void) | null

  constructor(emptied: (() => void) | null = null) {
    super()
    this.#emptied = emptied
  }

  /** Adds it for as long as the options allow. */
  enter(waiter: W, options: WaitOptions | undefined, scheduler: Scheduler): void {
    this.push(waiter)
    waiter.arm(options, scheduler)
  }

  override push(waiter: W): void {
    super.push(waiter)
    waiter.home = this
  }

  override remove(waiter: W): void {
    super.remove(waiter)
    waiter.home = null
    if (this.size === 0) this.#emptied?.()
  }

  /** Takes out the one that has waited longest. */
  take(): W | null {
    const waiter = this.head
    waiter?.leave()
    return waiter
  }

  /** Takes out all who are inside now; whoever comes back meanwhile waits for the next time. */
  *takeAll(): IterableIterator<W> {
    for (let count = this.size; count > 0; count--) {
      const waiter = this.take()
      if (waiter === null) return
      yield waiter
    }
  }
}

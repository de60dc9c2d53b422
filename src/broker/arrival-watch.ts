/**
 * The ArrivalWatch finds the large bodies of which nothing comes any more while others wait for the room they have,
 * and gives them up. While nobody waits it looks at none. It owns one timer.
 */
import { mark } from '../base/mark.ts'
import type { Timer } from '../base/ports.ts'
import type { Arrival } from './arrival.ts'
import type { Context } from './context.ts'

/**
 * Looks in a row that found nothing new, until a body is given up. Counted, not timed, as heartbeats are: a timer that
 * is late in a stalled process must not end connections whose bytes lie unread in the socket.
 */
const SILENT_LOOKS = 4

export class ArrivalWatch {
  readonly #context: Context
  readonly #coming: ReadonlySet<Arrival>
  #timer: Timer | null = null

  constructor(context: Context, coming: ReadonlySet<Arrival>) {
    this.#context = context
    this.#coming = coming
  }

  /** Somebody waits. Idempotent. */
  start(): void {
    if (this.#timer !== null) return
    for (const arrival of this.#coming) arrival.forgetSilence()
    this.#arm()
  }

  /** Nobody waits any more. Idempotent. */
  stop(): void {
    this.#timer?.cancel()
    this.#timer = null
  }

  #arm(): void {
    const { limits, scheduler } = this.#context
    this.#timer = scheduler.after(limits.arrivalIdleMs / SILENT_LOOKS, () => this.#look())
  }

  #look(): void {
    this.#arm()
    for (const arrival of this.#coming) {
      if (arrival.look() < SILENT_LOOKS) continue
      mark('arrivals/given-up')
      arrival.giveUp()
    }
  }
}

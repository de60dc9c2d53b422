/**
 * The pulse of a link: it beats where nothing else was said for a while, and notices when the other side has
 * stopped. It owns one timer; what a loss means is the link's business.
 */
import { assert } from '../../base/assert.ts'
import type { Scheduler, Timer } from '../../base/ports.ts'
import { silentTicksMax } from './limits.ts'

export interface PulseOwner {
  /** Bytes sent so far; a beat is needed only where this stands still. */
  sentBytes(): number
  beat(): void
  /** Nothing was heard for as long as we bear it. */
  silent(): void
}

/**
 * It counts ticks without a sound instead of comparing times: when this process itself did nothing for a while,
 * its timers are late and the peer's beats lie unread in the socket. Between two ticks the socket is read.
 */
export class Pulse {
  readonly #scheduler: Scheduler
  readonly #owner: PulseOwner
  #timer: Timer | null = null
  #tickMs = 0
  #silentTicksMax = 0
  /** Ticks in a row without a sound; -1 while something was heard since the last one. */
  #silentTicks = -1
  #sentBytes = 0

  constructor(scheduler: Scheduler, owner: PulseOwner) {
    this.#scheduler = scheduler
    this.#owner = owner
  }

  /** Begins. `oursMs` is the silence that we bear, `theirsMs` what the other side does. */
  start(oursMs: number, theirsMs: number): void {
    assert(this.#timer === null, 'a pulse starts once')
    this.#tickMs = Math.min(oursMs, theirsMs) / silentTicksMax
    this.#silentTicksMax = Math.ceil(oursMs / this.#tickMs)
    this.#later()
  }

  heard(): void {
    this.#silentTicks = -1
  }

  stop(): void {
    this.#timer?.cancel()
  }

  #later(): void {
    this.#timer = this.#scheduler.after(this.#tickMs, () => this.#tick())
  }

  #tick(): void {
    this.#silentTicks++
    if (this.#silentTicks >= this.#silentTicksMax) {
      this.#owner.silent()
      return
    }
    if (this.#owner.sentBytes() === this.#sentBytes) this.#owner.beat()
    this.#sentBytes = this.#owner.sentBytes()
    this.#later()
  }
}

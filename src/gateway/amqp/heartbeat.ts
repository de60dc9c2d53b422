/**
 * The heartbeat of a connection: sends one when nothing else was sent for half the agreed time, and notices a
 * peer that was silent for twice that time. Any byte counts as a sign of life. It owns one timer.
 */
import { assert } from '../../base/assert.ts'
import type { Scheduler, Timer } from '../../base/ports.ts'

export interface HeartbeatOwner {
  /** Bytes sent and received so far. */
  sentBytes(): number
  receivedBytes(): number
  /** Somebody reads: whoever is not heard meanwhile may be gone. */
  isListening(): boolean
  beat(): void
  /** Nothing was heard for twice the agreed time. */
  silent(): void
}

/** Half periods without a sound after which the peer is gone. Counted, not timed: a timer that is late in a
 * stalled process must not end connections whose bytes lie unread in the socket. */
const SILENT_TICKS = 4

export class Heartbeat {
  readonly #scheduler: Scheduler
  readonly #owner: HeartbeatOwner
  readonly #tickMs: number
  #timer: Timer | null = null
  #silentTicks = 0
  #sentBytes = -1
  #receivedBytes = -1

  constructor(scheduler: Scheduler, owner: HeartbeatOwner, seconds: number) {
    assert(seconds > 0, 'no heartbeat at all is no heartbeat')
    this.#scheduler = scheduler
    this.#owner = owner
    this.#tickMs = (seconds * 1000) / 2
  }

  start(): void {
    this.#timer = this.#scheduler.after(this.#tickMs, () => this.#tick())
  }

  /** Idempotent. */
  stop(): void {
    this.#timer?.cancel()
    this.#timer = null
  }

  #tick(): void {
    const owner = this.#owner
    const isSilent = owner.isListening() && owner.receivedBytes() === this.#receivedBytes
    this.#silentTicks = isSilent ? this.#silentTicks + 1 : 0
    this.#receivedBytes = owner.receivedBytes()
    if (this.#silentTicks >= SILENT_TICKS) {
      this.#timer = null
      owner.silent()
      return
    }
    if (owner.sentBytes() === this.#sentBytes) owner.beat()
    this.#sentBytes = owner.sentBytes()
    this.start()
  }
}

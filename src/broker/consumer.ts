/**
 * A Consumer takes messages from one queue, as many as it has credit for. Whoever made it owns it: a session
 * of a protocol, or a program. What it holds is the owner's to remember, and to settle or give back.
 */
import type { Delivery } from './delivery.ts'

/** Where the messages go. */
export interface Receiver {
  /** Takes one message, now: the view is valid for this call only. */
  deliver(delivery: Delivery, consumer: Consumer): void
  /** The queue was deleted; nothing comes any more. */
  cancelled(consumer: Consumer): void
}

/** Whether messages are gone as soon as they are handed over, or when the consumer settles them. */
export type Settling = 'by-consumer' | 'on-delivery'

export class Consumer {
  readonly receiver: Receiver
  readonly settling: Settling
  /** Messages it may still be handed; Infinity for no limit. */
  credit: number
  /** Bytes it may still be handed; falls below 0 by at most one message. Infinity for no limit. */
  creditBytes: number
  /** Set by its owner while there is no room behind it. Call `Runtime.wake` after clearing it. */
  paused = false
  /** Joined a queue and has not left. */
  joined = false

  constructor(receiver: Receiver, settling: Settling, credit: number = Number.POSITIVE_INFINITY) {
    this.receiver = receiver
    this.settling = settling
    this.credit = credit
    this.creditBytes = Number.POSITIVE_INFINITY
  }

  get hasRoom(): boolean {
    return this.credit > 0 && this.creditBytes > 0 && !this.paused
  }
}

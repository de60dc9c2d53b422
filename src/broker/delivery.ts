/**
 * A Delivery is what a consumer is handed: a message as a view of the journal's own memory. The runtime has
 * one and fills it anew for each message; nothing of it may be kept after `deliver` returned, but for the reading.
 */
import { MessageView } from '../machine/message.ts'
import type { Queue } from '../machine/queue.ts'
import type { Reading } from './reading.ts'

export class Delivery extends MessageView {
  queue: Queue | null = null
  sequence = 0
  redelivered = false
  /** How often it was given back before, at least. */
  deliveries = 0
  /**
   * Gives out the body, if it is a large one; the receiver closes it. The body is not in `bytes` then, though
   * `bodySize` is its size. Null for all others.
   */
  reading: Reading | null = null
}

/**
 * A Delivery is what a consumer is handed: a message as a view of the journal's own memory. The runtime has
 * one and fills it anew for each message; nothing of it may be kept after `deliver` returned.
 */
import { MessageView } from '../machine/message.ts'
import type { Queue } from '../machine/queue.ts'

export class Delivery extends MessageView {
  queue: Queue | null = null
  sequence = 0
  redelivered = false
  /** How often it was given back before, at least. */
  deliveries = 0
}

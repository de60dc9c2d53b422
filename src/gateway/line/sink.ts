/**
 * Where the messages of a line socket go: a queue of the broker (queue-sink.ts). Of a durable one clients can be
 * told `OK` and the number under which their message is safe. Types only.
 */
import type { LineMessage } from './message.ts'

/** Names a message that was taken: a number from 0 that grows by the order of taking. */
export type Ticket = number

export interface LineSink {
  /** Whether `acked` ever answers. Without it a listener cannot be asked to send answers. */
  readonly acknowledges: 'durable' | 'never'
  /** Takes the message now, or says why not. */
  offer(message: LineMessage): Ticket | 'full' | 'closed'
  /** Takes the message when there is room, in the order of asking. Rejects when it never will be. */
  put(message: LineMessage, signal: AbortSignal): Promise<Ticket>
  /**
   * Resolves when the message and all before it will survive a crash; rejects when that will never be. One
   * promise may serve many tickets.
   */
  acked(ticket: Ticket): Promise<void>
}

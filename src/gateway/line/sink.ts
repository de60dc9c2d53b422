/**
 * Where the messages of a line socket go: a queue of the broker (queue-sink.ts). Of a durable one clients can be
 * told `OK` and where their message stands. Types only.
 */
import type { LineMessage } from './message.ts'

/** Where a message stands in its queue, which consumers see too: it grows with each, and none has it again. */
export type Position = number

export interface LineSink {
  /** Whether `acked` ever answers. Without it a listener cannot be asked to send answers. */
  readonly acknowledges: 'durable' | 'never'
  /** Takes the message now, or says why not. */
  offer(message: LineMessage): Position | 'full' | 'closed'
  /** Takes the message when there is room, in the order of asking. Rejects when it never will be. */
  put(message: LineMessage, signal: AbortSignal): Promise<Position>
  /**
   * Resolves when the message and all before it will survive a crash; rejects when that will never be. One
   * promise may serve many positions.
   */
  acked(position: Position): Promise<void>
}

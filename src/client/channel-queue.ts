/**
 * As much of a broker's queue as a channel needs, wherever the broker runs: `BrokerQueue` of an embedded one is
 * such a queue. Types, the codec that leaves values as they are, and the error of one that cannot read.
 */
import type { Sendable } from '../channels/contract.ts'

/** A message that was handed to us and is not settled. */
export interface QueueMessage {
  /** As it was sent: a string, bytes, or what JSON could hold. */
  readonly body: unknown
  /** The body as it lies in memory. */
  readonly bytes: Uint8Array
  /** It is done with. A second time does nothing. */
  ack(): void
}

/** Messages as they come, at most so many that are not settled. */
export interface QueueConsumption {
  /** Messages on their way to `batches`: nobody else gets them any more. */
  readonly waitingCount: number
  /** Those that are there, as soon as there is one. Throws when the queue or its broker is gone. */
  batches(max: number): AsyncIterable<{ readonly messages: readonly QueueMessage[] }>
  /** What is not settled goes back to its place in the queue. Idempotent. */
  close(): Promise<void>
}

export interface ChannelQueue {
  readonly name: string
  /** Messages that nobody holds, and that somebody holds and has not settled. */
  readonly readyCount: number
  readonly heldCount: number
  /** Sends it if there is room right now: a promise of its safety, or null where it was not taken. */
  trySend(body: unknown): Promise<void> | null
  /** Resolves when `trySend`, which has just had no room, is worth another try. */
  room(): Promise<void>
  /** `prefetchBytes` bounds what waits for `batches`: one message more at the most. */
  consume(options: { readonly prefetch: number; readonly prefetchBytes: number }): QueueConsumption
}

/**
 * What is sent for a value, and which value a message is. What `encode` throws reaches the call that asked; what
 * `decode` throws does as the cause of a `MessageUnreadable`.
 */
export interface QueueCodec<T extends Sendable> {
  /** A string, bytes, or what JSON can hold. */
  encode(value: T): unknown
  /** The body of any message in the queue, whoever sent it: bytes where it came by another protocol. */
  decode(body: unknown): T
}

/** Strings, bytes and what JSON can hold, as they are; every message is believed to be a T. */
export function bodyCodec<T extends Sendable>(): QueueCodec<T> {
  return { encode: (value) => value, decode: (body) => body as T }
}

/** A message is no value of this channel. The call that asked rejects with it; the message is not got, and leaves. */
export class MessageUnreadable extends Error {
  override readonly name = 'MessageUnreadable'
  readonly code = 'MESSAGE_UNREADABLE'
  /** As it was sent: a string, bytes, or what JSON could hold. */
  readonly body: unknown

  constructor(queue: string, body: unknown, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause)
    super(`a message of ${queue} is no value of this channel: ${why}`, { cause })
    this.body = body
  }
}

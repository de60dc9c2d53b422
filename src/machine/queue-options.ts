/** What a queue is: the name it goes by and how it was declared. Nothing of it ever changes. */
import { EMPTY } from '../base/bytes.ts'
import type { DeclaredDurability } from './durability.ts'
import { NO_TTL } from './message.ts'

/** How a queue was declared. */
export type QueueOptions = {
  /** Whether it is there after a restart; only then can it keep persistent messages. */
  readonly durable: boolean
  /** Deleted with its last consumer. */
  readonly autoDelete: boolean
  /** What the declaring protocol wants to find again; opaque here, compared byte by byte. */
  readonly notes: Uint8Array
  /** How safe a message is when its publisher hears so; null is the broker's own. `memory` keeps none. */
  readonly durability: DeclaredDurability
  /** How long a message may wait in it at most, in milliseconds, or NO_TTL. */
  readonly messageTtlMs: number
}

/** There after a restart, and nothing else was said. */
export const PLAIN_QUEUE: QueueOptions = {
  durable: true,
  autoDelete: false,
  notes: EMPTY,
  durability: null,
  messageTtlMs: NO_TTL,
}

export type QueueIdentity = {
  readonly id: number
  readonly namespace: string
  readonly name: string
  readonly options: QueueOptions
}

/** What a queue is: the name it goes by and how it was declared. Nothing of it ever changes. */
import type { DeclaredDurability } from './durability.ts'

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
}

export type QueueIdentity = {
  readonly id: number
  readonly namespace: string
  readonly name: string
  readonly options: QueueOptions
}

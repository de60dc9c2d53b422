/** A Stream is an append-only log in partitions. What was read stays, until retention cuts it off. */
import type { DeclaredDurability } from './durability.ts'
import type { Partition } from './partition.ts'

export type StreamIdentity = {
  readonly namespace: string
  readonly name: string
  /** 16 bytes of chance: a stream made again under the same name is another one. */
  readonly identity: Uint8Array
  readonly notes: Uint8Array
  /** How safe a record is when its sender hears so; null is the broker's own. */
  readonly durability: DeclaredDurability
}

export class Stream {
  readonly namespace: string
  readonly name: string
  readonly identity: Uint8Array
  readonly notes: Uint8Array
  readonly durability: DeclaredDurability
  /** There is no other kind. */
  readonly durable = true
  readonly partitions: readonly Partition[]
  deleted = false

  constructor(stream: StreamIdentity, partitions: readonly Partition[]) {
    this.namespace = stream.namespace
    this.name = stream.name
    this.identity = stream.identity
    this.notes = stream.notes
    this.durability = stream.durability
    this.partitions = partitions
  }
}

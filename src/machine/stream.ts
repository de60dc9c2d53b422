/** A Stream is an append-only log in partitions. What was read stays, until retention cuts it off. */
import type { Partition } from './partition.ts'

export class Stream {
  readonly namespace: string
  readonly name: string
  /** 16 bytes of chance: a stream made again under the same name is another one. */
  readonly identity: Uint8Array
  readonly notes: Uint8Array
  readonly partitions: readonly Partition[]
  deleted = false

  constructor(
    place: { readonly namespace: string; readonly name: string },
    identity: Uint8Array,
    notes: Uint8Array,
    partitions: readonly Partition[],
  ) {
    this.namespace = place.namespace
    this.name = place.name
    this.identity = identity
    this.notes = notes
    this.partitions = partitions
  }
}

/** A Namespace holds the names: its queues, exchanges, streams and groups. Nothing in it reaches another one. */
import type { Exchange } from './exchange.ts'
import type { Group } from './group.ts'
import type { Queue } from './queue.ts'
import type { Stream } from './stream.ts'

export class Namespace {
  readonly name: string
  readonly queues: Map<string, Queue> = new Map()
  readonly exchanges: Map<string, Exchange> = new Map()
  readonly streams: Map<string, Stream> = new Map()
  readonly groups: Map<string, Group> = new Map()
  /** Counts changes of what a route depends on. */
  version = 0

  constructor(name: string) {
    this.name = name
  }
}

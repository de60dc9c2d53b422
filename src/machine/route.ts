/**
 * A Route is the answer to "who gets what is published there with that key", made once and kept by whoever
 * publishes, until something is declared, bound or deleted in the namespace.
 */
import { assert } from '../base/assert.ts'
import { type EntryDurability, strongestOf } from './durability.ts'
import type { Exchange } from './exchange.ts'
import { encodeHead, NO_TTL } from './message.ts'
import type { Namespace } from './namespace.ts'
import type { Queue } from './queue.ts'

export class Route {
  readonly namespace: Namespace
  /** null for the default exchange, which reaches the queue that the key names. */
  readonly exchange: Exchange | null
  readonly key: string
  /** As it stands in every message that goes this way. */
  readonly head: Uint8Array
  /** Who keeps a persistent message; each queue once. */
  readonly durable: readonly Queue[]
  /** Who keeps it in memory, whatever it asks for. */
  readonly passing: readonly Queue[]
  /** What the entry of a persistent message asks for: one entry for all of them, so what the strictest asks for. */
  readonly durability: EntryDurability
  readonly #isDurableTimed: boolean
  readonly #isPassingTimed: boolean
  readonly #version: number

  constructor(namespace: Namespace, exchange: Exchange | null, key: string) {
    this.namespace = namespace
    this.exchange = exchange
    this.key = key
    this.head = encodeHead(exchange?.name ?? '', key)
    const targets = targetsOf(namespace, exchange, key)
    this.durable = targets.filter((queue) => queue.keepsMessages)
    this.passing = targets.filter((queue) => !queue.keepsMessages)
    this.durability = strongestOf(this.durable.map(({ entryDurability }) => entryDurability))
    this.#isDurableTimed = this.durable.some(hasTime)
    this.#isPassingTimed = this.passing.some(hasTime)
    this.#version = namespace.version
  }

  /** Something changed since; ask for a new one. */
  get stale(): boolean {
    return this.#version !== this.namespace.version
  }

  /** Whether one of `durable`, or of `passing`, lets messages wait for a time only. */
  isTimed(queues: readonly Queue[]): boolean {
    assert(queues === this.durable || queues === this.passing, 'queues of another route')
    return queues === this.durable ? this.#isDurableTimed : this.#isPassingTimed
  }

  /** Nobody gets it. */
  get isEmpty(): boolean {
    return this.durable.length === 0 && this.passing.length === 0
  }
}

function hasTime({ options }: Queue): boolean {
  return options.messageTtlMs !== NO_TTL
}

function targetsOf(namespace: Namespace, exchange: Exchange | null, key: string): Queue[] {
  if (exchange !== null) return [...new Set(exchange.matching(key).map(({ queue }) => queue))]
  const queue = namespace.queues.get(key)
  return queue === undefined ? [] : [queue]
}

/** An Exchange passes messages on to the queues bound to it, by their key. It keeps no message. */
import type { Queue } from './queue.ts'

/** How an exchange chooses among its bindings. */
const exchangeKinds = ['direct'] as const
export type ExchangeKind = (typeof exchangeKinds)[number]

export function isExchangeKind(kind: string): kind is ExchangeKind {
  return (exchangeKinds as readonly string[]).includes(kind)
}

export type ExchangeOptions = {
  readonly kind: ExchangeKind
  readonly durable: boolean
  /** Deleted with its last binding. */
  readonly autoDelete: boolean
  /** Takes messages from other exchanges only. */
  readonly internal: boolean
}

/** A queue, the key it asked for, and what else the binding protocol wants to find again. */
export type Binding = {
  readonly queue: Queue
  readonly key: string
  readonly notes: Uint8Array
}

export class Exchange {
  readonly name: string
  readonly options: ExchangeOptions
  /** By key, in the order of binding. */
  readonly #byKey = new Map<string, Binding[]>()
  bindingCount = 0

  constructor(name: string, options: ExchangeOptions) {
    this.name = name
    this.options = options
  }

  /** The bindings that a message with this key matches. */
  matching(key: string): readonly Binding[] {
    return this.#byKey.get(key) ?? NONE
  }

  /** The same binding twice is one. */
  bind(binding: Binding): void {
    const same = this.#byKey.get(binding.key)
    if (same === undefined) this.#byKey.set(binding.key, [binding])
    else if (same.some((each) => isSame(each, binding))) return
    else same.push(binding)
    this.bindingCount++
  }

  has(binding: Binding): boolean {
    return this.matching(binding.key).some((each) => isSame(each, binding))
  }

  unbind(binding: Binding): void {
    this.#remove(binding.key, (each) => isSame(each, binding))
  }

  /** Takes every binding of a queue that is going. */
  forget(queue: Queue): void {
    for (const key of [...this.#byKey.keys()]) this.#remove(key, (each) => each.queue === queue)
  }

  /** All of them, in a list of its own. */
  bindings(): Binding[] {
    const all: Binding[] = []
    for (const bindings of this.#byKey.values()) for (const each of bindings) all.push(each)
    return all
  }

  #remove(key: string, chosen: (binding: Binding) => boolean): void {
    const before = this.#byKey.get(key)
    if (before === undefined) return
    const after = before.filter((each) => !chosen(each))
    this.bindingCount -= before.length - after.length
    if (after.length === 0) this.#byKey.delete(key)
    else this.#byKey.set(key, after)
  }
}

const NONE: readonly Binding[] = []

function isSame(left: Binding, right: Binding): boolean {
  return (
    left.queue === right.queue &&
    left.key === right.key &&
    left.notes.length === right.notes.length &&
    left.notes.every((byte, index) => byte === right.notes[index])
  )
}

/**
 * A shelf is where a channel keeps its values until somebody gets them; which kind it is decides the
 * order. It knows neither capacity nor waiters: the channel does.
 */
import { Heap, type Heaped } from '../base/heap.ts'
import type { Clock } from '../base/ports.ts'
import { ChannelMisuse, type Sendable } from './contract.ts'

export interface Shelf<T extends Sendable> {
  readonly size: number
  push(value: T): void
  /** Takes out the value that is next; `undefined` if there is none, or none yet. */
  shift(): T | undefined
  /** Takes out everything, due or not. */
  drain(): readonly T[]
}

/** Slots of the first chunk: a channel that never holds more stays this small. */
const chunkSlotsMin = 16
/** Slots of the largest chunk, 16 KiB: what a backlog took is given back in pieces of this size. */
const chunkSlotsMax = 2048

/**
 * A ring of fixed size. Both indices only grow, and wrap as 32-bit integers do.
 * Invariant: `write - read` values are inside, from slot `read & mask` on.
 */
class Chunk<T> {
  readonly slots: (T | undefined)[]
  readonly mask: number
  read = 0
  write = 0
  next: Chunk<T> | null = null

  constructor(slotCount: number) {
    this.slots = new Array<T | undefined>(slotCount).fill(undefined)
    this.mask = slotCount - 1
  }
}

/** First in, first out. Grows by chaining rings, each twice the last, so nothing is ever copied. */
export class Line<T extends Sendable> implements Shelf<T> {
  /** Where values go in. Empty only if the whole line is. */
  #head: Chunk<T> = new Chunk(chunkSlotsMin)
  /** Where values come out: the head itself, or the first of a chain that ends in it. */
  #tail: Chunk<T> = this.#head
  size = 0

  push(value: T): void {
    let head = this.#head
    if (((head.write - head.read) | 0) > head.mask) {
      head.next = new Chunk(Math.min(2 * (head.mask + 1), chunkSlotsMax))
      head = head.next
      this.#head = head
    }
    head.slots[head.write & head.mask] = value
    head.write = (head.write + 1) | 0
    this.size += 1
  }

  shift(): T | undefined {
    if (this.size === 0) return undefined
    const tail = this.#tail
    const slot = tail.read & tail.mask
    const value = tail.slots[slot]
    tail.slots[slot] = undefined
    tail.read = (tail.read + 1) | 0
    this.size -= 1
    if (tail.read === tail.write && tail.next !== null) this.#tail = tail.next
    return value
  }

  /** The value that went in last. */
  newest(): T | undefined {
    return this.#head.slots[(this.#head.write - 1) & this.#head.mask]
  }

  /** Puts `value` in the place of the one that went in last; there must be one. */
  replaceNewest(value: T): void {
    this.#head.slots[(this.#head.write - 1) & this.#head.mask] = value
  }

  drain(): readonly T[] {
    const values: T[] = []
    for (let value = this.shift(); value !== undefined; value = this.shift()) values.push(value)
    return values
  }
}

/** A value in a heap. */
class Shelved<T> implements Heaped {
  key = 0
  order = 0
  slot = -1
  readonly value: T

  constructor(value: T) {
    this.value = value
  }
}

/** NaN has no place in any order. */
function checkNumber(number: number): number {
  if (Number.isNaN(number)) throw new ChannelMisuse('a priority or a delay must be a number')
  return number
}

function drainHeap<T>(heap: Heap<Shelved<T>>): readonly T[] {
  const values: T[] = []
  for (let item = heap.shift(); item !== null; item = heap.shift()) values.push(item.value)
  return values
}

/** The most urgent first, and among equals the oldest. */
export class PriorityShelf<T extends Sendable> implements Shelf<T> {
  readonly #heap = new Heap<Shelved<T>>()
  readonly #priority: (value: T) => number

  constructor(priority: (value: T) => number) {
    this.#priority = priority
  }

  get size(): number {
    return this.#heap.size
  }

  push(value: T): void {
    const priority = checkNumber(this.#priority(value))
    this.#heap.push(new Shelved(value), -priority)
  }

  shift(): T | undefined {
    return this.#heap.shift()?.value
  }

  drain(): readonly T[] {
    return drainHeap(this.#heap)
  }
}

/** Each value when its own delay is over, the earliest due first. */
export class DelayShelf<T extends Sendable> implements Shelf<T> {
  readonly #heap = new Heap<Shelved<T>>()
  readonly #delayMs: (value: T) => number
  readonly #clock: Clock

  constructor(delayMs: (value: T) => number, clock: Clock) {
    this.#delayMs = delayMs
    this.#clock = clock
  }

  get size(): number {
    return this.#heap.size
  }

  push(value: T): void {
    const delayMs = checkNumber(this.#delayMs(value))
    this.#heap.push(new Shelved(value), this.#clock.monotonicMs() + delayMs)
  }

  shift(): T | undefined {
    return this.dueInMs() > 0 ? undefined : this.#heap.shift()?.value
  }

  /** Milliseconds until the next value is due; 0 if one is; Infinity if there is none. */
  dueInMs(): number {
    const first = this.#heap.peek()
    if (first === null) return Number.POSITIVE_INFINITY
    return Math.max(0, first.key - this.#clock.monotonicMs())
  }

  drain(): readonly T[] {
    return drainHeap(this.#heap)
  }
}

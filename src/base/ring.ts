/**
 * A ring is a first-in first-out queue over one array: no shift, no wrapper per item, a mask
 * instead of a modulo. It grows by doubling and shrinks again; it never bounds itself, its owner
 * does. Slots are cleared when they are left, so that nothing is kept alive by accident.
 */
import { assert } from './assert.ts'
import { limits } from './limits.ts'

const CAPACITY_MIN = 8

export class Ring<T> {
  /** The length is a power of two. Slots outside [#head, #head + #size) hold undefined. */
  #slots: (T | undefined)[]
  #mask: number
  /** Index of the oldest item. */
  #head: number
  #size: number

  constructor() {
    this.#slots = new Array<T | undefined>(CAPACITY_MIN).fill(undefined)
    this.#mask = CAPACITY_MIN - 1
    this.#head = 0
    this.#size = 0
  }

  get size(): number {
    return this.#size
  }

  /** Adds at the tail. */
  push(item: T): void {
    if (this.#size > this.#mask) this.#resize((this.#mask + 1) * 2)
    this.#slots[(this.#head + this.#size) & this.#mask] = item
    this.#size++
  }

  /** Adds at the head: for what was taken and comes back. */
  unshift(item: T): void {
    if (this.#size > this.#mask) this.#resize((this.#mask + 1) * 2)
    this.#head = (this.#head - 1) & this.#mask
    this.#slots[this.#head] = item
    this.#size++
  }

  /** Takes the oldest; `undefined` when empty. */
  shift(): T | undefined {
    if (this.#size === 0) return undefined
    const item = this.#slots[this.#head]
    this.#slots[this.#head] = undefined
    this.#head = (this.#head + 1) & this.#mask
    this.#size--
    if (this.#mask >= limits.ringSlotsKept && this.#size < this.#mask >> 3) {
      this.#resize((this.#mask + 1) >> 1)
    }
    return item
  }

  /** The oldest, left in place; `undefined` when empty. */
  peek(): T | undefined {
    return this.#slots[this.#head]
  }

  /** The item `index` places behind the oldest. */
  at(index: number): T {
    assert(index >= 0 && index < this.#size, 'ring index out of range')
    return this.#slots[(this.#head + index) & this.#mask] as T
  }

  /** Replaces the item `index` places behind the oldest. */
  set(index: number, item: T): void {
    assert(index >= 0 && index < this.#size, 'ring index out of range')
    this.#slots[(this.#head + index) & this.#mask] = item
  }

  clear(): void {
    this.#slots = new Array<T | undefined>(CAPACITY_MIN).fill(undefined)
    this.#mask = CAPACITY_MIN - 1
    this.#head = 0
    this.#size = 0
  }

  /** From the oldest to the newest. The ring may not change meanwhile. */
  *[Symbol.iterator](): IterableIterator<T> {
    for (let index = 0; index < this.#size; index++) yield this.at(index)
  }

  // Doubling when full and halving below an eighth leaves at least a quarter of the capacity of
  // pushes or shifts between two resizes, so each costs constant time on average.
  #resize(capacity: number): void {
    const slots = new Array<T | undefined>(capacity).fill(undefined)
    for (let index = 0; index < this.#size; index++) {
      slots[index] = this.#slots[(this.#head + index) & this.#mask]
    }
    this.#slots = slots
    this.#mask = capacity - 1
    this.#head = 0
  }
}

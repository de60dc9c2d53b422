/**
 * A ring of numbers: the queue of ring.ts over a Float64Array, for the parallel columns of what
 * waits in order (a ticket, a channel, a sequence number: three rings, no object). It pays where
 * numbers pass 2^30, which a plain array would box one by one. Same laws as Ring.
 */
import { assert } from './assert.ts'
import { limits } from './limits.ts'

const CAPACITY_MIN = 8

export class NumberRing {
  /** The length is a power of two. */
  #slots: Float64Array
  #mask: number
  #head: number
  #size: number

  constructor() {
    this.#slots = new Float64Array(CAPACITY_MIN)
    this.#mask = CAPACITY_MIN - 1
    this.#head = 0
    this.#size = 0
  }

  get size(): number {
    return this.#size
  }

  push(value: number): void {
    if (this.#size > this.#mask) this.#resize((this.#mask + 1) * 2)
    this.#slots[(this.#head + this.#size) & this.#mask] = value
    this.#size++
  }

  /** Takes the oldest; empty is a panic, because no number could say so. */
  shift(): number {
    assert(this.#size > 0, 'shift of an empty ring')
    const value = this.#slots[this.#head]!
    this.#head = (this.#head + 1) & this.#mask
    this.#size--
    if (this.#mask >= limits.ringSlotsKept && this.#size < this.#mask >> 3) {
      this.#resize((this.#mask + 1) >> 1)
    }
    return value
  }

  /** The oldest, left in place. */
  peek(): number {
    assert(this.#size > 0, 'peek into an empty ring')
    return this.#slots[this.#head]!
  }

  at(index: number): number {
    assert(index >= 0 && index < this.#size, 'ring index out of range')
    return this.#slots[(this.#head + index) & this.#mask]!
  }

  clear(): void {
    this.#slots = new Float64Array(CAPACITY_MIN)
    this.#mask = CAPACITY_MIN - 1
    this.#head = 0
    this.#size = 0
  }

  #resize(capacity: number): void {
    const slots = new Float64Array(capacity)
    for (let index = 0; index < this.#size; index++) {
      slots[index] = this.#slots[(this.#head + index) & this.#mask]!
    }
    this.#slots = slots
    this.#mask = capacity - 1
    this.#head = 0
  }
}

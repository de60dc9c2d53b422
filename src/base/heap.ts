/**
 * A heap hands out its items by key, smallest first, and in the order of their insertion where keys
 * are equal: timers, priorities, delays. The item carries its own place, so that it leaves from
 * anywhere in logarithmic time.
 */
import { assert } from './assert.ts'

/** The three fields an item carries for the heap. Only Heap writes them. */
export interface Heaped {
  /** What the heap orders by; set by `push`. */
  key: number
  /** Insertion number, which decides between equal keys; set by `push`. */
  order: number
  /** Index in the heap, -1 while it is in none. */
  slot: number
}

export class Heap<T extends Heaped> {
  /** Invariant: no item is before its parent (slot - 1) >> 1, and #items[i].slot === i. */
  readonly #items: T[]
  /** Number of the next insertion. 2^53 of them outlast the machine. */
  #inserted: number

  constructor() {
    this.#items = []
    this.#inserted = 0
  }

  get size(): number {
    return this.#items.length
  }

  /** The first, left in place; `null` when empty. */
  peek(): T | null {
    return this.#items[0] ?? null
  }

  has(item: T): boolean {
    return item.slot >= 0 && this.#items[item.slot] === item
  }

  push(item: T, key: number): void {
    assert(item.slot === -1, 'the item is in a heap already')
    assert(!Number.isNaN(key), 'a key must have an order')
    item.key = key
    item.order = this.#inserted++
    this.#items.push(item)
    this.#rise(item, this.#items.length - 1)
  }

  /** Takes the first; `null` when empty. */
  shift(): T | null {
    const first = this.peek()
    if (first !== null) this.remove(first)
    return first
  }

  remove(item: T): void {
    assert(this.has(item), 'the item is not in this heap')
    const slot = item.slot
    const last = this.#items.pop()
    assert(last !== undefined)
    item.slot = -1
    if (last === item) return
    // The last item fills the hole and goes whichever way it belongs.
    if (slot > 0 && isBefore(last, this.#parent(slot))) this.#rise(last, slot)
    else this.#sink(last, slot)
  }

  #parent(slot: number): T {
    return this.#items[(slot - 1) >> 1]!
  }

  #rise(item: T, from: number): void {
    let slot = from
    while (slot > 0) {
      const parent = this.#parent(slot)
      if (!isBefore(item, parent)) break
      this.#place(parent, slot)
      slot = (slot - 1) >> 1
    }
    this.#place(item, slot)
  }

  #sink(item: T, from: number): void {
    const count = this.#items.length
    let slot = from
    while (slot * 2 + 1 < count) {
      let childSlot = slot * 2 + 1
      if (childSlot + 1 < count && isBefore(this.#items[childSlot + 1]!, this.#items[childSlot]!)) {
        childSlot++
      }
      const child = this.#items[childSlot]!
      if (!isBefore(child, item)) break
      this.#place(child, slot)
      slot = childSlot
    }
    this.#place(item, slot)
  }

  #place(item: T, slot: number): void {
    this.#items[slot] = item
    item.slot = slot
  }
}

function isBefore(left: Heaped, right: Heaped): boolean {
  return left.key < right.key || (left.key === right.key && left.order < right.order)
}

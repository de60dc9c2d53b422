/** The sequences that came back to a queue, lowest first: a binary heap in a flat array of numbers. */
import { assert } from '../base/assert.ts'

export class SequenceHeap {
  readonly #items: number[] = []

  get size(): number {
    return this.#items.length
  }

  peek(): number {
    assert(this.#items.length > 0, 'peek into an empty heap')
    return this.#items[0]!
  }

  push(sequence: number): void {
    const items = this.#items
    let slot = items.push(sequence) - 1
    while (slot > 0) {
      const parent = (slot - 1) >> 1
      if (items[parent]! <= sequence) break
      items[slot] = items[parent]!
      slot = parent
    }
    items[slot] = sequence
  }

  shift(): number {
    const items = this.#items
    const first = this.peek()
    const last = items.pop()!
    const count = items.length
    if (count === 0) return first
    let slot = 0
    for (;;) {
      let child = slot * 2 + 1
      if (child >= count) break
      if (child + 1 < count && items[child + 1]! < items[child]!) child++
      if (items[child]! >= last) break
      items[slot] = items[child]!
      slot = child
    }
    items[slot] = last
    return first
  }
}

/** Ranges of sequences in the order in which they were added; neighbours are joined as they come. */

export class Ranges {
  readonly #from: number[] = []
  readonly #count: number[] = []
  #size = 0

  get size(): number {
    return this.#size
  }

  add(sequence: number): void {
    const last = this.#size - 1
    if (last >= 0 && this.#from[last]! + this.#count[last]! === sequence) this.#count[last]!++
    else {
      this.#from[this.#size] = sequence
      this.#count[this.#size] = 1
      this.#size++
    }
  }

  from(index: number): number {
    return this.#from[index]!
  }

  count(index: number): number {
    return this.#count[index]!
  }

  /** Drops the first `count` ranges. */
  drop(count: number): void {
    this.#from.copyWithin(0, count, this.#size)
    this.#count.copyWithin(0, count, this.#size)
    this.#size -= count
    if (this.#size === 0 && this.#from.length > KEPT) this.clear()
  }

  clear(): void {
    this.#from.length = 0
    this.#count.length = 0
    this.#size = 0
  }
}

const KEPT = 1_024 // slots that a burst may leave behind, in each of many queues

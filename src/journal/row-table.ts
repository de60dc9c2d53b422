/** Where each ticket begins in a piece of the journal: in a file, a chunk of memory, a window. */

/** Rows of (ticket, index, position) in ascending ticket order; grows while a file is written. */
export class RowTable {
  #tickets = new Float64Array(16)
  #positions = new Uint32Array(16)
  #indexes = new Uint16Array(16)
  size = 0

  push(ticket: number, position: number, index: number): void {
    if (this.size === this.#tickets.length) this.#grow()
    this.#tickets[this.size] = ticket
    this.#positions[this.size] = position
    this.#indexes[this.size] = index
    this.size++
  }

  /** The last row whose ticket is not above `ticket`, or -1. */
  floor(ticket: number): number {
    let low = 0
    let high = this.size
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#tickets[middle]! <= ticket) low = middle + 1
      else high = middle
    }
    return low - 1
  }

  ticket(row: number): number {
    return this.#tickets[row]!
  }

  position(row: number): number {
    return this.#positions[row]!
  }

  index(row: number): number {
    return this.#indexes[row]!
  }

  #grow(): void {
    const size = this.size * 2
    const [tickets, positions, indexes] = [this.#tickets, this.#positions, this.#indexes]
    this.#tickets = new Float64Array(size)
    this.#positions = new Uint32Array(size)
    this.#indexes = new Uint16Array(size)
    this.#tickets.set(tickets)
    this.#positions.set(positions)
    this.#indexes.set(indexes)
  }
}

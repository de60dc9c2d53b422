/**
 * A Partition is one log of a stream: for each batch the offset of its first record, how many there are,
 * when the newest was made, its ticket and its size. Offsets are dense, from 0, and never used again. The
 * batches themselves lie in the journal, as they were sent.
 *
 *   firstOffset            offsets            nextOffset
 *       |  batch | batch | batch | batch | batch  |
 */
import { assert } from '../base/assert.ts'
import { Ring } from '../base/ring.ts'
import type { EntryDurability } from './durability.ts'

export const PAGE_ROWS = 1_024

class RowPage {
  readonly offsets: Float64Array = new Float64Array(PAGE_ROWS)
  readonly tickets: Float64Array = new Float64Array(PAGE_ROWS)
  readonly times: Float64Array = new Float64Array(PAGE_ROWS)
  readonly counts: Uint32Array = new Uint32Array(PAGE_ROWS)
  readonly sizes: Uint32Array = new Uint32Array(PAGE_ROWS)
}

/** A partition as it was; rows are counted from the first page's first, however many were cut off of it. */
export type FrozenPartition = {
  readonly id: number
  readonly firstOffset: number
  readonly nextOffset: number
  readonly firstRow: number
  readonly nextRow: number
  readonly pages: readonly RowPage[]
}

/** One batch. */
export type BatchRow = {
  readonly offset: number
  readonly count: number
  readonly ticket: number
  readonly sizeBytes: number
  /** The newest record's time, in milliseconds since 1970. */
  readonly timeMs: number
}

export class Partition {
  readonly id: number
  readonly stream: string
  readonly index: number
  /** What entries about its records ask of the journal. */
  readonly entryDurability: EntryDurability
  /** Full pages but for the last; rows never change once they are there. */
  readonly #pages = new Ring<RowPage>()
  /** Rows are counted from the first ever; #firstRow is the first that is kept. */
  #firstRow = 0
  #nextRow = 0
  /** The row that #pages begins with. */
  #pagesFrom = 0
  #firstOffset = 0
  nextOffset = 0
  sizeBytes = 0
  deleted = false
  /** Where the broker keeps what it knows of this partition while it runs. */
  desk = -1

  constructor(
    id: number,
    place: { readonly stream: string; readonly index: number },
    entryDurability?: EntryDurability,
  ) {
    this.id = id
    this.stream = place.stream
    this.index = place.index
    this.entryDurability = entryDurability
  }

  /** The first offset that can be read; `nextOffset` when nothing can. */
  get firstOffset(): number {
    return this.#firstOffset
  }

  get batchCount(): number {
    return this.#nextRow - this.#firstRow
  }

  /** The first row that is there; `nextRow` when none is. */
  get firstRow(): number {
    return this.#firstRow
  }

  /** One past the last row. */
  get nextRow(): number {
    return this.#nextRow
  }

  /** Everything as it is now; rows never change, so nothing is copied but the list of pages. */
  freeze(): FrozenPartition {
    return {
      id: this.id,
      firstOffset: this.#firstOffset,
      nextOffset: this.nextOffset,
      firstRow: this.#firstRow - this.#pagesFrom,
      nextRow: this.#nextRow - this.#pagesFrom,
      pages: [...this.#pages],
    }
  }

  add(row: BatchRow): void {
    assert(row.offset >= this.nextOffset && row.count > 0, 'offsets are dense')
    const slot = (this.#nextRow - this.#pagesFrom) % PAGE_ROWS
    if (slot === 0) this.#pages.push(new RowPage())
    const page = this.#pages.at(this.#pages.size - 1)
    page.offsets[slot] = row.offset
    page.tickets[slot] = row.ticket
    page.times[slot] = row.timeMs
    page.counts[slot] = row.count
    page.sizes[slot] = row.sizeBytes
    this.#nextRow++
    this.nextOffset = row.offset + row.count
    this.sizeBytes += row.sizeBytes
  }

  /** The row of the batch that holds `offset`, or of the first behind it; -1 at the end. */
  rowAt(offset: number): number {
    let low = this.#firstRow
    let high = this.#nextRow
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      if (this.offsetOf(middle) + this.countOf(middle) <= offset) low = middle + 1
      else high = middle
    }
    return low < this.#nextRow ? low : -1
  }

  /** The first row whose newest record is not older, or -1. Times need not ascend, so it looks at all. */
  rowAtTime(timeMs: number): number {
    for (let row = this.#firstRow; row < this.#nextRow; row++) {
      if (this.timeOf(row) >= timeMs) return row
    }
    return -1
  }

  offsetOf(row: number): number {
    return this.#page(row).offsets[this.#slot(row)]!
  }

  countOf(row: number): number {
    return this.#page(row).counts[this.#slot(row)]!
  }

  ticketOf(row: number): number {
    return this.#page(row).tickets[this.#slot(row)]!
  }

  timeOf(row: number): number {
    return this.#page(row).times[this.#slot(row)]!
  }

  sizeOf(row: number): number {
    return this.#page(row).sizes[this.#slot(row)]!
  }

  /** Both ends, as a snapshot kept them, once its rows are back. */
  restoreEnds(firstOffset: number, nextOffset: number): void {
    assert(nextOffset >= this.nextOffset, 'a partition that ends before its rows')
    this.#firstOffset = firstOffset
    this.nextOffset = nextOffset
  }

  /** Whole batches before `offset` go; answers each one's ticket. */
  *cut(offset: number): IterableIterator<number> {
    const until = Math.min(offset, this.nextOffset)
    if (until <= this.#firstOffset) return
    this.#firstOffset = until
    while (this.#firstRow < this.#nextRow) {
      const row = this.#firstRow
      if (this.offsetOf(row) + this.countOf(row) > until) break
      this.sizeBytes -= this.sizeOf(row)
      yield this.ticketOf(row)
      this.#firstRow++
      if (this.#firstRow - this.#pagesFrom === PAGE_ROWS) {
        this.#pages.shift()
        this.#pagesFrom += PAGE_ROWS
      }
    }
  }

  #page(row: number): RowPage {
    return this.#pages.at(Math.floor((row - this.#pagesFrom) / PAGE_ROWS))
  }

  #slot(row: number): number {
    return (row - this.#pagesFrom) % PAGE_ROWS
  }
}

/**
 * A page holds the columns of 1,024 messages of one queue: no object a message, about 14 bytes each. Pages
 * are copied when somebody writes to one that a snapshot is still reading, and used again when they are
 * empty, because a queue that holds one message at a time would make one for each.
 */

export const PAGE_MESSAGES = 1_024

// The low two bits of a state; GONE is 0 so that a cleared page is an empty one.
export const GONE = 0
export const READY = 1
export const HELD = 2
export const STATE_BITS = 3
/** Delivered before, or perhaps. */
export const REDELIVERED = 4
/** Its body is in memory and its ticket is that memory's. */
export const TRANSIENT = 8
/** Its own entry, of this run, marked it: it may be delivered as soon as it is durable. */
export const MARKED = 16

export class Page {
  readonly tickets: Float64Array
  readonly sizes: Uint32Array
  readonly states: Uint8Array
  /** How often each was given back; null while nobody gave any back. Saturates. */
  deliveries: Uint8Array | null
  /** Messages that are not gone. */
  live: number
  /** Of which persistent ones: all that a snapshot keeps. */
  kept: number
  /** The freeze it was made after; see Freezer. */
  epoch: number

  constructor(epoch: number) {
    this.tickets = new Float64Array(PAGE_MESSAGES)
    this.sizes = new Uint32Array(PAGE_MESSAGES)
    this.states = new Uint8Array(PAGE_MESSAGES)
    this.deliveries = null
    this.live = 0
    this.kept = 0
    this.epoch = epoch
  }

  copy(epoch: number): Page {
    const page = new Page(epoch)
    page.tickets.set(this.tickets)
    page.sizes.set(this.sizes)
    page.states.set(this.states)
    page.deliveries = this.deliveries === null ? null : this.deliveries.slice()
    page.live = this.live
    page.kept = this.kept
    return page
  }
}

/** Pages kept for the next one who needs some: 64 of them are about 1 MB. */
const sparePagesMax = 64 // a burst of a million messages gives the rest back

/** The Freezer knows which pages a snapshot still reads, and keeps the spare ones. One for a machine. */
export class Freezer {
  /** Counts freezes. A page of an older epoch is frozen while `held`. */
  epoch = 0
  held = false
  readonly #spare: Page[] = []

  freeze(): void {
    this.epoch++
    this.held = true
  }

  thaw(): void {
    this.held = false
  }

  isFrozen(page: Page): boolean {
    return this.held && page.epoch < this.epoch
  }

  take(): Page {
    const page = this.#spare.pop()
    if (page === undefined) return new Page(this.epoch)
    page.epoch = this.epoch
    return page
  }

  /** A page on which nothing lives any more. */
  give(page: Page): void {
    if (this.isFrozen(page) || this.#spare.length >= sparePagesMax) return
    page.states.fill(0)
    page.deliveries = null
    this.#spare.push(page)
  }
}

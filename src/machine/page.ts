/**
 * A page holds the columns of 1,024 messages of one queue: no object a message, about 7 bytes each, and 8 more on
 * pages with messages that expire. Pages are copied when somebody writes to one that a snapshot is still reading, and
 * used again when they are empty, because a queue that holds one message at a time would make one for each.
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
/** Its body lies in fragments. */
export const LARGE = 32
/** Somebody waited for it when it was published: what it takes to hand it over does not count as its time. */
export const PROMISED = 64

const TWO_TO_16 = 2 ** 16
const TWO_TO_32 = 2 ** 32

export class Page {
  // Whole tickets and sizes would cost 13 bytes a message instead of 7: 60 MB of a backlog of ten million.
  /** The low 32 bits of each ticket. */
  readonly #ticketLows: Uint32Array
  /** The high 16 bits of all of them, while they have the same; the first ticket of an empty page sets it. */
  #ticketHigh = 0
  /** The high bits of each, once they differ; null before. */
  #ticketHighs: Uint16Array | null = null
  /** The low 16 bits of each body's size. */
  readonly #sizeLows: Uint16Array
  /** The high 16 bits, once a body is that large; null before. */
  #sizeHighs: Uint16Array | null = null
  readonly states: Uint8Array
  /** How often each was given back; null while nobody gave any back. Saturates. */
  deliveries: Uint8Array | null
  /** When each is over, in journal time; 0 for never; null while none ever is. */
  expiries: Float64Array | null
  /** Messages that are not gone. */
  live: number
  /** Of which persistent ones: all that a snapshot keeps. */
  kept: number
  /** The freeze it was made after; see Freezer. */
  epoch: number

  constructor(epoch: number) {
    this.#ticketLows = new Uint32Array(PAGE_MESSAGES)
    this.#sizeLows = new Uint16Array(PAGE_MESSAGES)
    this.states = new Uint8Array(PAGE_MESSAGES)
    this.deliveries = null
    this.expiries = null
    this.live = 0
    this.kept = 0
    this.epoch = epoch
  }

  ticket(slot: number): number {
    const high = this.#ticketHighs === null ? this.#ticketHigh : this.#ticketHighs[slot]!
    return high * TWO_TO_32 + this.#ticketLows[slot]!
  }

  setTicket(slot: number, ticket: number): void {
    const high = Math.floor(ticket / TWO_TO_32)
    this.#ticketLows[slot] = ticket // what is above 32 bits falls away
    if (this.live === 0) {
      this.#ticketHigh = high
      this.#ticketHighs = null
    } else if (this.#ticketHighs !== null || high !== this.#ticketHigh) {
      this.#ticketHighs ??= new Uint16Array(PAGE_MESSAGES).fill(this.#ticketHigh)
      this.#ticketHighs[slot] = high
    }
  }

  size(slot: number): number {
    const low = this.#sizeLows[slot]!
    return this.#sizeHighs === null ? low : this.#sizeHighs[slot]! * TWO_TO_16 + low
  }

  setSize(slot: number, size: number): void {
    this.#sizeLows[slot] = size // what is above 16 bits falls away
    if (this.live === 0) this.#sizeHighs = null
    if (this.#sizeHighs === null && size < TWO_TO_16) return
    this.#sizeHighs ??= new Uint16Array(PAGE_MESSAGES)
    this.#sizeHighs[slot] = size >>> 16
  }

  /** 0 for never. */
  expiry(slot: number): number {
    return this.expiries === null ? 0 : this.expiries[slot]!
  }

  setExpiry(slot: number, expiresMs: number, flags: number): void {
    this.expiries ??= new Float64Array(PAGE_MESSAGES)
    this.expiries[slot] = expiresMs
    this.states[slot]! |= flags
  }

  copy(epoch: number): Page {
    const page = new Page(epoch)
    page.#ticketLows.set(this.#ticketLows)
    page.#ticketHigh = this.#ticketHigh
    page.#ticketHighs = this.#ticketHighs === null ? null : this.#ticketHighs.slice()
    page.#sizeLows.set(this.#sizeLows)
    page.#sizeHighs = this.#sizeHighs === null ? null : this.#sizeHighs.slice()
    page.states.set(this.states)
    page.deliveries = this.deliveries === null ? null : this.deliveries.slice()
    page.expiries = this.expiries === null ? null : this.expiries.slice()
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
    page.expiries = null
    this.#spare.push(page)
  }
}

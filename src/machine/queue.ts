/**
 * A Queue is what waits for consumers: sequence numbers given out in order, and for each message that is
 * not gone its ticket, size and state, in pages. It holds no body, knows no consumer, and does no I/O.
 *
 *            add                take                 settle
 *   (none) -------> ready --------------> held ----------------> gone
 *                     ^    give back: at    |
 *                     +---- its old place --+        settle also takes ready ones (purge)
 */
import { assert } from '../base/assert.ts'
import { mark } from '../base/mark.ts'
import { Ring } from '../base/ring.ts'
import { type EntryDurability, entryDurabilityOf } from './durability.ts'
import { type KeptPages, keptPages } from './kept-pages.ts'
import {
  type Freezer,
  GONE,
  HELD,
  MARKED,
  PAGE_MESSAGES,
  type Page,
  PROMISED,
  READY,
  REDELIVERED,
  STATE_BITS,
  TRANSIENT,
} from './page.ts'
import type { QueueIdentity, QueueOptions } from './queue-options.ts'
import { SequenceHeap } from './sequence-heap.ts'

const DELIVERIES_MAX = 255 // one byte a message; nobody tells 255 from 300

export class Queue {
  readonly id: number
  readonly namespace: string
  readonly name: string
  readonly options: QueueOptions
  /** What entries about its messages ask of the journal. */
  readonly entryDurability: EntryDurability
  readonly #freezer: Freezer
  /** The page that holds sequence #firstSequence first; null where everything is gone. */
  #pages = new Ring<Page | null>()
  /** The lowest sequence that #pages has a place for. Invariant: 1 more than a multiple of PAGE_MESSAGES. */
  #firstSequence = 1
  /**
   * The page that was asked for last, which is the next one's too but for one in a thousand, and its first
   * sequence; or null. Invariant: it is in #pages.
   */
  #recent: Page | null = null
  #recentFrom = 0
  /** What the next message gets. */
  nextSequence = 1
  /**
   * The newest sequence that a persistent message got: where replay, which knows no transient ones, goes on.
   * Invariant: #keptThrough < nextSequence.
   */
  #keptThrough = 0
  /** Everything from here on was never taken. Invariant: #cursor <= nextSequence. */
  #cursor = 1
  /** Sequences below the cursor that came back; may name some that are no longer ready. */
  readonly #returned = new SequenceHeap()
  readyCount = 0
  heldCount = 0
  readyBytes = 0
  heldBytes = 0
  /** Everything up to here may have been delivered; after an unclean start it counts as redelivered. */
  mark = 0
  /** No message behind this one ever expires; 0 when none does. */
  expiringThrough = 0
  /** Everything up to here was marked when a run ended uncleanly. Invariant: below every sequence given since. */
  redeliveredThrough = 0
  deleted = false
  /** Where the broker keeps what it knows of this queue while it runs. */
  desk = -1

  constructor(identity: QueueIdentity, freezer: Freezer) {
    this.id = identity.id
    this.namespace = identity.namespace
    this.name = identity.name
    this.options = identity.options
    this.entryDurability = entryDurabilityOf(identity.options.durability)
    this.#freezer = freezer
  }

  get durable(): boolean {
    return this.options.durable
  }

  /** Whether it keeps persistent messages: all others are in memory, whatever they ask for. */
  get keepsMessages(): boolean {
    return this.options.durable && this.options.durability !== 'memory'
  }

  /** Messages that nobody took yet, those that came back not among them. */
  get untouchedFrom(): number {
    return this.#cursor
  }

  /**
   * Puts a message at the end; `flags` are TRANSIENT, MARKED, LARGE. The sequence is `nextSequence`, or more on
   * replay, which knows no transient ones.
   */
  add(sequence: number, ticket: number, size: number, flags: number): void {
    assert(sequence >= this.nextSequence, 'a sequence is used once')
    this.nextSequence = sequence + 1
    this.#put(sequence, ticket, size, READY | flags)
    if ((flags & TRANSIENT) === 0) this.#keptThrough = sequence
    if ((flags & MARKED) !== 0) this.mark = sequence
    this.readyCount++
    this.readyBytes += size
  }

  /** A message that was just put here is over at that time. `flags` are PROMISED. */
  setExpiry(sequence: number, expiresMs: number, flags: number): void {
    this.#writable(sequence).setExpiry((sequence - 1) % PAGE_MESSAGES, expiresMs, flags)
    this.expiringThrough = Math.max(this.expiringThrough, sequence)
  }

  /** Puts back a message that a snapshot kept. Ascending; the queue must be new. */
  restore(message: {
    readonly sequence: number
    readonly ticket: number
    readonly size: number
    /** REDELIVERED and LARGE. */
    readonly flags: number
    readonly deliveries: number
  }): void {
    const { sequence, ticket, size, flags, deliveries } = message
    assert(sequence < this.nextSequence, 'restored past the end')
    this.#put(sequence, ticket, size, READY | flags)
    if (deliveries > 0) {
      const page = this.#page(sequence)!
      page.deliveries ??= new Uint8Array(PAGE_MESSAGES)
      page.deliveries[(sequence - 1) % PAGE_MESSAGES] = deliveries
    }
    this.readyCount++
    this.readyBytes += size
  }

  /** The numbers around the messages, as a snapshot kept them. The queue must be new. */
  restoreEnds(ends: {
    readonly nextSequence: number
    readonly mark: number
    readonly redeliveredThrough: number
  }): void {
    assert(this.nextSequence === 1, 'the queue is not new')
    this.nextSequence = ends.nextSequence
    this.#keptThrough = ends.nextSequence - 1
    this.mark = ends.mark
    this.redeliveredThrough = ends.redeliveredThrough
  }

  /** A run began after one that did not say goodbye: what was marked may have been delivered. */
  restarted(): void {
    // A mark may reach over transient messages that are gone. Their sequences are used again, by messages
    // that nobody has seen.
    if (this.mark > this.#keptThrough) mark('queue/mark-beyond-the-end')
    this.mark = Math.min(this.mark, this.#keptThrough)
    this.redeliveredThrough = Math.max(this.redeliveredThrough, this.mark)
  }

  /** The first that is ready, or 0. */
  peekReady(): number {
    const returned = this.#returned
    while (returned.size > 0) {
      const sequence = returned.peek()
      if ((this.stateOf(sequence) & STATE_BITS) === READY) return sequence
      returned.shift()
    }
    return this.#findReady()
  }

  /** Takes the message that `peekReady` just answered. */
  take(sequence: number): void {
    this.hold(sequence)
    if (sequence === this.#cursor) this.#cursor++
    else this.#returned.shift()
  }

  /** Keeps a ready message from being taken. */
  hold(sequence: number): void {
    const page = this.#writable(sequence)
    const slot = (sequence - 1) % PAGE_MESSAGES
    const state = page.states[slot]!
    assert((state & STATE_BITS) === READY, 'taking what is not ready')
    page.states[slot] = (state & ~STATE_BITS) | HELD
    const size = page.size(slot)
    this.readyCount--
    this.readyBytes -= size
    this.heldCount++
    this.heldBytes += size
  }

  /** Gives a held message back to its place. `counted` deliveries are remembered. */
  giveBack(sequence: number, counted: number): void {
    const page = this.#writable(sequence)
    const slot = (sequence - 1) % PAGE_MESSAGES
    const state = page.states[slot]!
    if ((state & STATE_BITS) === GONE) return
    this.#countDelivery(page, slot, counted)
    page.states[slot] = (state & ~(STATE_BITS | PROMISED)) | READY | (counted > 0 ? REDELIVERED : 0)
    if ((state & STATE_BITS) === READY) return // replay knows nobody who holds anything
    const size = page.size(slot)
    this.heldCount--
    this.heldBytes -= size
    this.readyCount++
    this.readyBytes += size
    if (sequence < this.#cursor) this.#returned.push(sequence)
    assert(this.heldCount >= 0, 'more came back than was held')
  }

  /** Lets a message go. Answers its ticket, or 0 when it was gone already. */
  settle(sequence: number): number {
    if (this.#page(sequence) === null) return 0
    const page = this.#writable(sequence)
    const slot = (sequence - 1) % PAGE_MESSAGES
    const state = page.states[slot]!
    const size = page.size(slot)
    if ((state & STATE_BITS) === READY) {
      this.readyCount--
      this.readyBytes -= size
    } else if ((state & STATE_BITS) === HELD) {
      this.heldCount--
      this.heldBytes -= size
    } else return 0
    page.states[slot] = GONE
    page.live--
    if ((state & TRANSIENT) === 0) page.kept--
    if (page.live === 0) this.#drop(sequence, page)
    return page.ticket(slot)
  }

  /** GONE where there is none. */
  stateOf(sequence: number): number {
    const page = this.#page(sequence)
    return page === null ? GONE : page.states[(sequence - 1) % PAGE_MESSAGES]!
  }

  ticketOf(sequence: number): number {
    const page = this.#page(sequence)
    assert(page !== null, 'no such message')
    return page.ticket((sequence - 1) % PAGE_MESSAGES)
  }

  /** The body of a message that is not gone has another ticket now. */
  moveBody(sequence: number, ticket: number): void {
    this.#writable(sequence).setTicket((sequence - 1) % PAGE_MESSAGES, ticket)
  }

  sizeOf(sequence: number): number {
    const page = this.#page(sequence)
    assert(page !== null, 'no such message')
    return page.size((sequence - 1) % PAGE_MESSAGES)
  }

  /** When it is over; 0 for never. */
  expiryOf(sequence: number): number {
    return this.#page(sequence)?.expiry((sequence - 1) % PAGE_MESSAGES) ?? 0
  }

  /** How often it was given back, at least; 255 stands for more. */
  deliveriesOf(sequence: number): number {
    const deliveries = this.#page(sequence)?.deliveries ?? null
    return deliveries === null ? 0 : deliveries[(sequence - 1) % PAGE_MESSAGES]!
  }

  isRedelivered(sequence: number): boolean {
    return sequence <= this.redeliveredThrough || (this.stateOf(sequence) & REDELIVERED) !== 0
  }

  /** Every message that is not gone, in order. Nothing may change meanwhile. */
  *living(): IterableIterator<number> {
    for (let index = 0; index < this.#pages.size; index++) {
      const page = this.#pages.at(index)
      if (page === null) continue
      const first = this.#firstSequence + index * PAGE_MESSAGES
      for (let slot = 0; slot < PAGE_MESSAGES; slot++) {
        if (page.states[slot] !== GONE) yield first + slot
      }
    }
  }

  /** What a snapshot keeps, as it is now: pages that it is about to freeze. */
  kept(): KeptPages & { readonly nextSequence: number } {
    const nextSequence = this.#keptThrough + 1
    return { nextSequence, ...keptPages(this.#pages, this.#firstSequence) }
  }

  #findReady(): number {
    for (;;) {
      const sequence = this.#cursor
      if (sequence >= this.nextSequence) return 0
      const page = this.#page(sequence)
      if (page === null) {
        const next = sequence - ((sequence - 1) % PAGE_MESSAGES) + PAGE_MESSAGES
        this.#cursor = Math.min(this.nextSequence, Math.max(this.#firstSequence, next))
        continue
      }
      if ((page.states[(sequence - 1) % PAGE_MESSAGES]! & STATE_BITS) === READY) return sequence
      this.#cursor++
    }
  }

  #countDelivery(page: Page, slot: number, counted: number): void {
    if (counted === 0) return
    page.deliveries ??= new Uint8Array(PAGE_MESSAGES)
    page.deliveries[slot] = Math.min(DELIVERIES_MAX, page.deliveries[slot]! + counted)
  }

  #put(sequence: number, ticket: number, size: number, state: number): void {
    if (this.#pages.size === 0) {
      this.#firstSequence = sequence - ((sequence - 1) % PAGE_MESSAGES)
    }
    while (sequence >= this.#firstSequence + this.#pages.size * PAGE_MESSAGES) {
      this.#pages.push(null)
    }
    const index = this.#indexOf(sequence)
    if (this.#pages.at(index) === null) this.#pages.set(index, this.#freezer.take())
    const page = this.#writable(sequence)
    const slot = (sequence - 1) % PAGE_MESSAGES
    page.setTicket(slot, ticket)
    page.setSize(slot, size)
    page.states[slot] = state
    page.live++
    if ((state & TRANSIENT) === 0) page.kept++
  }

  #indexOf(sequence: number): number {
    return Math.floor((sequence - this.#firstSequence) / PAGE_MESSAGES)
  }

  #page(sequence: number): Page | null {
    const slot = sequence - this.#recentFrom
    if (this.#recent !== null && slot >= 0 && slot < PAGE_MESSAGES) return this.#recent
    const index = this.#indexOf(sequence)
    if (index < 0 || index >= this.#pages.size) return null
    const page = this.#pages.at(index)
    if (page !== null) this.#remember(index, page)
    return page
  }

  #remember(index: number, page: Page): void {
    this.#recent = page
    this.#recentFrom = this.#firstSequence + index * PAGE_MESSAGES
  }

  /** The page of a sequence that has one, ours alone. */
  #writable(sequence: number): Page {
    const page = this.#page(sequence)
    assert(page !== null, 'no such message')
    if (!this.#freezer.isFrozen(page)) return page
    mark('queue/copied-on-write')
    const copy = page.copy(this.#freezer.epoch)
    const index = this.#indexOf(sequence)
    this.#pages.set(index, copy)
    this.#remember(index, copy)
    return copy
  }

  #drop(sequence: number, page: Page): void {
    this.#recent = null
    this.#pages.set(this.#indexOf(sequence), null)
    this.#freezer.give(page)
    while (this.#pages.size > 0 && this.#pages.peek() === null) {
      this.#pages.shift()
      this.#firstSequence += PAGE_MESSAGES
    }
  }
}

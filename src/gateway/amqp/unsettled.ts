/**
 * What a channel delivered and nobody settled: parallel rings in the order of delivery tags, no object a message.
 * It finds tags and forgets them; what becomes of the messages is the channel's business.
 */
import { assert } from '../../base/assert.ts'

const CAPACITY_MIN = 16

/** A burst leaves this many places behind; the rest is given back. */
const capacityKept = 16_384 // 400 KiB a channel; windows of 10,000 are common and empty all the time

/** `T` is where a message came from and goes back to: a consumer, or a queue that was asked for one message. */
export class Unsettled<T> {
  /** Ascending. The length of all three is a power of two. */
  #tags = new Float64Array(CAPACITY_MIN)
  /** The message's number in its queue; 0 where it was settled out of order. */
  #sequences = new Float64Array(CAPACITY_MIN)
  #origins: (T | null)[] = new Array<T | null>(CAPACITY_MIN).fill(null)
  #mask = CAPACITY_MIN - 1
  #head = 0
  /** Places in use, those settled out of order among them. */
  #places = 0
  /** Messages. Invariant: size <= #places, and the first place holds one. */
  size = 0

  add(tag: number, sequence: number, origin: T): void {
    assert(this.#places === 0 || tag > this.#tagAt(this.#places - 1), 'tags ascend')
    if (this.#places > this.#mask) this.#makeRoom()
    const slot = (this.#head + this.#places) & this.#mask
    this.#tags[slot] = tag
    this.#sequences[slot] = sequence
    this.#origins[slot] = origin
    this.#places++
    this.size++
  }

  /** Whether this tag is outstanding. */
  has(tag: number): boolean {
    return this.#find(tag) >= 0
  }

  /** Places that messages take, those settled out of order among them. */
  get placeCount(): number {
    return this.#places
  }

  /** Takes the message with this tag, if it is outstanding, to `visit`. */
  takeOne(tag: number, visit: (origin: T, sequence: number) => void): boolean {
    const index = this.#find(tag)
    if (index < 0) return false
    const slot = (this.#head + index) & this.#mask
    const origin = this.#origins[slot]!
    const sequence = this.#sequences[slot]!
    this.#sequences[slot] = 0
    this.#origins[slot] = null
    this.size--
    this.#dropSettled()
    visit(origin, sequence)
    return true
  }

  /**
   * Takes every message up to this tag, which is outstanding, in order, as runs: neighbours of one origin with
   * consecutive sequences come as one.
   */
  takeThrough(tag: number, visit: (origin: T, sequence: number, count: number) => void): void {
    let origin: T | null = null
    let first = 0
    let count = 0
    while (this.#places > 0 && this.#tags[this.#head]! <= tag) {
      const sequence = this.#sequences[this.#head]!
      const from = this.#origins[this.#head]!
      this.#origins[this.#head] = null
      this.#head = (this.#head + 1) & this.#mask
      this.#places--
      if (sequence === 0) continue
      this.size--
      if (from === origin && sequence === first + count) count++
      else {
        if (origin !== null) visit(origin, first, count)
        origin = from
        first = sequence
        count = 1
      }
    }
    this.#dropSettled()
    if (origin !== null) visit(origin, first, count)
  }

  #tagAt(index: number): number {
    return this.#tags[(this.#head + index) & this.#mask]!
  }

  /** The place of an outstanding tag, or -1. */
  #find(tag: number): number {
    if (this.#places === 0) return -1
    // Without gaps in the tags, the usual case, the first guess is right.
    const guess = tag - this.#tagAt(0)
    const index =
      guess >= 0 && guess < this.#places && this.#tagAt(guess) === tag ? guess : this.#search(tag)
    return index >= 0 && this.#sequences[(this.#head + index) & this.#mask] !== 0 ? index : -1
  }

  #search(tag: number): number {
    let low = 0
    let high = this.#places - 1
    while (low <= high) {
      const middle = (low + high) >> 1
      const found = this.#tagAt(middle)
      if (found === tag) return middle
      if (found < tag) low = middle + 1
      else high = middle - 1
    }
    return -1
  }

  #dropSettled(): void {
    while (this.#places > 0 && this.#sequences[this.#head] === 0) {
      this.#head = (this.#head + 1) & this.#mask
      this.#places--
    }
    if (this.#places === 0 && this.#mask >= capacityKept) this.#resize(CAPACITY_MIN)
  }

  /** Either half of the places are settled and are squeezed out, or there are twice as many. */
  #makeRoom(): void {
    const isSparse = this.size * 2 <= this.#places
    this.#resize(isSparse ? this.#mask + 1 : (this.#mask + 1) * 2)
  }

  #resize(capacity: number): void {
    const tags = new Float64Array(capacity)
    const sequences = new Float64Array(capacity)
    const origins = new Array<T | null>(capacity).fill(null)
    let places = 0
    for (let index = 0; index < this.#places; index++) {
      const slot = (this.#head + index) & this.#mask
      if (this.#sequences[slot] === 0) continue
      tags[places] = this.#tags[slot]!
      sequences[places] = this.#sequences[slot]!
      origins[places] = this.#origins[slot]!
      places++
    }
    this.#tags = tags
    this.#sequences = sequences
    this.#origins = origins
    this.#mask = capacity - 1
    this.#head = 0
    this.#places = places
  }
}

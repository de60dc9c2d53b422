/** Takes values out of a ring for one party. It never waits: what is not there yet is tried again by its owner. */
import type { Sendable } from '../contract.ts'
import { copyOut, finish, fromParts } from './codec.ts'
import { NOTHING, PART, type Ring, sets } from './ring.ts'
import { Assembly, readParts, stopReading } from './ring-parts.ts'
import { type Copier, peek, readWhole } from './ring-read.ts'
import { READY } from './roster.ts'
import { countDone, keepTaken, releaseTaken } from './tally.ts'

export class RingReceiver implements Copier {
  readonly #ring: Ring
  readonly #assembly = new Assembly()
  /** A message in parts that was complete while nobody asked. It came before all that is in the ring. */
  #arrived: Sendable | undefined = undefined
  /** The set to sleep in, when there was nothing to take. */
  waitsFor: number = sets.items
  /** The last copy, and its tag. */
  #copy: Sendable = null
  #tag = 0

  constructor(ring: Ring) {
    this.#ring = ring
  }

  /** Between the first part of a message and its last: until then other parties find nothing at the head. */
  get isCollecting(): boolean {
    return this.#assembly.active
  }

  /** A message has been brought in that nobody has taken. */
  get hasArrived(): boolean {
    return this.#arrived !== undefined
  }

  /** The oldest message, or `undefined` when there is none that this party may take. */
  take(): Sendable | undefined {
    for (;;) {
      if (this.#arrived !== undefined) {
        const arrived = this.#takeArrived()
        if (arrived !== undefined) return arrived
      }
      // What was begun is ended first: a reader that took the next message instead would stay the reader.
      const found = this.isCollecting ? PART : readWhole(this.#ring, this)
      if (found === READY) return this.#finish()
      if (found === NOTHING) this.waitsFor = sets.items
      if (found === NOTHING || !this.#collect()) return undefined
    }
  }

  /** Goes on with a message begun and begins no other. True when it has arrived, or its sender has given it up. */
  bringIn(): boolean {
    if (this.isCollecting) this.#collect()
    return !this.isCollecting
  }

  copy(from: Ring): void {
    this.#copy = copyOut(from)
    this.#tag = from.tag
  }

  #finish(): Sendable {
    const copy = this.#copy
    this.#copy = null // it is the caller's now
    try {
      return finish(copy, this.#tag)
    } catch (error) {
      // It was not got, and nobody will say that it is done.
      countDone(this.#ring)
      throw error
    }
  }

  /** Whether `take` has an answer right now. Brings in what parts there are. */
  readable(): boolean {
    while (this.#arrived === undefined) {
      const found = this.isCollecting ? PART : peek(this.#ring)
      if (found === NOTHING) this.waitsFor = sets.items
      if (found === NOTHING) return false
      if (found !== PART) return true
      if (!this.#collect()) return false
    }
    return true
  }

  /** Leaves what is not complete to nobody, and what nobody asked for. */
  stop(): void {
    if (this.hasArrived) this.#takeArrived()
    stopReading(this.#ring, this.#assembly)
  }

  /** `undefined` when it has been thrown away. */
  #takeArrived(): Sendable | undefined {
    const value = this.#arrived
    this.#arrived = undefined
    return releaseTaken(this.#ring) ? value : undefined
  }

  /** Takes parts; true when it is worth to look again. */
  #collect(): boolean {
    const result = readParts(this.#ring, this.#assembly)
    if (result === READY) this.#assembled()
    const isOver = result === READY || result === NOTHING
    if (!isOver) this.waitsFor = result
    return isOver
  }

  #assembled(): void {
    const { bytes, tag } = this.#assembly
    this.#assembly.forget()
    try {
      this.#arrived = fromParts(bytes, tag)
    } catch (error) {
      countDone(this.#ring)
      throw error
    }
    keepTaken(this.#ring)
  }
}

/**
 * Puts values into a ring, one at a time, for one party. It never waits: what finds no room is
 * tried again by its owner.
 */
import type { Sendable } from '../contract.ts'
import { Outgoing } from './codec.ts'
import type { Ring } from './ring.ts'
import { dropParcel, Parcel, writeParts } from './ring-parts.ts'
import { admits, isFull, wholeMax, writeWhole } from './ring-write.ts'
import { READY } from './roster.ts'

export class RingSender {
  readonly #ring: Ring
  readonly #wholeMax: number
  /** The value in hand. */
  readonly #outgoing = new Outgoing()
  /** Bytes that the last value needed: so much must be free before another try makes sense. */
  #wanted = 0

  constructor(ring: Ring) {
    this.#ring = ring
    this.#wholeMax = wholeMax(ring)
  }

  /** Takes a value in hand. Throws where it cannot be sent at all. */
  load(value: Sendable): void {
    this.#outgoing.load(value)
  }

  /** A copy of what is in hand, to try it again whatever happens to the value. */
  keep(): Outgoing {
    return this.#outgoing.keep()
  }

  /** Sends what is in hand, or was kept. `READY`, `ENDED`, `LARGE`, or the set to sleep in. */
  write(outgoing: Outgoing = this.#outgoing): number {
    const result = writeWhole(this.#ring, outgoing)
    this.#wanted = outgoing.room
    // A channel at rest keeps no value alive.
    if (result === READY) outgoing.clear()
    return result
  }

  /** For what was `LARGE`. */
  parcel(outgoing: Outgoing): Parcel {
    const bytes = outgoing.toBytes()
    return new Parcel(bytes, outgoing.tag)
  }

  writeParcel(parcel: Parcel): number {
    return writeParts(this.#ring, parcel)
  }

  dropParcel(parcel: Parcel): void {
    dropParcel(this.#ring, parcel)
  }

  /** Whether what was refused last may fit now. */
  hasRoom(): boolean {
    const ring = this.#ring
    return admits(ring) && !isFull(ring, Math.min(this.#wanted, this.#wholeMax))
  }
}

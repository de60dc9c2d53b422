/** Puts values into a ring, one at a time, for one party. It never waits: what finds no room is tried again by its owner. */
import type { Sendable } from '../contract.ts'
import { Outgoing } from './codec.ts'
import { kind, NOTHING, type Ring, sets } from './ring.ts'
import { dropParcel, Parcel, writeParts } from './ring-parts.ts'
import {
  admits,
  frameOf,
  isFull,
  lockWriter,
  publish,
  reserve,
  unlockWriter,
  wholeMax,
} from './ring-write.ts'
import { READY, wakeOne } from './roster.ts'

/** The value does not fit in one frame; it must go in parts. */
export const LARGE = -6

export class RingSender {
  readonly #ring: Ring
  readonly #wholeMax: number
  /** The value at hand, for values that go in at once. */
  readonly #outgoing = new Outgoing()
  /** Bytes that the last refused value needed: so much must be free before another try makes sense. */
  refused: number = 0

  constructor(ring: Ring) {
    this.#ring = ring
    this.#wholeMax = wholeMax(ring)
  }

  /** `READY`, ENDED of the ring, `LARGE`, or the set to sleep in. Throws where the value cannot be sent at all. */
  write(value: Sendable): number {
    this.#outgoing.load(value)
    return this.writeLoaded(this.#outgoing)
  }

  /** What `write` could not put, so that it can be tried again whatever happens to the value. */
  keep(): Outgoing {
    return this.#outgoing.keep()
  }

  writeLoaded(outgoing: Outgoing): number {
    const ring = this.#ring
    const { room } = outgoing
    this.refused = room
    if (room > this.#wholeMax) return LARGE
    if (isFull(ring, room)) return sets.space
    const lock = lockWriter(ring)
    if (lock !== READY) return lock
    let result: number
    try {
      result = admits(ring) ? this.#writeLocked(outgoing) : sets.space
    } finally {
      unlockWriter(ring)
    }
    if (result === READY) wakeOne(ring.roster, sets.items) // P6
    return result
  }

  #writeLocked(outgoing: Outgoing): number {
    const ring = this.#ring
    for (;;) {
      const place = reserve(ring, outgoing.room)
      if (place === NOTHING) return sets.space
      const size = outgoing.write(ring.bytes, place)
      if (size >= 0) {
        publish(ring, size, frameOf(kind.whole, outgoing.tag))
        return READY
      }
      // The text turned out to be wide: the same again with twice the room, which may be too much.
      this.refused = outgoing.room
      if (outgoing.room > this.#wholeMax) return LARGE
    }
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
    return admits(ring) && !isFull(ring, Math.min(this.refused, this.#wholeMax))
  }
}

/**
 * An Arrival is a large body on its way in: what has come of it is appended as fragments, to which nothing refers
 * before its message is published. Whoever takes the body in owns the arrival and closes it; a connection that dies,
 * or a broker that does, leaves fragments that are dead.
 *
 *   coming --put, a fragment at a time--> whole --publish--> closed: the fragments live as long as the message
 *      '--------------- close ---------------------------------^ or are dead, if it was not published
 */
import { assert } from '../base/assert.ts'
import { EMPTY } from '../base/bytes.ts'
import { KIND_FRAGMENT } from '../machine/entry.ts'
import type { LargeBody } from '../machine/large-body.ts'
import type { Context } from './context.ts'
import type { Persistence } from './publisher.ts'
import type { Room } from './room.ts'

export type ArrivalOwner = {
  readonly context: Context
  readonly room: Room
  /** Called once. */
  readonly closed: (arrival: Arrival) => void
}

const BODY_FRAGMENT = 5 // a body that the store keeps, and nothing refers to yet

export class Arrival {
  readonly sizeBytes: number
  readonly persistence: Persistence
  readonly #owner: ArrivalOwner
  readonly #fragments: number[] = []
  /** Bytes in fragments. Invariant: with #filled not above sizeBytes. */
  #appended = 0
  /** The beginning of the next fragment; grows with what comes, to the size of one. */
  #buffer: Uint8Array = EMPTY
  #filled = 0
  #isClosed = false

  constructor(owner: ArrivalOwner, sizeBytes: number, persistence: Persistence) {
    assert(sizeBytes > 0, 'an empty body is not large')
    this.#owner = owner
    this.sizeBytes = sizeBytes
    this.persistence = persistence
  }

  get isWhole(): boolean {
    return this.#appended === this.sizeBytes
  }

  /** What a message refers to. Only of a body that is whole. */
  get body(): LargeBody {
    assert(this.isWhole && !this.#isClosed, 'a body that is not there')
    return { sizeBytes: this.sizeBytes, fragments: this.#fragments }
  }

  /** Takes the next bytes of the body. Answers how many it took; fewer: there is no room now, see `whenRoom`. */
  put(bytes: Uint8Array, at: number, size: number): number {
    assert(!this.#isClosed, 'a body that nobody wants any more')
    assert(this.#appended + this.#filled + size <= this.sizeBytes, 'more body than announced')
    const { bodyBytes } = this.#owner.context.limits
    let taken = 0
    while (taken < size) {
      const lack = Math.min(bodyBytes, this.sizeBytes - this.#appended) - this.#filled
      const more = Math.min(lack, size - taken)
      const isDirect = this.#filled === 0 && more === lack
      if (!isDirect) this.#fill(bytes, at + taken, more)
      if (more < lack) this.#filled += more
      else {
        // Refused, the same bytes are offered again, and put in the same place.
        const from = isDirect ? bytes.subarray(at + taken, at + taken + more) : this.#buffer
        if (!this.#append(from.subarray(0, this.#filled + more))) return taken
        this.#filled = 0
      }
      taken += more
    }
    return taken
  }

  /** Lets go of the fragments: those that no message refers to are dead. Idempotent. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#buffer = EMPTY
    const { store } = this.#owner.context.engine
    for (const fragment of this.#fragments) store.unhold(fragment)
    this.#owner.closed(this)
  }

  #fill(bytes: Uint8Array, at: number, size: number): void {
    const end = this.#filled + size
    if (end > this.#buffer.length) {
      const { bodyBytes } = this.#owner.context.limits
      const grown = new Uint8Array(Math.min(bodyBytes, Math.max(end, 2 * this.#buffer.length)))
      grown.set(this.#buffer.subarray(0, this.#filled))
      this.#buffer = grown
    }
    this.#buffer.set(bytes.subarray(at, at + size), this.#filled)
  }

  /** One fragment; false when there is no room for it now. */
  #append(bytes: Uint8Array): boolean {
    const { context, room } = this.#owner
    const { log, store } = context.engine
    const answer = log.reserve(1, bytes.length, 'fragment')
    assert(answer !== 'too-large', 'a fragment larger than a commit')
    if (answer !== 'ok') {
      room.held(answer === 'full' ? 'disk-full' : 'disk-slow')
      return false
    }
    const number = this.#fragments[0] ?? 0
    const head = { kind: KIND_FRAGMENT, flags: BODY_FRAGMENT, log: 0, number }
    // What is transient need not be on the disk, but may be there: memory is scarcer.
    const ticket =
      this.persistence === 'transient' ? log.write(head, bytes, 'os') : log.write(head, bytes)
    store.hold(ticket)
    this.#fragments.push(ticket)
    this.#appended += bytes.length
    return true
  }
}

/**
 * An Arrival is a large body on its way in: what has come of it is appended as fragments, to which nothing refers
 * before its message is published. Whoever takes the body in owns the arrival and closes it; a connection that dies,
 * or a broker that does, leaves fragments that are dead.
 *
 *   waiting --its turn--> coming --put, a fragment at a time--> whole --publish--> closed: the fragments live as long
 *      '---------------------'-------------- close -----------------^             as the message, or are dead
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

/** Who brings a body piece by piece, and may stop in the middle of it. */
export interface Bringer {
  /** How many bytes of it have come, or about; null while the bringer is not the one who is waited for. */
  arrivedBytes(): number | null
  /** No more of it came for too long while others waited for their turn. It is closed. */
  givenUp(): void
}

export type Announcement = {
  readonly sizeBytes: number
  readonly persistence: Persistence
  /** null: somebody has all of it at hand, and is never the one who is waited for. */
  readonly bringer: Bringer | null
}

const BODY_FRAGMENT = 5 // a body that the store keeps, and nothing refers to yet

export class Arrival {
  readonly sizeBytes: number
  readonly persistence: Persistence
  readonly #owner: ArrivalOwner
  readonly #bringer: Bringer | null
  #isLetIn = false
  #whenLetIn: (() => void) | null = null
  /** What had come when it was last looked at, -1 where that says nothing; how often in a row it was no more. */
  #seenBytes = -1
  #silentLooks = 0
  readonly #fragments: number[] = []
  /** Bytes in fragments. Invariant: with #filled not above sizeBytes. */
  #appended = 0
  /** The beginning of the next fragment; grows with what comes, to the size of one. */
  #buffer: Uint8Array = EMPTY
  #filled = 0
  #isClosed = false

  constructor(owner: ArrivalOwner, { sizeBytes, persistence, bringer }: Announcement) {
    assert(sizeBytes > 0, 'an empty body is not large')
    this.#owner = owner
    this.sizeBytes = sizeBytes
    this.persistence = persistence
    this.#bringer = bringer
  }

  /** Its turn has come: until then nothing of it is taken. */
  get isLetIn(): boolean {
    return this.#isLetIn
  }

  get isWhole(): boolean {
    return this.#appended === this.sizeBytes
  }

  /** What a message refers to. Only of a body that is whole. */
  get body(): LargeBody {
    assert(this.isWhole && !this.#isClosed, 'a body that is not there')
    return { sizeBytes: this.sizeBytes, fragments: this.#fragments }
  }

  /** Calls once, when what waits is let in, or when the broker is over and there is nothing to wait for. */
  whenLetIn(callback: () => void): void {
    assert(!this.#isLetIn && this.#whenLetIn === null, 'one wait for one turn')
    this.#whenLetIn = callback
  }

  /** Takes the next bytes of the body. Answers how many it took; fewer: there is no room now, see `whenRoom`. */
  put(bytes: Uint8Array, at: number, size: number): number {
    assert(!this.#isClosed, 'a body that nobody wants any more')
    assert(this.#isLetIn, 'a body whose turn has not come')
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

  // What its owner tells.

  /** It has room, from now until it is closed. */
  letIn(): void {
    this.#isLetIn = true
    this.wake()
  }

  /** Whoever waits for its turn goes on. */
  wake(): void {
    const callback = this.#whenLetIn
    this.#whenLetIn = null
    callback?.()
  }

  /** Looked at, at even intervals, while others wait. Answers how many times in a row nothing more had come. */
  look(): number {
    const arrivedBytes = this.#bringer?.arrivedBytes() ?? null
    const isSilent = arrivedBytes === this.#seenBytes
    this.#silentLooks = isSilent ? this.#silentLooks + 1 : 0
    this.#seenBytes = arrivedBytes ?? -1
    return this.#silentLooks
  }

  /** Nobody was waiting meanwhile: what silence there was does not count. */
  forgetSilence(): void {
    this.#silentLooks = 0
    this.#seenBytes = this.#bringer?.arrivedBytes() ?? -1
  }

  giveUp(): void {
    this.close()
    this.#bringer?.givenUp()
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

/**
 * Large bodies: those that have no room in one entry. Their bytes lie in fragments, appended while they came; the
 * message is a small entry that refers to them, and they live as long as it does. Nothing here holds a byte of one.
 *
 *   fragment   = bytes                             its number is the ticket of the body's first fragment, whose own
 *                                                  number is 0: so that one that is found tells whose it is
 *   reference  = size:u48 ticket:u48*              where a message has its body; the fragments in their order
 */
import { assert } from '../base/assert.ts'
import { type Bodies, type EntryView, setU48At, u48At } from './entry.ts'

export type LargeBody = {
  readonly sizeBytes: number
  /** Tickets. */
  readonly fragments: readonly number[]
}

const WORD_SIZE = 6

export function encodeReference({ sizeBytes, fragments }: LargeBody): Uint8Array {
  const bytes = new Uint8Array((1 + fragments.length) * WORD_SIZE)
  setU48At(bytes, 0, sizeBytes)
  for (const [index, ticket] of fragments.entries()) {
    setU48At(bytes, (1 + index) * WORD_SIZE, ticket)
  }
  return bytes
}

export function decodeReference(bytes: Uint8Array, at: number, size: number): LargeBody {
  assert(size >= 2 * WORD_SIZE && size % WORD_SIZE === 0, 'a reference names one fragment at least')
  const fragments: number[] = []
  for (let next = at + WORD_SIZE; next < at + size; next += WORD_SIZE) {
    fragments.push(u48At(bytes, next))
  }
  return { sizeBytes: u48At(bytes, at), fragments }
}

type Kept = { readonly body: LargeBody; references: number }

/** The large bodies that queues refer to, by the ticket of their message. */
export class LargeBodies {
  readonly #bodies: Bodies
  /** Ascending by ticket: that is the order in which they come. With those gone that a snapshot has yet to read. */
  readonly #byTicket = new Map<number, Kept>()
  /** Tickets that a snapshot has yet to read: above the one, up to the other. None: they are equal. */
  #readThrough = 0
  #frozenThrough = 0
  /** Tickets that went, but for the snapshot. */
  #husks: number[] = []
  #newest = 0
  /** The first fragment of each. */
  readonly #firsts = new Set<number>()

  constructor(bodies: Bodies) {
    this.#bodies = bodies
  }

  /** A message of so many queues was written: its fragments live. */
  add(ticket: number, body: LargeBody, references: number): void {
    this.#put(ticket, body, references)
    for (const fragment of body.fragments) this.#bodies.retain(fragment, 1)
  }

  /** Puts back what a snapshot kept; whoever counts references has those of its fragments already. */
  restore(ticket: number, body: LargeBody): void {
    this.#put(ticket, body, 0)
  }

  /** A restored queue has this message. */
  refer(ticket: number): void {
    this.#kept(ticket).references++
  }

  /** One queue fewer has this message. */
  release(ticket: number): void {
    const kept = this.#kept(ticket)
    kept.references--
    assert(kept.references >= 0, 'more queues let a large body go than had it')
    if (kept.references > 0) return
    if (ticket > this.#readThrough && ticket <= this.#frozenThrough) this.#husks.push(ticket)
    else this.#byTicket.delete(ticket)
    this.#firsts.delete(kept.body.fragments[0]!)
    for (const fragment of kept.body.fragments) this.#bodies.release(fragment, 1)
  }

  get(ticket: number): LargeBody {
    return this.#kept(ticket).body
  }

  /** Whether a message refers to this fragment. */
  lives(fragment: EntryView): boolean {
    return this.#firsts.has(fragment.number === 0 ? fragment.ticket : fragment.number)
  }

  /**
   * All there are now, ascending by ticket, to be read bit by bit while others come and these go: nothing is copied.
   * Whoever reads thaws it when he is done or gives up.
   */
  freeze(): Generator<readonly [ticket: number, body: LargeBody]> {
    assert(this.#husks.length === 0, 'one snapshot at a time')
    this.#readThrough = 0
    this.#frozenThrough = this.#newest
    return this.#frozen()
  }

  thaw(): void {
    this.#frozenThrough = this.#readThrough
    for (const ticket of this.#husks) this.#byTicket.delete(ticket)
    this.#husks = []
  }

  *#frozen(): Generator<readonly [ticket: number, body: LargeBody]> {
    for (const [ticket, { body }] of this.#byTicket) {
      if (ticket > this.#frozenThrough) break
      this.#readThrough = ticket
      yield [ticket, body]
    }
    this.#readThrough = this.#frozenThrough
  }

  #put(ticket: number, body: LargeBody, references: number): void {
    assert(ticket > this.#newest, 'they come in the order of their tickets')
    this.#newest = ticket
    this.#byTicket.set(ticket, { body, references })
    this.#firsts.add(body.fragments[0]!)
  }

  #kept(ticket: number): Kept {
    const kept = this.#byTicket.get(ticket)
    assert(kept !== undefined, 'no large body', ticket)
    return kept
  }
}

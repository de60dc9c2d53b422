/**
 * What a link knows of values that are done: of ours over there, and of theirs here. Thrown away counts as done. The
 * link owns it, and says when what is owed may be written.
 */
import { Fault } from '../../base/fault.ts'
import { FRAME, readU32 } from './frame.ts'
import type { Awaiting, Tally } from './joining.ts'
import type { Outbox } from './outbox.ts'

const DONE_SIZE = 4

export interface TallyOwner {
  /** Values sent. */
  readonly sent: () => number
  /** The connection is gone. */
  readonly over: () => boolean
  /** The other side has something to hear. */
  readonly owes: () => void
  /** Perhaps nobody waits any more. */
  readonly released: () => void
  /** Nobody here has anything to say any more. */
  readonly quit: () => void
  /** Why the link is over, if not by both sides' will. */
  readonly failure: () => Error | null
}

export class LinkTally implements Tally {
  readonly #owner: TallyOwner
  #awaitedBy: Awaiting = 'nobody'
  /** Values from the other side that our program said are done. */
  #here = 0
  /** Of those that are done or thrown away here, how many the other side knows of. */
  #told = 0
  /** Values of ours that are done or thrown away over there. Never more than were sent. */
  #there = 0

  constructor(owner: TallyOwner) {
    this.#owner = owner
  }

  get unfinished(): number {
    return this.#owner.sent() - this.#there
  }

  get lost(): number {
    return this.#owner.over() ? this.unfinished : 0
  }

  get cause(): Error | null {
    return this.#owner.failure()
  }

  awaitedBy(who: Awaiting): void {
    this.#awaitedBy = who
    this.#owner.released()
  }

  /** Somebody here waits for what the other side does. */
  get holds(): boolean {
    return this.#awaitedBy === 'somebody' && this.unfinished > 0
  }

  taskDone(): void {
    this.#here++
    this.#owner.owes()
  }

  quit(): void {
    this.#owner.quit()
  }

  /** Whether the other side has something to hear; so many of its values were thrown away here. */
  owes(thrownAway: number): boolean {
    return this.#here + thrownAway > this.#told
  }

  /** Writes what the other side does not know of yet. */
  write(outbox: Outbox, thrownAway: number): void {
    if (!this.owes(thrownAway)) return
    outbox.number(FRAME.done, this.#here + thrownAway - this.#told)
    this.#told = this.#here + thrownAway
  }

  /** The other side says so many more are done. Throws a Fault where it says more than there were. */
  learn(body: Uint8Array): void {
    if (body.length !== DONE_SIZE) throw new Fault('done', `a done of ${body.length} bytes`)
    const count = readU32(body, 0)
    const { unfinished } = this
    if (count > unfinished) throw new Fault('done', `${count} values done, of ${unfinished}`)
    this.#there += count
  }
}

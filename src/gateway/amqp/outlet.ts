/**
 * The outlet of a channel: what the channel says leaves in the order in which it is said. A large body goes out piece
 * by piece, as fast as it is read and the peer takes it, and whatever else the channel has to say waits behind it,
 * because nothing of the same channel may come between the frames of a content.
 *
 *   free --pour--> busy --last piece--> free: what waited is said
 *                   '-- a piece, then: the next turn | the disk | the peer --'
 */
import { assert } from '../../base/assert.ts'
import type { Reading } from '../../broker/reading.ts'
import type { Fields, MethodName } from '../../wire/amqp/method-codec.ts'
import type { Link } from './link.ts'
import { writeBodyPiece } from './write-content.ts'

export class Outlet {
  readonly #link: Link
  readonly #channel: number
  /** Told when it has become busy, or free. */
  readonly #onTurn: () => void
  #reading: Reading | null = null
  /** The peer has to take something first. */
  #awaitsPeer = false
  /** Said in this order when the body is out. Short: while the peer takes nothing, requests are not read. */
  #waiting: (() => void)[] = []

  constructor(link: Link, channel: number, onTurn: () => void) {
    this.#link = link
    this.#channel = channel
    this.#onTurn = onTurn
  }

  /** A body is on its way: only what can wait behind it may be said. */
  get isBusy(): boolean {
    return this.#reading !== null
  }

  send<N extends MethodName>(name: N, fields: Fields<N>): void {
    this.after(() => this.#link.send(this.#channel, name, fields))
  }

  /** Runs the task now, or when the body is out and all that waits already was said. */
  after(task: () => void): void {
    if (!this.isBusy) task()
    else this.#waiting.push(task)
  }

  /** Sends a body whose header was just written, and closes the reading. */
  pour(reading: Reading): void {
    assert(!this.isBusy, 'one body at a time')
    this.#reading = reading
    this.#pour()
    if (this.isBusy) this.#onTurn()
  }

  /** The peer has taken what it was sent. */
  resume(): void {
    if (!this.#awaitsPeer) return
    this.#awaitsPeer = false
    this.#pour()
  }

  /** The connection is over: nothing is said any more. */
  close(): void {
    this.#reading?.close()
    this.#reading = null
    this.#awaitsPeer = false
    this.#waiting = []
  }

  /** The next piece; one a turn, so that others have theirs. */
  readonly #pour = (): void => {
    const reading = this.#reading
    if (reading === null) return
    const { broker, outbox } = this.#link
    const piece = reading.peek()
    if (piece === null) {
      reading.load().then(this.#pour, (error: unknown) => {
        // Of a connection that is gone nobody waits for it.
        if (this.#reading !== reading) return
        const again = (): void => {
          if (this.#reading === reading) this.#pour()
        }
        if (!broker.readFailures.retry(error, again)) broker.fail(error)
      })
      return
    }
    writeBodyPiece(this.#link, this.#channel, piece)
    reading.advance()
    if (reading.isDone) this.#free()
    else if (outbox.isFull) {
      this.#awaitsPeer = true
      this.#link.choke()
    } else broker.world.scheduler.soon(this.#pour)
  }

  #free(): void {
    this.#reading = null
    // One of those who waited may have a body of its own.
    while (!this.isBusy && this.#waiting.length > 0) this.#waiting.shift()!()
    if (!this.isBusy) this.#onTurn()
  }
}

/**
 * The intake of a connection: when it is read, and what comes of broken bytes. It knows where frames end, through its
 * inbox, and not what they mean.
 *
 * Input waits for three reasons, each by itself: it is *held* while a request is with the broker, so that answers
 * keep their order and nothing is taken that has no room; it *rests* when it had its share of the turn; and
 * requests with answers wait while the peer does not take what it was sent, until that is *drained*.
 */
import { assert } from '../../base/assert.ts'
import { Fault } from '../../base/fault.ts'
import { mark } from '../../base/mark.ts'
import type { Connection } from '../../base/ports.ts'
import { Inbox, type Parse } from './inbox.ts'
import { isAlive, type Phase } from './phase.ts'

export interface IntakeOwner {
  readonly connection: Connection
  /** Bytes to be read in one turn. */
  readonly shareBytes: number
  readonly phase: () => Phase
  /** Whole frames, and a piece of one; answers where it stopped. */
  readonly parse: Parse
  /** What came, while there may be a protocol header in it; answers what of it is frames. */
  readonly greet: (bytes: Uint8Array) => Uint8Array
  /** Asks for `turnEnded`. */
  readonly planFlush: () => void
  /** What came cannot be read. */
  readonly broken: (fault: Fault) => void
  /** All that was there was looked at, and nothing is held. */
  readonly unheld: () => void
}

export class Intake {
  readonly #owner: IntakeOwner
  readonly #inbox = new Inbox()
  #holds = 0
  #isResting = false
  /** A request waits until the peer has taken what it was sent, so that nothing behind it can be read. */
  #awaitsDrain = false
  #isParsing = false
  /** Whether the connection is paused. */
  #isPaused = false
  #bytesThisTurn = 0
  /** Bytes ever read. */
  receivedBytes = 0

  constructor(owner: IntakeOwner) {
    this.#owner = owner
  }

  /** Once it is over nobody's answer has to keep its place any more. */
  get isHeld(): boolean {
    return this.#holds > 0 && isAlive(this.#owner.phase())
  }

  /** While it is held nothing is read, and what lies unread may well be a heartbeat. */
  get isListening(): boolean {
    return this.#holds === 0
  }

  /** Bytes of a frame of this channel that is not whole yet. */
  unfinishedBytes(channel: number): number {
    return this.#inbox.unfinishedBytes(channel)
  }

  take(chunk: Uint8Array): void {
    this.receivedBytes += chunk.length
    const owner = this.#owner
    const phase = owner.phase()
    if (phase === 'ending' || phase === 'closed') return
    // A Buffer's `subarray` costs twice a plain array's, and the hot paths take one for each body.
    const bytes = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length)
    this.#guard(() => {
      const frames = owner.greet(bytes)
      if (frames.length > 0) this.#inbox.take(frames, owner.parse)
    })
    this.#bytesThisTurn += chunk.length
    if (this.#bytesThisTurn < owner.shareBytes || this.#isResting) return
    mark('amqp/rests')
    this.#isResting = true
    owner.planFlush()
    this.considerPause()
  }

  turnEnded(): void {
    this.#bytesThisTurn = 0
    if (!this.#isResting) return
    this.#isResting = false
    this.goOn()
  }

  /** Nothing is parsed until the same number of `release`. */
  hold(): void {
    this.#holds++
    this.considerPause()
  }

  release(): void {
    assert(this.#holds > 0, 'released more often than held')
    this.#holds--
    this.goOn()
  }

  /** Nothing is parsed until the peer has taken what it was sent. */
  awaitDrain(): void {
    this.#awaitsDrain = true
    this.considerPause()
  }

  drained(): void {
    this.#awaitsDrain = false
    this.goOn()
  }

  /** Takes up what waited, if nothing holds it any more. */
  goOn(): void {
    if (this.isHeld || this.#isParsing || this.#owner.phase() === 'closed') return
    this.#guard(() => this.#inbox.parse(this.#owner.parse))
    this.considerPause()
  }

  /** Stops and starts the connection, as the three reasons have it. */
  considerPause(): void {
    const isWaiting = this.isHeld || this.#isResting || this.#awaitsDrain
    const shouldPause = isWaiting && isAlive(this.#owner.phase())
    if (shouldPause === this.#isPaused) return
    this.#isPaused = shouldPause
    const { connection } = this.#owner
    if (shouldPause) connection.pause()
    else connection.resume()
  }

  /** What came and was not looked at is not needed any more. */
  clear(): void {
    this.#inbox.clear()
  }

  /** Whatever broken bytes cause ends here, and nothing is read behind them. */
  #guard(action: () => void): void {
    assert(!this.#isParsing, 'parsing within parsing')
    this.#isParsing = true
    try {
      action()
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      this.#inbox.clear()
      this.#owner.broken(error)
    } finally {
      this.#isParsing = false
    }
    if (this.#holds === 0) this.#owner.unheld()
  }
}

/**
 * One request from its arrival to its answer. Whoever handles it answers exactly once, now or later,
 * and keeps nothing of the request's bytes beyond its own turn; the session sends answers in order.
 */
import { assert } from '../../base/assert.ts'
import { openResponse, type RequestHeader } from '../../wire/kafka/frame.ts'
import { WireWriter } from '../../wire/kafka/writer.ts'
import type { Endpoint, Gateway } from './gateway.ts'
import { frameBufferBytesMin } from './limits.ts'

/** What a call needs of its session. */
export interface CallOwner {
  readonly peer: string
  /** Our own end, as the client dialled it. */
  readonly endpoint: Endpoint
  /** The answer may be sent, as soon as all before it were. */
  answered(): void
  /** The connection has to end. */
  failed(reason: string): void
}

/** Room for most answers; larger ones say so. */
const ANSWER_BYTES = 256

export class Call {
  readonly header: RequestHeader
  readonly gateway: Gateway
  readonly #owner: CallOwner
  /** The answer waits until this ticket is durable; 0 for none. */
  ticket = 0
  /** The frame to send; null before the answer, and for one that is none. */
  frame: Uint8Array | null = null
  /** Its memory belongs to the pool, and goes back once it was taken. */
  isPooled = false
  isAnswered = false
  /** What lets go of what it waits for, if the connection goes first. */
  dropped: (() => void) | null = null

  constructor(gateway: Gateway, header: RequestHeader, owner: CallOwner) {
    this.gateway = gateway
    this.header = header
    this.#owner = owner
  }

  get version(): number {
    return this.header.version
  }

  /** Who asks, for people. */
  get peer(): string {
    return this.#owner.peer
  }

  /** Where this client is told to connect to. */
  get endpoint(): Endpoint {
    return this.gateway.options.advertised ?? this.#owner.endpoint
  }

  /** Answers with the body that `write` writes. */
  answer(write: (w: WireWriter) => void): void {
    this.answerFrame(this.encode(ANSWER_BYTES, write))
  }

  /** The same once `ticket` is durable. */
  answerAfter(ticket: number, write: (w: WireWriter) => void): void {
    this.ticket = ticket
    this.answer(write)
  }

  /** A whole answer, to be sent or thrown away. */
  encode(sizeBytes: number, write: (w: WireWriter) => void): Uint8Array {
    const w = new WireWriter({ capacity: sizeBytes })
    const at = openResponse(w, this.header)
    write(w)
    w.closeFrame(at)
    return w.take()
  }

  /** The same in memory that is used again once the answer was taken, where it is large. */
  encodeLarge(sizeBytes: number, write: (w: WireWriter) => void): Uint8Array {
    this.isPooled = sizeBytes >= frameBufferBytesMin
    if (!this.isPooled) return this.encode(sizeBytes, write)
    const { pool } = this.gateway
    const w = new WireWriter({ capacity: sizeBytes, allocate: (size) => pool.take(size) })
    const at = openResponse(w, this.header)
    write(w)
    w.closeFrame(at)
    return w.take()
  }

  /** A frame of `encodeLarge` that nobody sends. */
  discard(frame: Uint8Array): void {
    if (this.isPooled) this.gateway.pool.giveFrame(frame)
  }

  answerFrame(frame: Uint8Array | null): void {
    assert(!this.isAnswered, 'a request that is answered twice')
    this.isAnswered = true
    this.frame = frame
    this.dropped = null
    this.#owner.answered()
  }

  /** The client wants no answer. */
  silence(): void {
    this.answerFrame(null)
  }

  /** There is no answer to this, so the connection ends. */
  fail(reason: string): void {
    this.#owner.failed(reason)
  }
}

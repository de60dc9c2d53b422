/**
 * A session is one client of the Kafka listener, from its first byte to its last answer. It owns the
 * connection and cuts what arrives into requests; answers leave in the order of the requests.
 */
import { unreachable } from '../../base/assert.ts'
import { Fault } from '../../base/fault.ts'
import { mark } from '../../base/mark.ts'
import type { Connection, ConnectionHandler } from '../../base/ports.ts'
import { Ring } from '../../base/ring.ts'
import type { CommitWatcher } from '../../broker/commits.ts'
import { decodeRequestHeader, frameSize } from '../../wire/kafka/frame.ts'
import { kafkaWireLimits } from '../../wire/kafka/limits.ts'
import { apis } from '../../wire/kafka/messages/apis.generated.ts'
import { WireReader } from '../../wire/kafka/reader.ts'
import { Call, type CallOwner } from './call.ts'
import { FrameBuffer } from './frame-buffer.ts'
import type { Endpoint, Gateway } from './gateway.ts'
import { handle } from './handlers.ts'

const SIZE_BYTES = 4

/** Nobody can dial a path by host and port: whoever came by one stays on its connection. */
const NOWHERE: Endpoint = { host: 'localhost', port: 0 }

//            a request waits, or answers are not taken
//   open ------------------------------------------------> open, paused     (the socket is not read)
//     |   <------------------------------------------------     |
//     |                 answered, answers taken                  |
//     '---------------------------+------------------------------'
//                                 |  the client ended and all is answered; a fault; a stop, when
//                                 |  what is in the log is answered
//                                 v
//                              closed
//
// One request is under way at a time, but for Produce: those wait for the disk together.
type Phase = 'open' | 'closed'

export class Session implements ConnectionHandler, CommitWatcher, CallOwner {
  readonly peer: string
  readonly endpoint: Endpoint
  readonly #gateway: Gateway
  readonly #connection: Connection
  readonly #input: FrameBuffer
  readonly #onClosed: () => void
  /** In the order of arrival, the oldest first; each leaves with its answer. */
  readonly #calls = new Ring<Call>()
  #phase: Phase = 'open'
  /** All calls are Produce requests that have their places in the log. */
  #onlyProduces = false
  /** The client sends no more. */
  #isEnded = false
  #isPaused = false
  /** We send no more than answers to what is under way. */
  #isLeaving = false
  /** Answers that the system has not taken are too many. */
  #isCongested = false
  /** The connection will tell when it has taken all: only then may anything wait for that. */
  #willDrain = false
  #isPumping = false
  #isWatching = false
  /** Read since #turnRests was last cleared. */
  #turnBytes = 0
  #turnRests = false
  /** Frames in memory of the pool, and how much was written when each was: the oldest first. */
  readonly #lent = new Ring<{ readonly frame: Uint8Array; readonly writtenBytes: number }>()
  #writtenBytes = 0
  /** Why it was ended from our side; null while it was not. */
  refusal: string | null = null

  constructor(gateway: Gateway, connection: Connection, onClosed: () => void) {
    this.#gateway = gateway
    this.#connection = connection
    this.#onClosed = onClosed
    this.#input = new FrameBuffer(gateway.pool)
    this.peer = connection.peer
    this.endpoint = connection.local ?? NOWHERE
  }

  start(): void {
    this.#connection.start(this)
  }

  // The connection.

  data(bytes: Uint8Array): void {
    if (this.#phase === 'closed' || this.#isLeaving) return
    this.#giveBack()
    this.#input.add(bytes)
    this.#turnBytes += bytes.length
    this.#pump()
    if (this.#isOver()) return
    this.#input.keep(this.#wantedBytes())
    if (this.#turnBytes >= this.#gateway.limits.turnBytes) this.#rest()
    this.#steer()
  }

  ended(): void {
    this.#isEnded = true
    this.#endIfDone()
  }

  drained(): void {
    this.#willDrain = false
    if (!this.#isCongested) return
    this.#isCongested = false
    this.#goOn()
  }

  closed(): void {
    this.#close()
  }

  // Calls.

  answered(): void {
    this.#flush()
    this.#goOn()
  }

  failed(reason: string): void {
    this.refusal = reason
    this.destroy()
  }

  /** One commit is durable. */
  settled(): boolean {
    this.#flush()
    this.#goOn()
    this.#isWatching = this.#awaitsCommit()
    return this.#isWatching
  }

  /** Ends the connection as soon as what is under way is answered. What waits for more than the disk is let go of. */
  leave(): void {
    if (this.#phase === 'closed' || this.#isLeaving) return
    this.#isLeaving = true
    if (!this.#isBusy() && this.#connection.pendingBytes === 0) this.destroy()
    else this.#goOn()
  }

  /** Drops the connection at once. */
  destroy(): void {
    if (this.#phase === 'closed') return
    this.#connection.destroy()
    this.#close()
  }

  // Input.

  #goOn(): void {
    if (this.#phase === 'closed' || this.#isPumping) return
    this.#pump()
    if (this.#isOver()) return
    this.#input.keep(this.#wantedBytes())
    this.#steer()
    this.#endIfDone()
  }

  #pump(): void {
    if (this.#isPumping || this.#isLeaving) return
    this.#isPumping = true
    try {
      while (this.#phase === 'open' && this.#takeOne());
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      this.failed(`${error.code}: ${error.message}`)
    } finally {
      this.#isPumping = false
    }
  }

  /** Handles the next request if it is whole and may begin. */
  #takeOne(): boolean {
    const input = this.#input
    const size = this.#frameSize()
    if (size < 0 || input.size < size) return false
    const { bytes, at } = input
    const apiKey = (bytes[at + SIZE_BYTES]! << 8) | bytes[at + SIZE_BYTES + 1]!
    if (!this.#mayBegin(apiKey)) return false
    const r = new WireReader(bytes, at + SIZE_BYTES, at + size)
    const call = new Call(this.#gateway, decodeRequestHeader(r), this)
    this.#onlyProduces = apiKey === apis.Produce.key
    this.#calls.push(call)
    handle(call, r)
    if (this.#phase === 'open') input.drop(size)
    return true
  }

  #frameSize(): number {
    const { bytes, at, end } = this.#input
    return frameSize(bytes, { at, end, max: kafkaWireLimits.frameBytes })
  }

  /** How many bytes have to be held before the next request can begin; 0 when nobody knows. */
  #wantedBytes(): number {
    return Math.max(0, this.#frameSize())
  }

  #mayBegin(apiKey: number): boolean {
    if (this.#isCongested) return false
    const { size } = this.#calls
    if (size === 0) return true
    if (apiKey !== apis.Produce.key || !this.#onlyProduces) return false
    // The newest may still wait for room in the journal: its batches come first.
    const newest = this.#calls.at(size - 1)
    return newest.isAnswered && size < this.#gateway.limits.producesInFlight
  }

  /** Reads on or not: what nobody may begin yet is left to the system, which slows the client down. */
  #steer(): void {
    const { waitingBytes } = this.#gateway.limits
    const isBlocked = this.#isCongested || this.#calls.size > 0
    const wantsPause = this.#turnRests || (isBlocked && this.#input.size >= waitingBytes)
    const isPartial = this.#input.size < this.#wantedBytes()
    const pause = wantsPause && (this.#turnRests || !isPartial || this.#isCongested)
    if (pause === this.#isPaused) return
    this.#isPaused = pause
    if (pause) this.#connection.pause()
    else this.#connection.resume()
  }

  /** Enough for this turn: the others have theirs first. */
  #rest(): void {
    if (this.#turnRests) return
    mark('kafka/rests')
    this.#turnRests = true
    this.#gateway.world.scheduler.soon(() => {
      this.#turnRests = false
      this.#turnBytes = 0
      if (this.#phase === 'open') this.#steer()
    })
  }

  // Output.

  /** Sends the answers that may go, in one write where there are several. */
  #flush(): void {
    if (this.#phase === 'closed') return
    this.#giveBack()
    const through = this.#gateway.broker.commits.through
    let written = 0
    for (let call = this.#calls.peek(); call !== undefined; call = this.#calls.peek()) {
      if (!call.isAnswered || call.ticket > through) break
      this.#calls.shift()
      if (call.frame === null) continue
      if (written === 0) this.#connection.cork()
      written++
      if (!this.#connection.write(call.frame)) this.#willDrain = true
      this.#writtenBytes += call.frame.length
      if (call.isPooled) this.#lent.push({ frame: call.frame, writtenBytes: this.#writtenBytes })
    }
    if (written > 0) this.#connection.uncork()
    const { outboundBytes } = this.#gateway.limits
    this.#isCongested = this.#willDrain && this.#connection.pendingBytes > outboundBytes
    if (this.#isCongested) mark('kafka/congested')
    if (this.#awaitsCommit() && !this.#isWatching) {
      this.#isWatching = true
      this.#gateway.broker.commits.watch(this)
    }
  }

  /** What the system has taken is nobody's any more. */
  #giveBack(): void {
    if (this.#lent.size === 0) return
    const taken = this.#writtenBytes - this.#connection.pendingBytes
    for (let lent = this.#lent.peek(); lent !== undefined; lent = this.#lent.peek()) {
      if (lent.writtenBytes > taken) break
      this.#gateway.pool.giveFrame(lent.frame)
      this.#lent.shift()
    }
  }

  #awaitsCommit(): boolean {
    const oldest = this.#calls.peek()
    return oldest?.isAnswered === true && oldest.ticket > this.#gateway.broker.commits.through
  }

  // The end.

  /** The oldest call is answered once the disk has something, and waits for nobody else. */
  #isBusy(): boolean {
    const oldest = this.#calls.peek()
    if (oldest === undefined || this.#gateway.broker.failure !== null) return false
    return oldest.isAnswered || oldest.dropped === null
  }

  #endIfDone(): void {
    if (this.#phase !== 'closed' && this.#isLeaving && !this.#isBusy()) {
      // It is over when the client has taken all and goes too.
      this.#dropCalls()
      this.#connection.end()
      return
    }
    if (this.#phase === 'closed' || !this.#isEnded || this.#calls.size > 0) return
    // Requests that nobody has begun may lie behind answers that are not taken.
    if (this.#isCongested) return
    this.#connection.end()
    this.#close()
  }

  /** Asked after calls that may have ended it, where the compiler believes otherwise. */
  #isOver(): boolean {
    return this.#phase === 'closed'
  }

  #close(): void {
    switch (this.#phase) {
      case 'closed':
        return
      case 'open':
        break
      default:
        unreachable(this.#phase)
    }
    this.#phase = 'closed'
    this.#input.release()
    this.#gateway.broker.commits.unwatch(this)
    this.#dropCalls()
    this.#onClosed()
  }

  #dropCalls(): void {
    for (let call = this.#calls.shift(); call !== undefined; call = this.#calls.shift()) {
      call.dropped?.()
    }
  }
}

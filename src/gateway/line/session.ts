/**
 * A session is one client of a line socket, from its first byte to the last answer. It owns the connection
 * and what has arrived and is not yet taken; it never keeps more than the sink and the client make it keep.
 */
import { Fault } from '../../base/fault.ts'
import type { Connection, ConnectionHandler, Timer, World } from '../../base/ports.ts'
import { type Framer, type Framing, framer, LENGTH_SIZE } from './framing.ts'
import { Held } from './held.ts'
import type { LineLimits } from './limits.ts'
import { type Bodies, bodyOf, type LineMessage } from './message.ts'
import type { LineSink, Position } from './sink.ts'

const encoder = new TextEncoder()

export type LineWorld = Pick<World, 'clock' | 'net' | 'scheduler'>

/** `ok`: each message is answered with its position once it is durable. Only for a sink that says when that is. */
export type Answers = 'none' | 'ok'

export interface SessionOptions extends LineLimits {
  readonly framing: Framing
  readonly bodies: Bodies
  readonly answers: Answers
}

/** What one client has done so far. */
export interface SessionCounters {
  readonly peer: string
  messages: number
  bytes: number
  answered: number
  /** How often it had to wait for room in the queue. */
  waits: number
  /** Bytes of a message that never became whole, or that a stop cut off. */
  cutBytes: number
  /** Why it was let go, or `null` if it left by itself. */
  refusal: string | null
}

//              sink full, too many unanswered, answers not taken
//   reading ---------------------------------------------------> holding      (the socket is paused)
//      |    <---------------------------------------------------    |
//      |            room, acknowledged, answers taken               |
//      '------------------------------+-----------------------------'
//                                     |  the client ended and all is handed over; a fault; time ran out;
//                                     v  the sink is closed; a stop
//                                 finishing       (nothing more is taken)
//                                     |  what was taken is answered; last comes ERR, if there is a reason
//                                     v
//                                 lingering       (our side has ended)
//                                     |  the connection is gone, or lingerMs passed
//                                     v
//                                  closed
//
// What a client still sends while finishing or lingering is read and thrown away, because a connection closed
// with unread bytes is reset, and the reset may overtake our last line.
// When the connection is gone, what arrived before is handed over all the same: then holding waits for room only.
type Phase = 'reading' | 'holding' | 'finishing' | 'lingering' | 'closed'

export class Session implements ConnectionHandler {
  readonly counters: SessionCounters
  readonly #world: LineWorld
  readonly #connection: Connection
  readonly #sink: LineSink
  readonly #options: SessionOptions
  readonly #framer: Framer
  readonly #held = new Held()
  readonly #stopped = new AbortController()
  readonly #onClosed: () => void
  #phase: Phase = 'reading'
  /** The client will send no more; what is held now is all. */
  #ended = false
  /** The connection is gone: nothing can be answered. */
  #gone = false
  /** A message is with the sink, waiting for room. */
  #waiting = false
  /** The client does not take its answers as fast as it sends. */
  #undrained = false
  /** Messages taken and not yet acknowledged; stays 0 where no answers are sent. */
  #unanswered = 0
  /** Answers made in this turn and not yet written: one write for all of them. */
  #answers: string[] = []
  /** Our side has ended: nothing may be written. */
  #saidEnd = false
  /** When the client last did anything, and when the message now arriving began (or -1). */
  #activeMs: number
  #begunMs = -1
  #timer: Timer | null = null

  constructor(owner: {
    readonly world: LineWorld
    readonly connection: Connection
    readonly sink: LineSink
    readonly options: SessionOptions
    readonly onClosed: () => void
  }) {
    const { world, connection, sink, options } = owner
    this.#world = world
    this.#connection = connection
    this.#sink = sink
    this.#options = options
    this.#onClosed = owner.onClosed
    this.#framer = framer({
      framing: options.framing,
      messageBytesMax: options.messageBytesMax,
      characters: options.bodies === 'bytes' ? 'any' : 'whole',
    })
    this.counters = {
      peer: connection.peer,
      messages: 0,
      bytes: 0,
      answered: 0,
      waits: 0,
      cutBytes: 0,
      refusal: null,
    }
    this.#activeMs = world.clock.monotonicMs()
  }

  start(): void {
    this.#arm(Math.min(this.#options.idleMs, this.#options.messageMs))
    this.#connection.start(this)
  }

  /** Instead of `start`: says why, and lets the client go. */
  turnAway(reason: string): void {
    this.#connection.start(this)
    this.#refuse(reason)
  }

  // What the connection tells.

  data(bytes: Uint8Array): void {
    this.counters.bytes += bytes.length
    this.#activeMs = this.#world.clock.monotonicMs()
    if (this.#phase !== 'reading' && this.#phase !== 'holding') {
      this.counters.cutBytes += bytes.length
      return
    }
    this.#held.add(bytes)
    this.#pump()
    this.#held.keep()
  }

  ended(): void {
    this.#ended = true
    this.#pump()
  }

  drained(): void {
    this.#activeMs = this.#world.clock.monotonicMs()
    this.#undrained = false
    this.#pump()
  }

  closed(_error: Error | null): void {
    // A reset ends a client as any other end does: many a client closes without reading our answers, and
    // then its system says "reset" although every byte it sent is here.
    this.#ended = true
    this.#gone = true
    this.#undrained = false
    if (this.#phase === 'lingering' || this.#phase === 'finishing') this.#close()
    else this.#pump()
  }

  // What the listener tells.

  /**
   * Lets the client end. Without answers it is told that nothing more will come, and may bring what it has under
   * way. Where answers are sent our side cannot end before the last of them, so reading ends instead: what was
   * not answered was not taken, and the client knows it.
   */
  drain(): void {
    if (this.#phase !== 'reading' && this.#phase !== 'holding') return
    if (this.#options.answers === 'none') this.#sayEnd()
    else this.#finishing()
  }

  /** Drops the client now. */
  destroy(): void {
    this.#close()
  }

  // From bytes to messages.

  #pump(): void {
    while (this.#mayTake()) {
      const message = this.#cut()
      if (message === null) {
        this.#caughtUp()
        return
      }
      this.#offer(message)
    }
    this.#hold()
  }

  /** Whether another message may be cut and offered now. */
  #mayTake(): boolean {
    if (this.#phase !== 'reading' && this.#phase !== 'holding') return false
    if (this.#waiting) return false
    if (this.#gone) return true
    return !this.#undrained && this.#unanswered < this.#options.unansweredMax
  }

  #cut(): LineMessage | null {
    try {
      let bytes = this.#framer.next(this.#held)
      if (bytes === null && this.#ended) bytes = this.#framer.last(this.#held)
      if (bytes === null) return null
      this.#begunMs = -1
      return bodyOf(bytes, this.#options.bodies)
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      this.#refuse(error.message)
      return null
    }
  }

  #offer(message: LineMessage): void {
    const position = this.#sink.offer(message)
    if (position === 'closed') this.#refuse('closed')
    else if (position === 'full') this.#wait(message)
    else this.#taken(position)
  }

  #wait(message: LineMessage): void {
    this.counters.waits++
    this.#waiting = true
    this.#sink.put(message, this.#stopped.signal).then(
      (position) => {
        this.#waiting = false
        this.#activeMs = this.#world.clock.monotonicMs()
        this.#taken(position)
        this.#pump()
      },
      () => {
        this.#waiting = false
        this.#refuse('closed')
        this.#finish()
      },
    )
  }

  #taken(position: Position): void {
    this.counters.messages++
    if (this.#options.answers === 'none') return
    this.#unanswered++
    this.#sink.acked(position).then(
      () => this.#answer(position),
      () => {
        this.#unanswered--
        this.#refuse('not stored')
        this.#finish()
      },
    )
  }

  #hold(): void {
    if (this.#phase !== 'reading') return
    this.#phase = 'holding'
    if (!this.#gone) this.#connection.pause()
  }

  /** Everything that is whole has been taken. */
  #caughtUp(): void {
    if (this.#phase !== 'reading' && this.#phase !== 'holding') return
    if (this.#ended) {
      this.#finishing()
      return
    }
    if (this.#held.size > 0 && this.#begunMs < 0) this.#begunMs = this.#world.clock.monotonicMs()
    if (this.#phase === 'holding') {
      this.#phase = 'reading'
      this.#connection.resume()
    }
  }

  // Answers.

  #answer(position: Position): void {
    this.#unanswered--
    // The acknowledgements of one commit arrive in one turn; the first of them writes for all.
    if (this.#answers.length === 0) void Promise.resolve().then(() => this.#writeAnswers())
    this.#answers.push(`OK ${position}`)
  }

  #writeAnswers(): void {
    this.counters.answered += this.#write(this.#answers)
    this.#answers = []
    this.#finish()
    this.#pump()
  }

  /** Writes these lines in the client's own framing; returns how many could still be written. */
  #write(lines: readonly string[]): number {
    if (lines.length === 0 || this.#gone || this.#saidEnd || this.#phase === 'closed') return 0
    const encode = this.#options.framing === 'length' ? encodeLengths : encodeLines
    if (!this.#connection.write(encode(lines))) this.#undrained = true
    return lines.length
  }

  // The end.

  #refuse(reason: string): void {
    if (this.#phase !== 'reading' && this.#phase !== 'holding') return
    this.counters.refusal = reason
    this.#finishing()
  }

  #finishing(): void {
    this.#phase = 'finishing'
    this.#cutOff()
    this.#stopped.abort()
    this.#finish()
  }

  /** Goes on once nothing is under way any more. */
  #finish(): void {
    if (this.#phase !== 'finishing' || this.#waiting) return
    const isAnswered = this.#unanswered === 0 && this.#answers.length === 0
    if (!isAnswered && !this.#gone) return
    if (this.counters.refusal !== null) this.#write([`ERR ${this.counters.refusal}`])
    this.#linger()
  }

  #linger(): void {
    this.#phase = 'lingering'
    if (this.#gone) {
      this.#close()
      return
    }
    this.#sayEnd()
    this.#connection.resume()
    this.#timer?.cancel()
    this.#timer = this.#world.scheduler.after(this.#options.lingerMs, () => this.#close())
  }

  #sayEnd(): void {
    if (this.#saidEnd || this.#gone) return
    this.#saidEnd = true
    this.#connection.end()
  }

  #cutOff(): void {
    this.counters.cutBytes += this.#held.size
    this.#held.drop(this.#held.size)
  }

  #close(): void {
    if (this.#phase === 'closed') return
    this.#phase = 'closed'
    this.#cutOff()
    this.#timer?.cancel()
    this.#stopped.abort()
    if (!this.#gone) this.#connection.destroy()
    this.#onClosed()
  }

  // Time.

  #arm(afterMs: number): void {
    if (afterMs === Number.POSITIVE_INFINITY) return
    this.#timer = this.#world.scheduler.after(afterMs, () => this.#look())
  }

  /** Looks at what the client has done since, instead of moving a timer with every byte. */
  #look(): void {
    const { idleMs, messageMs } = this.#options
    const nowMs = this.#world.clock.monotonicMs()
    // Waiting for the sink is no fault of the client.
    if (this.#waiting || (this.#unanswered > 0 && !this.#undrained)) {
      this.#activeMs = nowMs
      if (this.#begunMs >= 0) this.#begunMs = nowMs
    }
    const idleLeftMs = this.#activeMs + idleMs - nowMs
    const messageLeftMs = this.#begunMs < 0 ? messageMs : this.#begunMs + messageMs - nowMs
    if (idleLeftMs <= 0) this.#refuse(`idle for ${idleMs} ms`)
    else if (messageLeftMs <= 0) this.#refuse(`message not whole after ${messageMs} ms`)
    else this.#arm(Math.min(idleLeftMs, messageLeftMs))
  }
}

function encodeLines(lines: readonly string[]): Uint8Array {
  return encoder.encode(`${lines.join('\n')}\n`)
}

function encodeLengths(lines: readonly string[]): Uint8Array {
  const bodies = lines.map((line) => encoder.encode(line))
  const size = bodies.reduce((sum, body) => sum + LENGTH_SIZE + body.length, 0)
  const bytes = new Uint8Array(size)
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const body of bodies) {
    view.setUint32(at, body.length)
    bytes.set(body, at + LENGTH_SIZE)
    at += LENGTH_SIZE + body.length
  }
  return bytes
}

/**
 * A link is one connection to another process that carries values both ways. It owns the connection, what is
 * under way on it and the beat that shows that both sides live. It never waits and knows no callers: those
 * are the channel's (process-channel.ts), and a link tells it when something may have changed.
 */
import { Fault } from '../../base/fault.ts'
import type { Connection, ConnectionHandler, Timer } from '../../base/ports.ts'
import { ChannelMisuse, type Ending, type Ports, type Sendable } from '../contract.ts'
import { FRAME, TYPE_SIZE } from './frame.ts'
import { hearAnswer, judgeVisitor } from './greeting.ts'
import { encodeHello, type Hello } from './hello.ts'
import { Inbox } from './inbox.ts'
import { greetingMs, helloBytesMax, partingMs } from './limits.ts'
import { LinkTally } from './link-tally.ts'
import { type LinkUser, nobody } from './link-user.ts'
import { lossOf } from './loss.ts'
import { Outbox } from './outbox.ts'
import { Pulse } from './pulse.ts'
import { ReceiveWindow, SendWindow } from './window.ts'

//  greeting --hello--> open --our leave and theirs--> parting --connection gone--> over
//     |                  |                               '--partingMs--> over
//     |                  |--connection gone, after both ends--> over
//     |                  '--connection gone, fault, silence--> over, with a failure
//     '--refused, connection gone, fault, greetingMs--> over, with a failure
export type Phase = 'greeting' | 'open' | 'parting' | 'over'

export interface LinkOptions {
  readonly ports: Ports
  readonly connection: Connection
  /** What we say. The side that connected says it first. */
  readonly hello: Hello
  readonly side: 'connecting' | 'listening'
  /** The listening side's verdict on who comes: `null`, or why not. */
  readonly admit: (hello: Hello) => string | null
}

export class Link implements ConnectionHandler {
  readonly peer: string
  user: LinkUser = nobody
  /** Why it is over, if not by both sides' will. */
  failure: Error | null = null
  /** No value will arrive any more; those that wait can still be received. */
  inEnded = false
  /** No value can be sent any more. */
  outEnded = false
  /** Values sent and received. */
  sent = 0
  received = 0
  readonly tally: LinkTally
  readonly #ports: Ports
  readonly #connection: Connection
  readonly #options: LinkOptions
  readonly #outbox: Outbox
  readonly #inbox: Inbox
  #phase: Phase = 'greeting'
  readonly #sending = new SendWindow()
  readonly #receiving: ReceiveWindow
  #toldStop = false
  #toldLeave = false
  #heardLeave = false
  #toldEnd = false
  #flushDue = false
  #timer: Timer | null = null
  readonly #pulse: Pulse
  readonly #onFlush = (): void => this.#flush()
  readonly #onMalformed = (error: Error): void => this.#lose(error)

  constructor(options: LinkOptions) {
    this.#options = options
    this.#ports = options.ports
    this.#connection = options.connection
    this.peer = options.connection.peer
    this.#outbox = new Outbox(options.connection)
    this.#pulse = new Pulse(options.ports.scheduler, {
      sentBytes: () => this.#outbox.sentBytes,
      beat: () => this.#beat(),
      silent: () => this.#silent(),
    })
    this.#inbox = new Inbox(helloBytesMax, (type, body) => this.#control(type, body))
    this.tally = new LinkTally({
      sent: () => this.sent,
      over: () => this.over,
      owes: () => this.#flushSoon(),
      released: () => this.#part(),
      quit: () => this.#leaving(),
      failure: () => this.failure,
    })
    this.#receiving = new ReceiveWindow(options.hello.limits, this.#inbox)
  }

  start(): void {
    this.#timer = this.#ports.scheduler.after(greetingMs, () =>
      this.#lose(new Fault('greeting', `no greeting within ${greetingMs} ms`)),
    )
    this.#connection.start(this)
    if (this.#options.side === 'connecting') this.#greet()
  }

  get over(): boolean {
    return this.#phase === 'over'
  }

  get phase(): Phase {
    return this.#phase
  }

  get readable(): boolean {
    return this.#inbox.ready > 0
  }

  /** Values that can be received now. */
  get ready(): number {
    return this.#inbox.ready
  }

  /** Values that arrived and that nobody here will receive. */
  get dropped(): number {
    return this.#inbox.discarded
  }

  get capacity(): number {
    return this.#sending.limits.windowMessages
  }

  get bytesIn(): number {
    return this.#inbox.arrivedBytes
  }

  get bytesOut(): number {
    return this.#outbox.sentBytes
  }

  /** Values sent that the other side's program has not been seen to receive. */
  get underWay(): number {
    return this.#sending.messages
  }

  get writable(): boolean {
    return this.#phase === 'open' && !this.outEnded && this.#sending.open
  }

  /** Sends the value if the other side has room for it. */
  send(value: Sendable): boolean {
    if (!this.writable) return false
    const { messageBytesMax } = this.#sending.limits
    const frameBytes = this.#outbox.value(value, messageBytesMax)
    this.sent++
    this.#sending.sent(frameBytes)
    this.#flushSoon()
    return true
  }

  /** The oldest value that arrived, or `undefined`. */
  receive(): Sendable | undefined {
    const value = this.#inbox.take(this.#onMalformed)
    if (value === undefined) return undefined
    this.received++
    this.#receiving.received()
    if (this.#receiving.due) this.#flushSoon()
    return value
  }

  /** Says that no value follows from here. */
  finish(): void {
    if (this.outEnded) return
    this.outEnded = true
    if (this.#phase !== 'open') return
    this.#outbox.frame(FRAME.end)
    this.#flushSoon()
    this.#part()
    this.user.changed()
  }

  /** Asks the other side to send nothing any more; with `now` what is under way is thrown away, there and here. */
  stop(ending: Ending): void {
    if (ending === 'now') this.#inbox.discard()
    if (this.#phase !== 'open' || (this.#toldStop && ending === 'drain')) return
    this.#toldStop = true
    this.#outbox.frame(FRAME.stop, ENDINGS[ending])
    this.#flushSoon()
  }

  /** Drops the connection: for the other side this process is lost. */
  destroy(): void {
    this.#lose(new Fault('dropped', 'the connection was dropped here'))
  }

  // What the connection tells.

  data(bytes: Uint8Array): void {
    if (this.#phase === 'over') return
    this.#pulse.heard()
    const readyBefore = this.#inbox.ready
    try {
      this.#inbox.add(bytes)
      this.#receiving.check()
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      this.#lose(error)
    }
    if (this.tally.owes(this.dropped)) this.#flushSoon()
    if (readyBefore === 0 && this.#inbox.ready > 0) this.user.readable()
  }

  ended(): void {
    if (this.#phase === 'open' || this.#phase === 'greeting') {
      this.#lose(new Fault('ended', 'the connection ended before the channel did'))
    }
  }

  drained(): void {
    // Nothing waits for the socket: what is under way is bounded by the window.
  }

  closed(error: Error | null): void {
    if (this.#phase === 'parting') this.#leave()
    else this.#lose(error ?? new Fault('closed', 'the connection is closed'))
  }

  // Frames.

  #control(type: number, body: Buffer): void {
    if (this.#phase === 'greeting') {
      this.#greeted(type, body)
      return
    }
    switch (type) {
      case FRAME.credit:
        this.#credited(body)
        break
      case FRAME.beat:
        break
      case FRAME.end:
        this.#theirEnd()
        break
      case FRAME.stop:
        this.#theirStop(body)
        break
      case FRAME.done:
        this.tally.learn(body)
        this.#part()
        if (this.tally.unfinished === 0) this.user.changed()
        break
      case FRAME.leave:
        this.#leaving()
        break
      default:
        throw new Fault('frame-type', `a frame of type ${type} while open`)
    }
  }

  #greet(): void {
    this.#outbox.frame(FRAME.hello, encodeHello(this.#options.hello))
    this.#outbox.flush()
  }

  #greeted(type: number, body: Buffer): void {
    const { side, admit, hello } = this.#options
    let theirs: Hello
    if (side === 'connecting') {
      theirs = hearAnswer(type, body)
    } else {
      const verdict = judgeVisitor(type, body, admit)
      if (verdict.kind === 'refuse') {
        this.#refuse(verdict.why)
        return
      }
      theirs = verdict.hello
      this.#greet()
    }
    this.#sending.limits = theirs.limits
    this.#inbox.allow(hello.limits.messageBytesMax + TYPE_SIZE)
    this.#phase = 'open'
    this.#timer?.cancel()
    this.#pulse.start(hello.limits.silenceMs, theirs.limits.silenceMs)
    this.user.changed()
    this.user.writable()
  }

  #refuse(why: string): void {
    this.#outbox.frame(FRAME.refuse, Buffer.from(why))
    this.#outbox.flush()
    this.#connection.end()
    this.failure = new ChannelMisuse(`${this.peer} was refused: ${why}`)
    this.#partWithin()
  }

  #credited(body: Buffer): void {
    const wasWritable = this.writable
    this.#sending.credited(body)
    if (!wasWritable && this.writable) this.user.writable()
    else if (this.underWay === 0) this.user.changed()
  }

  #theirEnd(): void {
    if (this.inEnded) throw new Fault('end', 'a second end')
    this.inEnded = true
    this.#inbox.end()
    this.#part()
    this.user.changed()
  }

  #theirStop(body: Buffer): void {
    if (body.length !== 1) throw new Fault('stop', `a stop of ${body.length} bytes`)
    if (body[0] === ENDINGS.now[0]) this.#inbox.discard()
    this.finish()
  }

  // Sending.

  #flushSoon(): void {
    if (this.#flushDue) return
    this.#flushDue = true
    this.#ports.scheduler.soon(this.#onFlush)
  }

  #flush(): void {
    this.#flushDue = false
    if (this.#phase === 'over') return
    if (this.#phase === 'open' && this.#receiving.due) {
      const { messages, bytes } = this.#receiving.take()
      this.#outbox.pair(FRAME.credit, messages, bytes)
    }
    if (this.#phase !== 'greeting' && !this.#toldEnd) this.tally.write(this.#outbox, this.dropped)
    this.#outbox.flush()
    if (this.#phase !== 'parting' || this.#toldEnd) return
    this.#toldEnd = true
    this.#connection.end()
  }

  #beat(): void {
    this.#outbox.frame(FRAME.beat)
    this.#outbox.flush()
  }

  // The end.

  #silent(): void {
    const { silenceMs } = this.#options.hello.limits
    this.#lose(new Fault('silent', `nothing was heard for ${silenceMs} ms`))
  }

  /** The other side does not wait, or is not waited for. */
  #leaving(): void {
    this.#heardLeave = true
    this.#part()
  }

  /** Both sides have ended: whoever waits to hear what is done stays as long as that takes. */
  #part(): void {
    if (this.#phase !== 'open' || !this.inEnded || !this.outEnded) return
    if (!this.#toldLeave) {
      if (this.tally.holds) return
      this.#toldLeave = true
      this.#outbox.frame(FRAME.leave)
      this.#flushSoon()
    }
    if (!this.#heardLeave) return
    this.#flushSoon()
    this.#partWithin()
  }

  #partWithin(): void {
    this.#phase = 'parting'
    this.#timer?.cancel()
    this.#pulse.stop()
    this.#timer = this.#ports.scheduler.after(partingMs, () => this.#leave())
  }

  /** Over by both sides' will. */
  #leave(): void {
    this.#over()
    this.user.changed()
  }

  #lose(cause: Error): void {
    if (this.#phase === 'over') return
    if (this.#phase === 'parting' || (this.inEnded && this.outEnded)) {
      this.#leave()
      return
    }
    this.failure = lossOf(this.peer, this.underWay, cause)
    this.#over()
    this.user.changed()
  }

  #over(): void {
    this.#phase = 'over'
    this.#timer?.cancel()
    this.#pulse.stop()
    this.#inbox.shut()
    this.#connection.destroy()
  }
}

const ENDINGS = { drain: Uint8Array.of(1), now: Uint8Array.of(2) } as const

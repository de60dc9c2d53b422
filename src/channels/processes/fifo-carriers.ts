/**
 * The two halves of a one-way pipe as carriers of a channel. There is no way back: what slows the writer is the
 * system's own buffer, and what the reader has received the writer never learns.
 */
import { Fault } from '../../base/fault.ts'
import type { Connection, ConnectionHandler, Timer } from '../../base/ports.ts'
import { ChannelPeerLost, type Ending, type Ports, type Sendable } from '../contract.ts'
import { FRAME, TYPE_SIZE } from './frame.ts'
import { decodeHello, encodeHello, type Hello } from './hello.ts'
import { Inbox } from './inbox.ts'
import { helloBytesMax, partingMs } from './limits.ts'
import { type LinkUser, nobody } from './link-user.ts'
import { Outbox } from './outbox.ts'
import type { Carrier } from './process-channel.ts'
import { Pulse } from './pulse.ts'

// The frames are those of a link (frame.ts), of which a pipe has hello, value, beat and end. The limits in the
// hello are the writer's word: it sends nothing larger, and is never silent for longer.

/** What both halves have: one connection, one way to end well, and several to end badly. */
abstract class Half implements ConnectionHandler {
  user: LinkUser = nobody
  failure: Error | null = null
  over = false
  protected readonly connection: Connection
  protected readonly pulse: Pulse

  constructor(connection: Connection, ports: Ports) {
    this.connection = connection
    this.pulse = new Pulse(ports.scheduler, {
      sentBytes: () => this.sentBytes(),
      beat: () => this.beat(),
      silent: () => this.lose(new Fault('silent', 'the writer has fallen silent')),
    })
  }

  abstract data(bytes: Uint8Array): void
  abstract ended(): void
  abstract drained(): void
  abstract closed(error: Error | null): void
  protected abstract sentBytes(): number
  protected abstract beat(): void

  protected lose(cause: Error): void {
    if (this.over) return
    const { peer } = this.connection
    this.failure = new ChannelPeerLost(`the other end of ${peer} is lost: ${cause.message}`, {
      cause,
    })
    this.leave()
  }

  protected leave(): void {
    if (this.over) return
    this.over = true
    this.pulse.stop()
    this.connection.destroy()
    this.user.changed()
  }
}

export class FifoWriter extends Half implements Carrier {
  readonly readable = false
  readonly tally = null
  readonly ready = 0
  readonly inEnded = true
  /** Nothing is counted here after it has left: see `settled`. */
  readonly underWay = 0
  readonly received = 0
  readonly dropped = 0
  readonly bytesIn = 0
  outEnded = false
  sent = 0
  readonly #hello: Hello
  readonly #ports: Ports
  readonly #outbox: Outbox
  #flushDue = false
  /** Set while it is closed now and its end has not been read. */
  #parting: Timer | null = null

  constructor(connection: Connection, hello: Hello, ports: Ports) {
    super(connection, ports)
    this.#hello = hello
    this.#ports = ports
    this.#outbox = new Outbox(connection)
  }

  start(): void {
    this.connection.start(this)
    this.#outbox.frame(FRAME.hello, encodeHello(this.#hello))
    this.#outbox.flush()
    // It bears any silence, since nobody ever answers.
    this.pulse.start(Number.POSITIVE_INFINITY, this.#hello.limits.silenceMs)
  }

  get capacity(): number {
    return this.#hello.limits.windowMessages
  }

  get bytesOut(): number {
    return this.#outbox.sentBytes
  }

  get writable(): boolean {
    if (this.over || this.outEnded || this.#outbox.enough) return false
    return this.#outbox.unsentBytes < this.#hello.limits.windowBytes
  }

  send(value: Sendable): boolean {
    if (!this.writable) return false
    this.#outbox.value(value, this.#hello.limits.messageBytesMax)
    this.sent++
    this.#flushSoon()
    return true
  }

  receive(): undefined {
    return undefined
  }

  finish(): void {
    if (this.outEnded || this.over) return
    this.outEnded = true
    this.#outbox.frame(FRAME.end)
    this.#flushSoon()
  }

  /** What has been written cannot be taken back; but with `now` a reader that does not read it is left alone soon. */
  stop(ending: Ending): void {
    if (ending === 'drain' || this.over) return
    this.#parting ??= this.#ports.scheduler.after(partingMs, () => this.leave())
  }

  override data(): void {
    // Nobody writes to us.
  }

  override ended(): void {
    // Nor ends.
  }

  override drained(): void {
    this.#outbox.enough = false
    if (this.writable) this.user.writable()
  }

  override closed(error: Error | null): void {
    if (this.outEnded && error === null) this.leave()
    else this.lose(error ?? new Fault('closed', 'the reader has closed its end'))
  }

  protected override leave(): void {
    this.#parting?.cancel()
    super.leave()
  }

  protected override sentBytes(): number {
    return this.#outbox.sentBytes
  }

  protected override beat(): void {
    // Not into a pipe that is full: its reader has enough to read.
    if (this.#outbox.enough) return
    this.#outbox.frame(FRAME.beat)
    this.#outbox.flush()
  }

  #flushSoon(): void {
    if (this.#flushDue) return
    this.#flushDue = true
    this.#ports.scheduler.soon(() => this.#flush())
  }

  #flush(): void {
    this.#flushDue = false
    if (this.over) return
    this.#outbox.flush()
    if (this.outEnded) this.connection.end()
    else if (this.writable) this.user.writable()
  }
}

export class FifoReader extends Half implements Carrier {
  readonly writable = false
  readonly tally = null
  readonly underWay = 0
  readonly sent = 0
  readonly bytesOut = 0
  inEnded = false
  received = 0
  readonly #purpose: string
  readonly #windowBytes: number
  readonly #inbox: Inbox
  readonly capacity: number
  #phase: 'greeting' | 'open' = 'greeting'
  #paused = false

  constructor(connection: Connection, hello: Hello, ports: Ports) {
    super(connection, ports)
    this.#purpose = hello.purpose
    this.#windowBytes = hello.limits.windowBytes
    this.capacity = hello.limits.windowMessages
    this.#inbox = new Inbox(helloBytesMax, (type, body) =>
      this.#control(type, body, hello.limits.messageBytesMax),
    )
  }

  start(): void {
    this.connection.start(this)
  }

  get readable(): boolean {
    return this.#inbox.ready > 0
  }

  get ready(): number {
    return this.#inbox.ready
  }

  get dropped(): number {
    return this.#inbox.discarded
  }

  get bytesIn(): number {
    return this.#inbox.arrivedBytes
  }

  /** What can be read is what the writer says; a reader that is closed takes nothing more. */
  get outEnded(): boolean {
    return this.inEnded
  }

  send(_value: Sendable): boolean {
    return false
  }

  receive(): Sendable | undefined {
    const value = this.#inbox.take((error) => this.lose(error))
    if (value === undefined) return undefined
    this.received++
    this.#readOn()
    return value
  }

  finish(): void {
    // It has nothing to say.
  }

  /** A reader that stops is, for the writer, gone: there is no way to tell it more. */
  stop(ending: Ending): void {
    if (ending === 'now') this.#inbox.discard()
    this.inEnded = true
    this.leave()
  }

  override data(bytes: Uint8Array): void {
    if (this.over) return
    this.pulse.heard()
    const readyBefore = this.#inbox.ready
    try {
      this.#inbox.add(bytes)
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      this.lose(error)
    }
    if (!this.over && this.#waitingBytes >= this.#windowBytes) {
      this.#paused = true
      this.connection.pause()
    }
    if (readyBefore === 0 && this.#inbox.ready > 0) this.user.readable()
  }

  override ended(): void {
    if (this.inEnded) this.leave()
    else this.lose(new Fault('ended', 'the pipe ended before the channel did'))
  }

  override drained(): void {
    // Nothing is written.
  }

  override closed(error: Error | null): void {
    if (this.inEnded) this.leave()
    else this.lose(error ?? new Fault('closed', 'the pipe is closed'))
  }

  protected override sentBytes(): number {
    return 0
  }

  protected override beat(): void {
    // Nobody would hear one. But a pipe that is not read cannot be heard either, and its writer is not dead.
    if (this.#paused) this.pulse.heard()
  }

  get #waitingBytes(): number {
    return this.#inbox.arrivedBytes - this.#inbox.takenBytes
  }

  #readOn(): void {
    if (!this.#paused || this.over || this.#waitingBytes > this.#windowBytes >> 1) return
    this.#paused = false
    this.connection.resume()
  }

  #control(type: number, body: Buffer, messageBytesMax: number): void {
    if (this.#phase === 'greeting') {
      this.#greeted(type, body, messageBytesMax)
      return
    }
    if (type === FRAME.end) {
      this.inEnded = true
      this.#inbox.end()
      this.user.changed()
    } else if (type === FRAME.hello) {
      throw new Fault('writers', 'a second process writes into the same pipe')
    } else if (type !== FRAME.beat) {
      throw new Fault('frame-type', `a frame of type ${type} in a pipe`)
    }
  }

  #greeted(type: number, body: Buffer, messageBytesMax: number): void {
    if (type !== FRAME.hello) throw new Fault('frame-type', `a frame of type ${type} as greeting`)
    const { purpose, limits } = decodeHello(body)
    if (purpose !== this.#purpose) {
      throw new Fault('purpose', `this is '${this.#purpose}', not '${purpose}'`)
    }
    this.#phase = 'open'
    this.#inbox.allow(messageBytesMax + TYPE_SIZE)
    this.pulse.start(limits.silenceMs, Number.POSITIVE_INFINITY)
  }
}

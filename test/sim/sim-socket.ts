/**
 * One end of a simulated connection. It keeps the port's promises and uses all the freedom that they leave: it
 * sends what was written from the writer's own memory, late, so that whoever changes it too early is found out,
 * and spoils the bytes it handed out, so that whoever keeps them without a copy is found out too.
 */
import { assert } from '../../src/base/assert.ts'
import { type Connection, type ConnectionHandler, NetError } from '../../src/base/ports.ts'
import { Ring } from '../../src/base/ring.ts'
import { type Cargo, drawSize, type SimWire, type WireWorld } from './sim-wire.ts'

/** What bytes turn into when their time is over: no frame of any protocol looks like a row of these. */
const SPOILED = 0xdb

/** Told of what passes; for assertions such as "no acknowledgement before its sync". */
export interface NetObserver {
  /** The product wrote it; it has not left. */
  written?(from: SimEnd, bytes: Uint8Array): void
  /** It left: from here on the peer may see it. */
  sent?(from: SimEnd, bytes: Uint8Array): void
  /** The product was handed it. */
  delivered?(to: SimEnd, bytes: Uint8Array): void
}

/** Which end of which connection. */
export interface SimEnd {
  readonly link: number
  readonly side: 'client' | 'server'
  /** The name of the host it belongs to. */
  readonly host: string
}

export interface SocketOptions {
  readonly place: SimEnd
  readonly peer: string
  readonly local: Connection['local']
  readonly world: WireWorld
  /** What it sends goes here. */
  readonly outward: SimWire
  /** What it receives comes from here. */
  readonly inward: SimWire
  readonly observers: readonly NetObserver[]
}

export class SimSocket implements Connection {
  readonly place: SimEnd
  readonly peer: string
  readonly local: Connection['local']
  readonly #world: WireWorld
  readonly #outward: SimWire
  readonly #inward: SimWire
  readonly #observers: readonly NetObserver[]
  #handler: ConnectionHandler | null = null
  /** The peer's end of the same link: told when it may send more. */
  #other: SimSocket | null = null
  readonly #queue = new Ring<Uint8Array>()
  /** How much of the first of `#queue` has left. */
  #queueOffset = 0
  #pendingBytes = 0
  #corkDepth = 0
  #owesDrained: boolean = false
  readonly #unread = new Ring<Uint8Array>()
  #unreadBytes = 0
  #isPaused: boolean = false
  #isPumping: boolean = false
  #isDelivering: boolean = false
  /** The owner ended it: writes are dropped. */
  #isMute: boolean = false
  #endSent: boolean = false
  /** The peer's end has arrived; `told` once the owner knows. */
  #peerEnd: 'open' | 'arrived' | 'told' = 'open'
  /** Nothing happens any more but the telling of it. */
  #isOver: boolean = false
  #error: Error | null = null

  constructor(options: SocketOptions) {
    this.place = options.place
    this.peer = options.peer
    this.local = options.local
    this.#world = options.world
    this.#outward = options.outward
    this.#inward = options.inward
    this.#observers = options.observers
    options.inward.connectTo((cargo) => this.#arrived(cargo))
  }

  /** Makes two sockets the ends of one link. */
  static pair(left: SimSocket, right: SimSocket): void {
    left.#other = right
    right.#other = left
  }

  get pendingBytes(): number {
    return this.#pendingBytes
  }

  get isOver(): boolean {
    return this.#isOver
  }

  start(handler: ConnectionHandler): void {
    assert(this.#handler === null, 'a connection is started once')
    this.#handler = handler
    if (this.#isOver) this.#tellClosed()
    else {
      this.#pump()
      this.#deliver()
    }
  }

  write(bytes: Uint8Array): boolean {
    if (this.#isMute || this.#isOver) return false
    if (bytes.length > 0) {
      for (const observer of this.#observers) observer.written?.(this.place, bytes)
      this.#queue.push(bytes)
      this.#pendingBytes += bytes.length
      this.#pump()
    }
    const isEnough = this.#pendingBytes >= this.#world.conditions.sendBufferBytes
    if (isEnough) this.#owesDrained = true
    return !isEnough
  }

  cork(): void {
    this.#corkDepth++
  }

  uncork(): void {
    if (this.#corkDepth > 0) this.#corkDepth--
    this.#pump()
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.#deliver()
  }

  end(): void {
    if (this.#isMute || this.#isOver) return
    this.#isMute = true
    this.#pump()
  }

  destroy(): void {
    if (this.#isOver) return
    // A system that has bytes nobody read tells the peer so with a reset; else it only ends.
    if (this.#unreadBytes > 0) this.#outward.send({ kind: 'reset' })
    else if (!this.#endSent) this.#outward.send({ kind: 'end' })
    this.#finish(null)
  }

  /** The network breaks it: the owner is told, the peer has to find out by itself. */
  break(error: Error): void {
    this.#finish(error)
  }

  /** The process is gone: nobody is told anything any more. */
  forget(): void {
    this.#handler = null
    this.#finish(null)
  }

  /** Sends a piece in a task of its own, as long as there is one and room for it. */
  #pump(): void {
    if (this.#isPumping || this.#isOver || !this.#canSend()) return
    this.#isPumping = true
    this.#world.scheduler.afterInWorld(0, () => {
      this.#isPumping = false
      if (this.#isOver || !this.#canSend()) return
      if (this.#pendingBytes > 0) this.#sendPiece()
      else this.#sendEnd()
      this.#pump()
    })
  }

  #canSend(): boolean {
    if (this.#pendingBytes > 0) return this.#corkDepth === 0 && this.#outward.roomBytes > 0
    return (this.#isMute && !this.#endSent) || (this.#owesDrained && this.#handler !== null)
  }

  #sendPiece(): void {
    const { random, conditions } = this.#world
    const most = Math.min(conditions.segmentBytesMax, this.#pendingBytes, this.#outward.roomBytes)
    const piece = new Uint8Array(drawSize(random, most))
    let done = 0
    while (done < piece.length) {
      const first = this.#queue.peek()
      assert(first !== undefined, 'pending bytes that are in no queue')
      const part = first.subarray(this.#queueOffset, this.#queueOffset + piece.length - done)
      piece.set(part, done)
      done += part.length
      this.#queueOffset += part.length
      if (this.#queueOffset < first.length) continue
      this.#queue.shift()
      this.#queueOffset = 0
    }
    this.#pendingBytes -= piece.length
    for (const observer of this.#observers) observer.sent?.(this.place, piece)
    this.#outward.send({ kind: 'bytes', bytes: piece })
    this.#tellDrained()
  }

  #tellDrained(): void {
    if (!this.#owesDrained || this.#pendingBytes > 0 || this.#handler === null) return
    this.#owesDrained = false
    this.#handler.drained()
  }

  #sendEnd(): void {
    this.#tellDrained()
    if (!this.#isMute || this.#endSent || this.#pendingBytes > 0 || this.#isOver) return
    this.#endSent = true
    this.#outward.send({ kind: 'end' })
    if (this.#peerEnd === 'told') this.#finish(null)
  }

  #arrived(cargo: Cargo): void {
    if (this.#isOver) {
      // Bytes for somebody who is gone: his system answers for him.
      if (cargo.kind === 'bytes') this.#outward.send({ kind: 'reset' })
      return
    }
    switch (cargo.kind) {
      case 'bytes':
        this.#unread.push(cargo.bytes)
        this.#unreadBytes += cargo.bytes.length
        break
      case 'end':
        this.#peerEnd = 'arrived'
        break
      case 'reset':
        this.#finish(new NetError('reset', `${this.peer}: connection reset`))
        return
    }
    this.#deliver()
  }

  /** Hands a piece out in a task of its own, as long as there is one and the owner wants it. */
  #deliver(): void {
    if (this.#isDelivering || !this.#canDeliver()) return
    this.#isDelivering = true
    this.#world.scheduler.afterInWorld(0, () => {
      this.#isDelivering = false
      if (!this.#canDeliver()) return
      if (this.#unreadBytes > 0) this.#deliverPiece()
      else this.#deliverEnd()
      this.#deliver()
    })
  }

  #canDeliver(): boolean {
    if (this.#handler === null || this.#isPaused || this.#isOver) return false
    return this.#unreadBytes > 0 || this.#peerEnd === 'arrived'
  }

  #deliverPiece(): void {
    const { random, conditions, scheduler } = this.#world
    const piece = new Uint8Array(
      drawSize(random, Math.min(conditions.readBytesMax, this.#unreadBytes)),
    )
    let done = 0
    while (done < piece.length) {
      const first = this.#unread.shift()
      assert(first !== undefined, 'unread bytes that are in no queue')
      const part = first.subarray(0, piece.length - done)
      piece.set(part, done)
      done += part.length
      if (part.length < first.length) this.#unread.unshift(first.subarray(part.length))
    }
    this.#unreadBytes -= piece.length
    this.#inward.read(piece.length)
    if (this.#other !== null) this.#other.#pump()
    scheduler.note(piece.length)
    for (const observer of this.#observers) observer.delivered?.(this.place, piece)
    this.#handler?.data(piece)
    piece.fill(SPOILED)
  }

  #deliverEnd(): void {
    this.#peerEnd = 'told'
    this.#handler?.ended()
    if (this.#endSent) this.#finish(null)
  }

  #finish(error: Error | null): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#error = error
    this.#queue.clear()
    this.#pendingBytes = 0
    this.#unread.clear()
    this.#unreadBytes = 0
    if (this.#handler !== null) this.#tellClosed()
  }

  #tellClosed(): void {
    this.#world.scheduler.afterInWorld(0, () => this.#handler?.closed(this.#error))
  }
}

/**
 * A world of connections in memory: time that moves only when told to, and a network that cuts, joins and
 * delays what is written as its seed says. One seed is one run. It owns no socket and no timer of the system.
 */
import { assert } from '../../src/base/assert.ts'
import { KiB } from '../../src/base/bytes.ts'
import {
  type Address,
  type Clock,
  type Connection,
  type ConnectionHandler,
  type Listener,
  type Net,
  NetError,
  type Scheduler,
  type Timer,
} from '../../src/base/ports.ts'
import { below, SeededRandom } from '../../src/base/random.ts'

/** How a connection carries bytes: `whole` at once and together, `bytes` one by one, `seeded` cut anywhere and late. */
export type Weather = 'whole' | 'bytes' | 'seeded'

/** Bytes under way from which `write` says that it is enough, as a socket's buffers would. */
const UNDER_WAY_MAX = 64 * KiB
const DELAY_MS_MAX = 4 // enough for pieces of several connections to change places

interface Due {
  readonly atMs: number
  readonly order: number
  readonly task: () => void
  cancelled: boolean
}

/** Time, timers and turns of a world in memory. */
class MemoryTime implements Clock, Scheduler {
  #nowMs = 0
  #order = 0
  #due: Due[] = []

  wallMs(): number {
    return this.#nowMs
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  soon(task: () => void): void {
    this.#add(0, task)
  }

  after(delayMs: number, task: () => void): Timer {
    const due = this.#add(Math.max(0, delayMs), task)
    return {
      cancel: () => {
        due.cancelled = true
      },
    }
  }

  /** Lets everything happen that is due within the next `forMs`, and every promise in between. */
  async pass(forMs: number): Promise<void> {
    const untilMs = this.#nowMs + forMs
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve))
      const next = this.#take(untilMs)
      if (next === null) break
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      next.task()
    }
    this.#nowMs = untilMs
  }

  #add(delayMs: number, task: () => void): Due {
    const due = { atMs: this.#nowMs + delayMs, order: this.#order++, task, cancelled: false }
    this.#due.push(due)
    return due
  }

  #take(untilMs: number): Due | null {
    let first: Due | null = null
    this.#due = this.#due.filter((due) => !due.cancelled)
    for (const due of this.#due) {
      if (due.atMs > untilMs) continue
      if (first === null || due.atMs < first.atMs) first = due
      else if (due.atMs === first.atMs && due.order < first.order) first = due
    }
    if (first !== null) this.#due.splice(this.#due.indexOf(first), 1)
    return first
  }
}

export class MemoryWorld implements Net {
  readonly clock: MemoryTime
  readonly scheduler: MemoryTime
  readonly random: SeededRandom
  readonly net: Net
  weather: Weather
  readonly #listeners = new Map<string, (connection: Connection) => void>()
  #ports = 1000

  /** A network of its own, in a time of its own unless it shares one. */
  constructor(seed: number, weather: Weather, time: MemoryTime = new MemoryTime()) {
    this.clock = time
    this.scheduler = this.clock
    this.random = new SeededRandom(seed)
    this.net = this
    this.weather = weather
  }

  pass(forMs: number): Promise<void> {
    return this.clock.pass(forMs)
  }

  listen(address: Address, accept: (connection: Connection) => void): Promise<Listener> {
    const at =
      address.kind === 'tcp' && address.port === 0 ? { ...address, port: ++this.#ports } : address
    const key = JSON.stringify(at)
    if (this.#listeners.has(key)) return Promise.reject(new NetError('in-use', `${key} is in use`))
    this.#listeners.set(key, accept)
    return Promise.resolve({
      address: at,
      close: () => {
        this.#listeners.delete(key)
        return Promise.resolve()
      },
    })
  }

  connect(address: Address): Promise<Connection> {
    const accept = this.#listeners.get(JSON.stringify(address))
    if (accept === undefined) return Promise.reject(new NetError('refused', 'nobody listens'))
    const [near, far] = this.pair()
    accept(far)
    return Promise.resolve(near)
  }

  /** Two ends of one connection. */
  pair(): [MemoryConnection, MemoryConnection] {
    const name = `memory:${++this.#ports}`
    const near = new MemoryConnection(this, `${name}-near`)
    const far = new MemoryConnection(this, `${name}-far`)
    near.peerEnd = far
    far.peerEnd = near
    return [near, far]
  }
}

export class MemoryConnection implements Connection {
  readonly peer: string
  readonly local = null
  peerEnd: MemoryConnection | null = null
  readonly #world: MemoryWorld
  #handler: ConnectionHandler | null = null
  #paused = false
  /** Written by the other end and not yet delivered here. */
  #incoming: Buffer[] = []
  #incomingSize = 0
  #incomingEnds = false
  #toldEnd = false
  #saidEnd = false
  #closed = false
  #delivering = false
  #full = false
  /** A peer whose process hangs: nothing is delivered to it, and nothing is lost. */
  #frozen = false
  corked = 0
  /** Bytes under way from which `write` says that it is enough. */
  enoughBytes: number = UNDER_WAY_MAX

  constructor(world: MemoryWorld, peer: string) {
    this.#world = world
    this.peer = peer
  }

  get pendingBytes(): number {
    return this.peerEnd?.heldBytes ?? 0
  }

  get heldBytes(): number {
    return this.#incomingSize
  }

  get open(): boolean {
    return !this.#closed
  }

  start(handler: ConnectionHandler): void {
    assert(this.#handler === null, 'a connection starts once')
    this.#handler = handler
    this.#deliverSoon()
  }

  write(bytes: Uint8Array): boolean {
    assert(!this.#saidEnd, 'written after the end')
    if (this.#closed) return false
    const to = this.peerEnd
    assert(to !== null, 'a connection has two ends')
    to.arrive(bytes)
    this.#full = to.heldBytes > this.enoughBytes
    return !this.#full
  }

  cork(): void {
    this.corked++
  }

  uncork(): void {
    this.corked--
    assert(this.corked >= 0, 'uncorked more often than corked')
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#deliverSoon()
  }

  end(): void {
    assert(!this.#saidEnd, 'ended twice')
    if (this.#closed) return
    this.#saidEnd = true
    this.peerEnd?.arriveEnd()
    this.#closeWhenBothEnded()
  }

  destroy(): void {
    this.#close(null)
    this.peerEnd?.lose()
  }

  /** The other end is gone without a word: a killed process, a reset. What was under way may be lost with it. */
  lose(): void {
    if (this.#closed) return
    this.#world.scheduler.soon(() => this.#close(new NetError('reset', 'the other end is gone')))
  }

  freeze(): void {
    this.#frozen = true
  }

  arrive(bytes: Uint8Array): void {
    this.#incoming.push(Buffer.from(bytes))
    this.#incomingSize += bytes.length
    this.#deliverSoon()
  }

  arriveEnd(): void {
    this.#incomingEnds = true
    this.#deliverSoon()
  }

  #deliverSoon(): void {
    if (this.#delivering || this.#handler === null || this.#frozen) return
    if (this.#incomingSize === 0 && (!this.#incomingEnds || this.#toldEnd)) return
    this.#delivering = true
    const { weather, random, scheduler } = this.#world
    const delayMs = weather === 'seeded' ? below(random, DELAY_MS_MAX + 1) : 0
    scheduler.after(delayMs, () => {
      this.#delivering = false
      this.#deliver()
    })
  }

  #deliver(): void {
    if (this.#closed || this.#paused || this.#frozen || this.#handler === null) return
    if (this.#incomingSize > 0) {
      const piece = this.#cut()
      this.#handler.data(piece)
      // The receiver's for that call only: whoever kept it without a copy shall see.
      piece.fill(0xee)
      this.peerEnd?.relieve()
      this.#deliverSoon()
    } else if (this.#incomingEnds && !this.#toldEnd) {
      this.#toldEnd = true
      this.#handler.ended()
      this.#closeWhenBothEnded()
    }
  }

  /** What arrives in one piece. */
  #cut(): Uint8Array {
    const all = Buffer.concat(this.#incoming)
    const { weather, random } = this.#world
    let size = all.length
    if (weather === 'bytes') size = 1
    if (weather === 'seeded' && below(random, 3) > 0) size = 1 + below(random, all.length)
    const piece = Buffer.from(all.subarray(0, size))
    this.#incoming = size < all.length ? [all.subarray(size)] : []
    this.#incomingSize = all.length - size
    return piece
  }

  relieve(): void {
    if (!this.#full || this.#closed || this.pendingBytes > this.enoughBytes / 2) return
    this.#full = false
    this.#world.scheduler.soon(() => {
      if (!this.#closed) this.#handler?.drained()
    })
  }

  #closeWhenBothEnded(): void {
    if (!this.#saidEnd || !this.#toldEnd) return
    this.#world.scheduler.soon(() => this.#close(null))
  }

  #close(error: Error | null): void {
    if (this.#closed) return
    this.#closed = true
    this.#incoming = []
    this.#incomingSize = 0
    this.#world.scheduler.soon(() => this.#handler?.closed(error))
  }
}

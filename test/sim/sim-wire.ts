/**
 * One direction of a simulated connection: pieces leave, take their time, never overtake each other, and arrive;
 * a window bounds what is under way and unread together. It may be stalled. It knows no handlers and no endings
 * but that an end and a reset travel like bytes.
 */
import type { Clock, Random } from '../../src/base/ports.ts'
import { below } from '../../src/base/random.ts'
import { Ring } from '../../src/base/ring.ts'
import type { SimScheduler } from './sim-scheduler.ts'

/** How a link behaves, the same in both directions. */
export interface NetConditions {
  readonly latencyMsMin: number
  readonly latencyMsMax: number
  readonly bytesPerSecond: number
  /** What is written is cut into pieces of drawn sizes up to this. */
  readonly segmentBytesMax: number
  /** What has arrived is handed out in pieces of drawn sizes up to this: splits, and joins what was apart. */
  readonly readBytesMax: number
  /** Sent and not yet read, at most: the system's buffers on both sides. */
  readonly windowBytes: number
  /** Written and not yet sent: from here on `write` answers `false`. */
  readonly sendBufferBytes: number
}

export type Cargo =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'end' }
  | { readonly kind: 'reset' }

/** A drawn latency is a multiple of this. */
const LATENCY_GRAIN_MS: number = 1 / 64

export interface WireWorld {
  readonly clock: Clock
  readonly scheduler: SimScheduler
  readonly random: Random
  readonly conditions: NetConditions
}

export class SimWire {
  readonly #world: WireWorld
  /** Takes what arrives. Set once, before anything is sent. */
  #arrive: (cargo: Cargo) => void = () => undefined
  readonly #underWay = new Ring<Cargo>()
  /** Sent and not yet read. Moved by `send` and `read`. Invariant: never above the window. */
  #unreadBytes = 0
  /** When the last piece will arrive: no later one arrives before. */
  #lastArrivalMs = 0
  /** When the line will have moved what it was given. */
  #busyUntilMs = 0
  #isStalled: boolean = false
  /** Arrivals that fell due during a stall. */
  #heldCount = 0

  constructor(world: WireWorld) {
    this.#world = world
  }

  connectTo(arrive: (cargo: Cargo) => void): void {
    this.#arrive = arrive
  }

  /** How many bytes may be sent now. */
  get roomBytes(): number {
    return this.#world.conditions.windowBytes - this.#unreadBytes
  }

  send(cargo: Cargo): void {
    const { clock, scheduler, random, conditions } = this.#world
    const sizeBytes = cargo.kind === 'bytes' ? cargo.bytes.length : 0
    this.#unreadBytes += sizeBytes
    this.#underWay.push(cargo)
    const nowMs = clock.monotonicMs()
    const transferMs = (sizeBytes / conditions.bytesPerSecond) * 1_000
    this.#busyUntilMs = Math.max(nowMs, this.#busyUntilMs) + transferMs
    const latencyMs = drawBetween(random, conditions.latencyMsMin, conditions.latencyMsMax)
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, this.#busyUntilMs + latencyMs)
    scheduler.afterInWorld(Math.max(0, this.#lastArrivalMs - nowMs), () => this.#arriveNext())
  }

  /** The receiver has taken so many bytes: there is room for as many. */
  read(sizeBytes: number): void {
    this.#unreadBytes -= sizeBytes
  }

  /** Nothing arrives any more; the sender notices when the window is full, if ever. */
  stall(): void {
    this.#isStalled = true
  }

  unstall(): void {
    this.#isStalled = false
    for (; this.#heldCount > 0; this.#heldCount--) {
      this.#world.scheduler.afterInWorld(0, () => this.#arriveNext())
    }
  }

  #arriveNext(): void {
    if (this.#isStalled) {
      this.#heldCount++
      return
    }
    const cargo = this.#underWay.shift()
    if (cargo !== undefined) this.#arrive(cargo)
  }
}

function drawBetween(random: Random, min: number, max: number): number {
  const steps = Math.floor((max - min) / LATENCY_GRAIN_MS)
  return steps <= 0 ? min : min + below(random, steps + 1) * LATENCY_GRAIN_MS
}

/** A size up to `max`: all of it half of the time, else anything from one byte on. */
export function drawSize(random: Random, max: number): number {
  return below(random, 2) === 0 ? max : 1 + below(random, max)
}

/**
 * The base of every raw load client: sends operations, at most a window of them unacknowledged, and counts
 * what comes back. The protocol gives it the bytes to send and the reader of acknowledgements; it knows none.
 */
import { assert } from '../../src/base/assert.ts'
import type { Histogram } from '../histogram.ts'
import type { Link } from './link.ts'
import { OpenLoop, type Pace } from './pace.ts'
import type { LoadSource } from './source.ts'

/**
 * Reads acknowledgements. Returns how many operations, counted from the first sent, are acknowledged without
 * a gap; a protocol that acknowledges out of order keeps account of the gaps itself.
 */
export type AckReader = (bytes: Uint8Array) => number

/** The end of sending: after so many operations, or when `over` says so, which is asked before each batch. */
export interface LoadEnd {
  readonly operations: number
  over(sent: number): boolean
}

export interface LoadOptions {
  readonly link: Link
  /** Where acknowledgements come from, if not from where operations go to: deliveries to a consumer, say. */
  readonly ackLink?: Link
  readonly source: LoadSource
  readonly acks: AckReader
  /** Operations sent and not yet acknowledged, at most. */
  readonly window: number
  readonly pace: Pace
  /** When to send no more: a Section. */
  readonly until: LoadEnd
  /** From sending, in an open loop from when it was due, to its acknowledgement. */
  readonly latency: Histogram
  /** Open loop: from when an operation was due until it was sent. What is late here is the window or the client. */
  readonly late: Histogram
}

const LATE_WAKE_MS = 1 // the least that a timer can wait

/** Sends until the end, then waits for what is in flight; resolves with the count acknowledged. */
export async function runLoad(options: LoadOptions): Promise<number> {
  return await new Load(options).run()
}

class Load {
  readonly #options: LoadOptions
  readonly #loop: OpenLoop | null
  /** When each unacknowledged operation was sent, or due: operation s at index s & mask. */
  readonly #times: Float64Array
  readonly #mask: number
  /** Operations handed to the socket. Invariant: #acknowledged <= #sent <= #acknowledged + window. */
  #sent = 0
  #acknowledged = 0
  /** Operations to send in all: infinite until the end has come. Invariant: #sent <= #total. */
  #total: number = Number.POSITIVE_INFINITY
  /** What the last write answered; a drain makes room again. */
  #socketHas: 'room' | 'full' = 'room'
  #startMs = 0
  #timer: NodeJS.Timeout | null = null
  #resolve: (acknowledged: number) => void = () => {}
  #reject: (error: Error) => void = () => {}

  constructor(options: LoadOptions) {
    const { window, pace } = options
    assert(Number.isInteger(window) && window > 0, 'a window holds at least one operation')
    this.#options = options
    this.#loop = pace.kind === 'open' ? new OpenLoop(pace.perSecond) : null
    const capacity = 2 ** Math.ceil(Math.log2(window))
    this.#times = new Float64Array(capacity)
    this.#mask = capacity - 1
  }

  async run(): Promise<number> {
    const { link, ackLink = link } = this.#options
    const done = new Promise<number>((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.#startMs = performance.now()
    link.onDrain(() => {
      this.#socketHas = 'room'
      this.#send()
    })
    for (const each of new Set([link, ackLink])) {
      each.onLost((error) => {
        error.message += `: ${this.#sent - this.#acknowledged} operations unacknowledged`
        this.#reject(error)
      })
    }
    ackLink.read((bytes) => this.#onBytes(bytes))
    this.#send()
    try {
      return await done
    } finally {
      if (this.#timer !== null) clearTimeout(this.#timer)
      link.onDrain(() => {})
      link.onLost(() => {})
      ackLink.onLost(() => {})
    }
  }

  #onBytes(bytes: Uint8Array): void {
    let through: number
    try {
      through = this.#options.acks(bytes)
      assert(through >= this.#acknowledged, 'an acknowledgement was taken back')
      assert(through <= this.#sent, 'more was acknowledged than sent')
    } catch (error) {
      this.#reject(error instanceof Error ? error : new Error(String(error)))
      return
    }
    const nowMs = performance.now()
    const { latency } = this.#options
    for (let sequence = this.#acknowledged; sequence < through; sequence++) {
      latency.record(nowMs - this.#times[sequence & this.#mask]!)
    }
    this.#acknowledged = through
    this.#send()
  }

  /** Sends what is due and what the window takes; then waits for whatever comes first: room, a drain, a timer. */
  #send(): void {
    const { link, source } = this.#options
    while (this.#socketHas === 'room') {
      this.#checkEnd()
      const count = this.#sendableCount()
      if (count === 0) break
      this.#stamp(count)
      const bytes = source.take(this.#sent, count)
      this.#sent += count
      this.#socketHas = link.write(bytes)
    }
    if (this.#acknowledged === this.#total) this.#resolve(this.#acknowledged)
    else if (this.#loop !== null && this.#sent < this.#total) this.#wakeLater()
  }

  /** An open loop still sends what fell due before the end: what waited longest must not be left out. */
  #checkEnd(): void {
    const { until } = this.#options
    if (this.#total !== Number.POSITIVE_INFINITY || !until.over(this.#sent)) return
    const due = this.#loop === null ? this.#sent : this.#dueCount(this.#loop)
    this.#total = Math.max(this.#sent, Math.min(due, until.operations))
  }

  #sendableCount(): number {
    const { source, window, until } = this.#options
    const room = this.#acknowledged + window - this.#sent
    const due = this.#loop === null ? room : this.#dueCount(this.#loop) - this.#sent
    const left = Math.min(this.#total, until.operations) - this.#sent
    return Math.min(room, source.batchMax, due, left)
  }

  #dueCount(loop: OpenLoop): number {
    return loop.dueCount(performance.now() - this.#startMs)
  }

  #stamp(count: number): void {
    const nowMs = performance.now()
    for (let sequence = this.#sent; sequence < this.#sent + count; sequence++) {
      const fromMs = this.#loop === null ? nowMs : this.#startMs + this.#loop.dueMs(sequence)
      this.#times[sequence & this.#mask] = fromMs
      if (this.#loop !== null) this.#options.late.record(nowMs - fromMs)
    }
  }

  #wakeLater(): void {
    if (this.#timer !== null) return
    this.#timer = setTimeout(() => {
      this.#timer = null
      this.#send()
    }, LATE_WAKE_MS)
  }
}

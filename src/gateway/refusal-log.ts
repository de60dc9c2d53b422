/**
 * The RefusalLog of a listener says which clients were let go, and why: a line a second at the most, because whoever
 * attacks us shall not fill the disk with it. It decides about nobody.
 */
import type { Log } from '../base/log.ts'
import type { Clock } from '../base/ports.ts'

const LINE_MS = 1_000 // between two lines: those who were let go meanwhile are counted in the next one

export class RefusalLog {
  readonly #protocol: string
  readonly #clock: Clock
  readonly #log: Log | null
  #toldMs = Number.NEGATIVE_INFINITY
  /** Since the last line. */
  #untold = 0

  /** Each line begins with the protocol. Without a log nobody is told. */
  constructor(protocol: string, clock: Clock, log: Log | null) {
    this.#protocol = protocol
    this.#clock = clock
    this.#log = log
  }

  tell(peer: string, why: string): void {
    const nowMs = this.#clock.monotonicMs()
    if (nowMs - this.#toldMs < LINE_MS) {
      this.#untold++
      return
    }
    const others = this.#untold === 0 ? '' : ` (and ${this.#untold} others before)`
    this.#log?.warn(`${this.#protocol}: ${peer} was let go: ${why}${others}`)
    this.#toldMs = nowMs
    this.#untold = 0
  }
}

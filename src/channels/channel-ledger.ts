/** The books of one channel: what went in, came out, got lost and is done; who waits for the end; the trace. */
import type { Scheduler } from '../base/ports.ts'
import type { ChannelEvent, ChannelStats } from './channel-options.ts'
import { Watchers } from './channel-waiters.ts'
import { ChannelMisuse, type Sendable, type WaitOptions } from './contract.ts'
import { tellProgram } from './told.ts'

export class Ledger<T extends Sendable> {
  /** Values that went in. */
  put = 0
  /** Values that came out to a receiver. Invariant: size of the channel = put - got - discarded. */
  got = 0
  /** Values that never went in, by `drop-newest`. */
  refused = 0
  /** Values that went in and were thrown away. */
  discarded = 0
  sizeMax = 0
  /** Invariant: done <= got. */
  #done = 0
  readonly #joiners: Watchers = new Watchers()
  readonly #channel: string
  readonly #trace: ((event: ChannelEvent<T>) => void) | null
  readonly #scheduler: Scheduler

  constructor(
    channel: string,
    trace: ((event: ChannelEvent<T>) => void) | null,
    scheduler: Scheduler,
  ) {
    this.#channel = channel
    this.#trace = trace
    this.#scheduler = scheduler
  }

  get unfinished(): number {
    return this.put - this.discarded - this.#done
  }

  counts(): Pick<ChannelStats, 'sizeMax' | 'put' | 'got' | 'dropped' | 'unfinished'> {
    const { sizeMax, put, got, refused, discarded, unfinished } = this
    return { sizeMax, put, got, dropped: refused + discarded, unfinished }
  }

  /** A value went in; `size` values are inside now. */
  entered(value: T, size: number): void {
    this.put += 1
    if (size > this.sizeMax) this.sizeMax = size
    if (this.#trace !== null) this.tell('put', value, size)
  }

  /** A value came out to a receiver. */
  received(value: T, size: number): void {
    this.got += 1
    if (this.#trace !== null) this.tell('get', value, size)
  }

  refuse(value: T, size: number): void {
    this.refused += 1
    this.tell('drop', value, size)
  }

  discard(value: T, size: number): void {
    this.discarded += 1
    this.tell('drop', value, size)
    if (this.unfinished === 0) this.#joiners.wakeAll()
  }

  taskDone(): void {
    if (this.#done >= this.got) {
      throw new ChannelMisuse(`taskDone for value ${this.#done + 1}, but only ${this.got} were got`)
    }
    this.#done += 1
    if (this.unfinished === 0) this.#joiners.wakeAll()
  }

  /** Settles when nothing is unfinished; there is something now. */
  join(options: WaitOptions | undefined): Promise<void> {
    return this.#joiners.wait(options, this.#scheduler)
  }

  /** Tells the trace. */
  tell(kind: ChannelEvent<T>['kind'], value: T | undefined, size: number): void {
    const trace = this.#trace
    if (trace === null) return
    tellProgram(() => trace({ kind, channel: this.#channel, value, size }), this.#scheduler)
  }
}

/**
 * Counting what is done at one end of a channel between processes, and waiting until the other side has done all. The
 * channel owns it; what crosses is its carrier's.
 */
import { Watchers } from '../channel-waiters.ts'
import { ChannelMisuse, ChannelPeerLost, type Ports, type WaitOptions } from '../contract.ts'
import { Turn } from '../turn.ts'

/** What a carrier knows of values that are done. */
export interface Tally {
  /** Values sent that are not done over there, and not thrown away. */
  readonly unfinished: number
  /** Those of them that never will be: whoever had them is gone. */
  readonly lost: number
  /** What they were lost of, if not by a side's own will. */
  readonly cause: Error | null
  /** Whoever is awaited is worth keeping a connection for that has nothing else to carry. */
  awaitedBy(who: Awaiting): void
  /** The value of the other side that was received first, of those that are not done, is done. */
  taskDone(): void
  /** Nothing will be done here any more: the other side is not to wait for it. */
  quit(): void
}

/** Who waits here for what is not done. */
export type Awaiting = 'somebody' | 'nobody'

export interface JoiningOptions {
  readonly name: string
  readonly ports: Ports
}

export class Joining {
  readonly #tally: Tally | null
  readonly #options: JoiningOptions
  readonly #turn: Turn
  readonly #joiners: Watchers
  /** Values received here that are done. */
  done = 0

  constructor(tally: Tally | null, options: JoiningOptions) {
    this.#tally = tally
    this.#options = options
    this.#turn = Turn.of(options.ports.scheduler)
    this.#joiners = new Watchers(() => tally?.awaitedBy('nobody'))
  }

  get unfinished(): number {
    return this.#tally?.unfinished ?? 0
  }

  /** One of so many values that were received is done. */
  taskDone(received: number): void {
    const tally = this.#counted()
    if (this.done >= received) {
      throw new ChannelMisuse(
        `taskDone for value ${this.done + 1}, but only ${received} were received`,
      )
    }
    tally.taskDone()
    this.done++
  }

  join(options: WaitOptions | undefined): Promise<void> {
    if (options?.signal?.aborted === true) return Promise.reject(options.signal.reason)
    try {
      const tally = this.#counted()
      const failure = this.#failureOf(tally)
      if (failure !== null) return Promise.reject(failure)
      if (tally.unfinished === 0) return this.#turn.over()
      tally.awaitedBy('somebody')
    } catch (error) {
      return Promise.reject(error)
    }
    return this.#joiners.wait(options, this.#options.ports.scheduler)
  }

  /** This side is through: it says no more that something is done. */
  quit(): void {
    this.#tally?.quit()
  }

  /** Something about the carrier has changed. */
  changed(): void {
    const tally = this.#tally
    if (tally === null || this.#joiners.head === null) return
    const failure = this.#failureOf(tally)
    if (failure !== null) this.#joiners.endAll(failure)
    else if (tally.unfinished === 0) this.#joiners.wakeAll()
  }

  #counted(): Tally {
    if (this.#tally !== null) return this.#tally
    throw new ChannelMisuse(`${this.#options.name} goes one way: nobody can say what is done`)
  }

  #failureOf({ lost, cause }: Tally): Error | null {
    if (lost === 0) return null
    const values = lost === 1 ? '1 value' : `${lost} values`
    const why = cause === null ? 'the connection has ended' : cause.message
    return new ChannelPeerLost(
      `${values} put into ${this.#options.name} will never be done: ${why}`,
      cause === null ? undefined : { cause },
    )
  }
}

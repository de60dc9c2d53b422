/**
 * The reads of one file that are done one after the other: by the commit thread once it is up, and
 * through the pool, one at a time, until then, so that what is short never waits for a thread to start. The
 * file owns it and closes it before the handle.
 *
 *   asked --> waiting --(thread not up)--> pool, one at a time --+
 *     |          `-------(thread up)----------+                  +--> answered, in the order of asking
 *     `----------(thread up, none waits)------+--> thread -------+
 */
import { Ring } from '../base/ring.ts'

/** One read, asked for and not answered. */
export interface OrderedRead {
  readonly into: Uint8Array
  readonly position: number
  readonly resolve: (size: number) => void
  readonly reject: (error: Error) => void
}

/** The two ways to read. */
export interface ReadWays {
  readonly isThreadUp: () => boolean
  readonly byPool: (into: Uint8Array, position: number) => Promise<number>
  /** Settles the read later. Reads that were given to it are done in that order. */
  readonly byThread: (read: OrderedRead) => void
}

export class OrderedReads {
  readonly #ways: ReadWays
  /** Behind the one that the pool is at. */
  readonly #waiting: Ring<OrderedRead>
  #isPoolBusy: boolean

  constructor(ways: ReadWays) {
    this.#ways = ways
    this.#waiting = new Ring()
    this.#isPoolBusy = false
  }

  ask(read: OrderedRead): void {
    if (!this.#isPoolBusy && this.#ways.isThreadUp()) {
      this.#ways.byThread(read)
      return
    }
    this.#waiting.push(read)
    if (!this.#isPoolBusy) void this.#work()
  }

  async #work(): Promise<void> {
    this.#isPoolBusy = true
    for (let read = this.#waiting.shift(); read !== undefined; read = this.#waiting.shift()) {
      if (this.#ways.isThreadUp()) this.#ways.byThread(read)
      else await this.#byPool(read)
    }
    this.#isPoolBusy = false
  }

  async #byPool({ into, position, resolve, reject }: OrderedRead): Promise<void> {
    try {
      resolve(await this.#ways.byPool(into, position))
    } catch (error) {
      reject(error as Error)
    }
  }
}

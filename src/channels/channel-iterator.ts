/** A `for await` over a channel. Leaving the loop leaves the channel open, and takes nothing along. */
import { type GetWaiter, NextGet } from './channel-waiters.ts'
import type { Sendable } from './contract.ts'
import type { Turn } from './turn.ts'

/** What an iterator needs of its channel. */
export interface Iterated<T extends Sendable> {
  tryGet(): T | undefined
  /** Lets it wait, or ends it at once where the channel has ended. */
  enterGet(waiter: GetWaiter<T>): void
  /** Ends every `next` of this iterator that waits. */
  finishGets(owner: object): void
}

export class ChannelIterator<T extends Sendable> implements AsyncIterableIterator<T, undefined> {
  readonly #channel: Iterated<T>
  readonly #turn: Turn
  #left: boolean = false

  constructor(channel: Iterated<T>, turn: Turn) {
    this.#channel = channel
    this.#turn = turn
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#left) return Promise.resolve({ value: undefined, done: true })
    const value = this.#channel.tryGet()
    if (value !== undefined) return this.#turn.with({ value, done: false })
    const waiter = new NextGet<T>(this)
    this.#channel.enterGet(waiter)
    return waiter.answer.promise
  }

  /** Ends the iteration; a `next` under way ends without a value. */
  return(): Promise<IteratorResult<T, undefined>> {
    this.#left = true
    this.#channel.finishGets(this)
    return Promise.resolve({ value: undefined, done: true })
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}

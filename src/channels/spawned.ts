/**
 * What the parents of a spawned thread and of a spawned process have in common: how its end is waited for, and what
 * it says. Whoever spawns owns it; it knows neither threads nor processes.
 */
import { untilAborted } from '../base/abort.ts'
import { type Deferred, deferred } from '../base/deferred.ts'
import type { Scheduler } from '../base/ports.ts'
import {
  ChannelClosed,
  ChannelPeerLost,
  ChannelTimeout,
  type SelectableReceiver,
  type Sendable,
  type Unwatch,
  type WaitOptions,
} from './contract.ts'
import type { Exit } from './spawn-contract.ts'

/** The end of one that was spawned, for all who need to know of it. */
export class SpawnEnd {
  readonly name: string
  readonly #scheduler: Scheduler
  readonly #ended: Deferred<Exit> = deferred()
  #exit: Exit | null = null

  constructor(name: string, scheduler: Scheduler) {
    this.name = name
    this.#scheduler = scheduler
  }

  /** `null` while it runs. */
  get exit(): Exit | null {
    return this.#exit
  }

  get ended(): Promise<Exit> {
    return this.#ended.promise
  }

  /** What its parent's channels failed with; `null` where it runs, or did not crash. */
  get loss(): ChannelPeerLost | null {
    const cause = this.#exit?.error ?? null
    if (cause === null) return null
    return new ChannelPeerLost(`${this.name} is lost: ${cause.message}`, { cause })
  }

  /** It has ended: the first word counts. */
  over(exit: Exit): void {
    if (this.#exit !== null) return
    this.#exit = exit
    this.#ended.resolve(exit)
  }

  /** What a call is told whose channel gave it this error; where it has ended, that is known once it has quite gone. */
  async explain(error: unknown): Promise<unknown> {
    const isEnd = error instanceof ChannelClosed || error instanceof ChannelPeerLost
    if (!isEnd || (error instanceof ChannelClosed && this.#exit === null)) return error
    await this.#ended.promise
    return this.loss ?? new ChannelClosed(`${this.name} has ended`)
  }

  join({ signal, timeoutMs = Number.POSITIVE_INFINITY }: WaitOptions): Promise<Exit> {
    if (this.#exit !== null) return Promise.resolve(this.#exit)
    return untilAborted<Exit>(signal, (resolve, reject) => {
      void this.#ended.promise.then(resolve)
      if (timeoutMs === Number.POSITIVE_INFINITY) return () => undefined
      // What is not a number is no time either.
      const delayMs = timeoutMs > 0 ? timeoutMs : 0
      const late = (): void => reject(new ChannelTimeout(timeoutMs))
      const timer = this.#scheduler.after(delayMs, late)
      void this.#ended.promise.then(() => timer.cancel())
      return () => timer.cancel()
    })
  }
}

/** What it says: the end of a channel, but for what is told of its own end. */
export class SpawnedOutput<T extends Sendable> implements SelectableReceiver<T> {
  readonly #channel: SelectableReceiver<T>
  readonly #end: SpawnEnd

  constructor(channel: SelectableReceiver<T>, end: SpawnEnd) {
    this.#channel = channel
    this.#end = end
  }

  async get(options?: WaitOptions): Promise<T> {
    try {
      return await this.#channel.get(options)
    } catch (error) {
      throw await this.#end.explain(error)
    }
  }

  tryGet(): T | undefined {
    return this.#channel.tryGet()
  }

  get closed(): boolean {
    return this.#channel.closed
  }

  /** Lost, and not known why, is not ended yet: that is known once it has quite gone. */
  get ended(): boolean {
    return this.#channel.ended && (this.#channel.failure === null || this.#end.exit !== null)
  }

  get failure(): Error | null {
    return this.#channel.ended ? this.#end.loss : null
  }

  onReadable(wake: () => void): Unwatch {
    let isWatched = true
    const unwatch = this.#channel.onReadable(() => {
      if (this.#channel.failure === null || this.#end.exit !== null) wake()
      else void this.#end.ended.then(() => isWatched && wake())
    })
    return () => {
      isWatched = false
      unwatch()
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, undefined> {
    for (;;) {
      let value: T
      try {
        value = await this.get()
      } catch (error) {
        if (error instanceof ChannelClosed) return undefined
        throw error
      }
      yield value
    }
  }
}

/**
 * The parent's two ends of a spawned thread: a channel's ends, but for what they say at the end. That the thread
 * has gone may be known before how it went; whoever asks why is told a moment later.
 */
import {
  ChannelClosed,
  ChannelError,
  ChannelPeerLost,
  type Ending,
  type SelectableReceiver,
  type SelectableSender,
  type Sendable,
  type Unwatch,
  type WaitOptions,
} from '../contract.ts'
import type { Exit } from '../spawn-contract.ts'
import type { ThreadChannel } from './thread-channel.ts'

/** What both ends know of the thread behind them. */
class Fate {
  readonly name: string
  readonly ended: Promise<Exit>
  /** `null` while it runs. */
  exit: Exit | null = null

  constructor(name: string, ended: Promise<Exit>) {
    this.name = name
    this.ended = ended
  }

  /** Why the thread is gone, for whoever missed it. */
  get loss(): Error | null {
    const error = this.exit?.error ?? null
    if (error === null) return null
    return new ChannelPeerLost(`${this.name} is lost: ${error.message}`, { cause: error })
  }

  /** What a call is told whose channel gave it this error. */
  async explain(error: unknown): Promise<unknown> {
    const isEnd = error instanceof ChannelError && ends.has(error.code)
    if (!isEnd || (error.code === 'CHANNEL_CLOSED' && this.exit === null)) return error
    await this.ended
    return this.loss ?? new ChannelClosed(`${this.name} has ended`)
  }
}

const ends: ReadonlySet<string> = new Set(['CHANNEL_CLOSED', 'CHANNEL_PEER_LOST'])

export class ThreadInput<T extends Sendable> implements SelectableSender<T> {
  readonly #channel: ThreadChannel<T>
  readonly #fate: Fate

  constructor(channel: ThreadChannel<T>, name: string, ended: Promise<Exit>) {
    this.#channel = channel
    this.#fate = new Fate(name, ended)
  }

  /** Called once, when the thread has ended. */
  end(exit: Exit): void {
    this.#fate.exit = exit
    this.#channel.close('now')
  }

  put(value: T, options?: WaitOptions): Promise<void> {
    return this.#channel.put(value, options).catch(async (error: unknown) => {
      throw await this.#fate.explain(error)
    })
  }

  tryPut(value: T): boolean {
    return this.#channel.tryPut(value)
  }

  close(ending?: Ending): void {
    this.#channel.close(ending)
  }

  get closed(): boolean {
    return this.#channel.closed
  }

  onWritable(wake: () => void): Unwatch {
    return this.#channel.onWritable(wake)
  }
}

export class ThreadOutput<T extends Sendable> implements SelectableReceiver<T> {
  readonly #channel: ThreadChannel<T>
  readonly #fate: Fate

  constructor(channel: ThreadChannel<T>, name: string, ended: Promise<Exit>) {
    this.#channel = channel
    this.#fate = new Fate(name, ended)
  }

  /** Called once, when the thread has ended. */
  end(exit: Exit): void {
    this.#fate.exit = exit
    this.#channel.close()
  }

  get(options?: WaitOptions): Promise<T> {
    return this.#channel.get(options).catch(async (error: unknown) => {
      throw await this.#fate.explain(error)
    })
  }

  tryGet(): T | undefined {
    return this.#channel.tryGet()
  }

  get closed(): boolean {
    return this.#channel.closed
  }

  /** Lost, and not known why, is not ended yet: that is known once the thread is quite gone. */
  get ended(): boolean {
    return this.#channel.ended && (this.#channel.failure === null || this.#fate.exit !== null)
  }

  get failure(): Error | null {
    return this.#channel.ended ? this.#fate.loss : null
  }

  onReadable(wake: () => void): Unwatch {
    let isWatched = true
    const unwatch = this.#channel.onReadable(() => {
      if (this.#channel.failure === null || this.#fate.exit !== null) wake()
      else void this.#fate.ended.then(() => isWatched && wake())
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

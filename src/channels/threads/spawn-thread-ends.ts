/**
 * The parent's two ends of a spawned thread: a channel's ends, but for what they say at the end. That the thread
 * has gone may be known before how it went; whoever asks why is told a moment later.
 */
import {
  ChannelError,
  type Ending,
  type SelectableReceiver,
  type SelectableSender,
  type Sendable,
  type Unwatch,
  type WaitOptions,
} from '../contract.ts'
import { type SpawnEnd, saidBy, watchOutput } from '../spawned.ts'
import type { ThreadChannel } from './thread-channel.ts'

/** What a call is told whose channel gave it this error. */
function explained(error: unknown, end: SpawnEnd): unknown {
  const isEnd = error instanceof ChannelError && ends.has(error.code)
  if (!isEnd || (error.code === 'CHANNEL_CLOSED' && end.exit === null)) return error
  return end.explain()
}

const ends: ReadonlySet<string> = new Set(['CHANNEL_CLOSED', 'CHANNEL_PEER_LOST'])

export class ThreadInput<T extends Sendable> implements SelectableSender<T> {
  readonly #channel: ThreadChannel<T>
  readonly #end: SpawnEnd

  constructor(channel: ThreadChannel<T>, end: SpawnEnd) {
    this.#channel = channel
    this.#end = end
  }

  /** Called once, when the thread has ended. */
  end(): void {
    this.#channel.close('now')
  }

  put(value: T, options?: WaitOptions): Promise<void> {
    return this.#channel.put(value, options).catch(async (error: unknown) => {
      throw await explained(error, this.#end)
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
  readonly #end: SpawnEnd

  constructor(channel: ThreadChannel<T>, end: SpawnEnd) {
    this.#channel = channel
    this.#end = end
  }

  /** Called once, when the thread has ended. */
  end(): void {
    this.#channel.close()
  }

  get(options?: WaitOptions): Promise<T> {
    return this.#channel.get(options).catch(async (error: unknown) => {
      throw await explained(error, this.#end)
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
    return this.#channel.ended && (this.#channel.failure === null || this.#end.exit !== null)
  }

  get failure(): Error | null {
    return this.#channel.ended ? this.#end.loss : null
  }

  onReadable(wake: () => void): Unwatch {
    return watchOutput(this.#channel, this.#end, wake)
  }

  [Symbol.asyncIterator](): AsyncGenerator<T, undefined> {
    return saidBy(this)
  }
}

/**
 * The parent's two ends of a spawned process: a channel's ends, but for what they say at the end. A connection
 * that broke means nothing by itself; how the process ended does, and that is known a moment later.
 */
import {
  ChannelClosed,
  ChannelPeerLost,
  type Ending,
  type SelectableReceiver,
  type SelectableSender,
  type Sendable,
  type Unwatch,
  type WaitOptions,
} from '../contract.ts'
import { type SpawnEnd, saidBy, watchOutput } from '../spawned.ts'
import type { ProcessChannel } from './process-channel.ts'

export class SpawnInput<T extends Sendable> implements SelectableSender<T> {
  readonly #channel: ProcessChannel<Sendable>
  /** The child has been told what it is to be: before that nothing may end. */
  readonly #begun: Promise<void>
  readonly #end: SpawnEnd
  #state: 'open' | 'closed' = 'open'

  constructor(channel: ProcessChannel<Sendable>, begun: Promise<void>, end: SpawnEnd) {
    this.#channel = channel
    this.#begun = begun
    this.#end = end
  }

  async put(value: T, options?: WaitOptions): Promise<void> {
    if (this.#state === 'closed') throw new ChannelClosed(`${this.#channel.name} is closed`)
    try {
      await this.#channel.put(value, options)
    } catch (error) {
      throw await explained(error, this.#end)
    }
  }

  tryPut(value: T): boolean {
    return this.#state === 'open' && this.#channel.tryPut(value)
  }

  /** With `now` nothing is received from the other side any more either, and what is under way is thrown away. */
  close(ending: Ending = 'drain'): void {
    if (ending === 'now') this.#channel.close('now')
    if (this.#state === 'closed') return
    this.#state = 'closed'
    const finish = (): void => this.#channel.finish()
    this.#begun.then(finish, finish)
  }

  get closed(): boolean {
    return this.#state === 'closed' || this.#channel.closed
  }

  onWritable(wake: () => void): Unwatch {
    return this.#channel.onWritable(wake)
  }
}

export class SpawnOutput<T extends Sendable> implements SelectableReceiver<T> {
  readonly #channel: ProcessChannel<Sendable>
  readonly #end: SpawnEnd

  constructor(channel: ProcessChannel<Sendable>, end: SpawnEnd) {
    this.#channel = channel
    this.#end = end
  }

  async get(options?: WaitOptions): Promise<T> {
    try {
      return (await this.#channel.get(options)) as T
    } catch (error) {
      throw await explained(error, this.#end)
    }
  }

  tryGet(): T | undefined {
    return this.#channel.tryGet() as T | undefined
  }

  get closed(): boolean {
    return this.#channel.closed
  }

  get ended(): boolean {
    return this.#channel.ended && (this.#channel.failure === null || this.#end.exit !== null)
  }

  get failure(): Error | null {
    return this.#channel.failure === null ? null : this.#end.loss
  }

  onReadable(wake: () => void): Unwatch {
    return watchOutput(this.#channel, this.#end, wake)
  }

  [Symbol.asyncIterator](): AsyncGenerator<T, undefined> {
    return saidBy(this)
  }
}

/** A lost connection is an ordinary end if the process ended well or because it was told to. */
function explained(error: unknown, end: SpawnEnd): unknown {
  return error instanceof ChannelPeerLost ? end.explain() : error
}

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
import type { Exit } from '../spawn-contract.ts'
import type { ProcessChannel } from './process-channel.ts'

export class SpawnInput<T extends Sendable> implements SelectableSender<T> {
  readonly #channel: ProcessChannel<Sendable>
  /** The child has been told what it is to be: before that nothing may end. */
  readonly #begun: Promise<void>
  readonly #ended: Promise<Exit>
  #state: 'open' | 'closed' = 'open'

  constructor(channel: ProcessChannel<Sendable>, begun: Promise<void>, ended: Promise<Exit>) {
    this.#channel = channel
    this.#begun = begun
    this.#ended = ended
  }

  async put(value: T, options?: WaitOptions): Promise<void> {
    if (this.#state === 'closed') throw new ChannelClosed(`${this.#channel.name} is closed`)
    try {
      await this.#channel.put(value, options)
    } catch (error) {
      throw await explained(error, this.#channel.name, this.#ended)
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
  readonly #ended: Promise<Exit>
  #exit: Exit | null = null

  constructor(channel: ProcessChannel<Sendable>, ended: Promise<Exit>) {
    this.#channel = channel
    this.#ended = ended
    void ended.then((exit) => {
      this.#exit = exit
    })
  }

  async get(options?: WaitOptions): Promise<T> {
    try {
      return (await this.#channel.get(options)) as T
    } catch (error) {
      throw await explained(error, this.#channel.name, this.#ended)
    }
  }

  tryGet(): T | undefined {
    return this.#channel.tryGet() as T | undefined
  }

  get closed(): boolean {
    return this.#channel.closed
  }

  get ended(): boolean {
    return this.#channel.ended && (this.#channel.failure === null || this.#exit !== null)
  }

  get failure(): Error | null {
    if (this.#channel.failure === null || this.#exit === null) return null
    return lossOf(this.#channel.name, this.#exit)
  }

  onReadable(wake: () => void): Unwatch {
    let state: 'watched' | 'unwatched' = 'watched'
    const unwatch = this.#channel.onReadable(() => {
      if (this.#channel.failure === null || this.#exit !== null) wake()
      // Broken, and not known why: that is known once the process has ended.
      else void this.#ended.then(() => state === 'watched' && wake())
    })
    return () => {
      state = 'unwatched'
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

/** A lost connection is an ordinary end if the process ended well or because it was told to. */
async function explained(error: unknown, name: string, ended: Promise<Exit>): Promise<unknown> {
  if (!(error instanceof ChannelPeerLost)) return error
  const exit = await ended
  return lossOf(name, exit) ?? new ChannelClosed(`${name} has ended`)
}

function lossOf(name: string, exit: Exit): ChannelPeerLost | null {
  if (exit.error === null) return null
  return new ChannelPeerLost(`${name} is lost: ${exit.error.message}`, { cause: exit.error })
}

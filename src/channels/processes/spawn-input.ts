/**
 * What is put to a spawned process: a channel's end, but for what it says at the end. A connection that broke means
 * nothing by itself; how the process ended does, and that is known a moment later.
 */
import {
  ChannelClosed,
  type Ending,
  type SelectableSender,
  type Sendable,
  type Unwatch,
  type WaitOptions,
} from '../contract.ts'
import type { SpawnEnd } from '../spawned.ts'
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
      throw await this.#end.explain(error)
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

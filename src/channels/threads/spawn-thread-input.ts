/**
 * What is put to a spawned thread: a channel's end, but for what it says at the end. That the thread has gone may be
 * known before how it went; whoever asks why is told a moment later.
 */
import type { Ending, SelectableSender, Sendable, Unwatch, WaitOptions } from '../contract.ts'
import type { SpawnEnd } from '../spawned.ts'
import type { ThreadChannel } from './thread-channel.ts'

export class ThreadInput<T extends Sendable> implements SelectableSender<T> {
  readonly #channel: ThreadChannel<T>
  readonly #end: SpawnEnd

  constructor(channel: ThreadChannel<T>, end: SpawnEnd) {
    this.#channel = channel
    this.#end = end
  }

  put(value: T, options?: WaitOptions): Promise<void> {
    return this.#channel.put(value, options).catch(async (error: unknown) => {
      throw await this.#end.explain(error)
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

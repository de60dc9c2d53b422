/**
 * A channel of this process behind nothing but the public interface of a selectable end: what `select`
 * sees of a channel to another thread or process.
 */
import type { Channel } from '../../src/channels/channel.ts'
import type {
  Ending,
  SelectableReceiver,
  SelectableSender,
  Sendable,
  Unwatch,
  WaitOptions,
} from '../../src/channels/contract.ts'

export class FarEnd<T extends Sendable> implements SelectableReceiver<T>, SelectableSender<T> {
  readonly #channel: Channel<T>

  constructor(channel: Channel<T>) {
    this.#channel = channel
  }

  get closed(): boolean {
    return this.#channel.closed
  }

  get ended(): boolean {
    return this.#channel.ended
  }

  get failure(): Error | null {
    return this.#channel.failure
  }

  put(value: T, options?: WaitOptions): Promise<void> {
    return this.#channel.put(value, options)
  }

  tryPut(value: T): boolean {
    return this.#channel.tryPut(value)
  }

  get(options?: WaitOptions): Promise<T> {
    return this.#channel.get(options)
  }

  tryGet(): T | undefined {
    return this.#channel.tryGet()
  }

  close(ending?: Ending): void {
    this.#channel.close(ending)
  }

  onReadable(wake: () => void): Unwatch {
    return this.#channel.onReadable(wake)
  }

  onWritable(wake: () => void): Unwatch {
    return this.#channel.onWritable(wake)
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return this.#channel[Symbol.asyncIterator]()
  }
}

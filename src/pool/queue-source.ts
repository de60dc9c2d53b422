/**
 * A queue whose messages are acknowledged one by one as the source of a pool: what a lost worker leaves goes back
 * to the queue, for whoever is next. It owns neither the queue nor the consumption, which its maker closes.
 */
import { untilAborted } from '../base/abort.ts'
import { attemptsDefault, type Delivery, type TaskSource } from './task-source.ts'

/** As much of a message as a source needs. */
export interface QueueMessage<T> {
  readonly body: T
  /** How often it was given back before, at least. */
  readonly deliveries: number
  ack(): void
  giveBack(): void
}

export interface QueueSourceOptions<T> {
  /** How often a message may be handed out before a dying worker rejects it. Default 3, as for channels. */
  readonly attempts?: number
  /** Where a rejected message goes before it is acknowledged; by default nowhere. What it throws gives it back. */
  readonly onRejected?: (value: T, error: unknown) => Promise<void> | void
}

/** Messages of a queue as a source; made of what `consume` answers. It ends when the consumption does. */
export function queueSource<T>(
  messages: AsyncIterator<QueueMessage<T>, undefined>,
  options: QueueSourceOptions<T> = {},
): TaskSource<T> {
  return new QueueSource(messages, options)
}

class QueueSource<T> implements TaskSource<T> {
  readonly #messages: AsyncIterator<QueueMessage<T>, undefined>
  readonly #attempts: number
  readonly #onRejected: ((value: T, error: unknown) => Promise<void> | void) | null
  /** Messages that were asked for by those who gave up, oldest first: the next ones get them. */
  readonly #asked: Promise<IteratorResult<QueueMessage<T>, undefined>>[] = []

  constructor(messages: AsyncIterator<QueueMessage<T>, undefined>, options: QueueSourceOptions<T>) {
    this.#messages = messages
    this.#attempts = options.attempts ?? attemptsDefault
    this.#onRejected = options.onRejected ?? null
  }

  async next(signal: AbortSignal): Promise<Delivery<T> | null> {
    signal.throwIfAborted()
    // Those who ask at the same time ask for a message each.
    const asked = this.#asked.shift() ?? this.#messages.next()
    const result = await untilAborted<IteratorResult<QueueMessage<T>, undefined>>(
      signal,
      (resolve, reject) => {
        asked.then(resolve, reject)
        return () => this.#asked.push(asked)
      },
    )
    return result.done === true ? null : this.#deliver(result.value)
  }

  #deliver(message: QueueMessage<T>): Delivery<T> {
    const value = message.body
    const reject = async (error: unknown): Promise<void> => {
      try {
        await this.#onRejected?.(value, error)
      } catch (failure) {
        message.giveBack()
        throw failure
      }
      message.ack()
    }
    return {
      value,
      ack: () => message.ack(),
      requeue: (error) => {
        if (error !== null && message.deliveries + 1 >= this.#attempts) return reject(error)
        return message.giveBack()
      },
      reject,
    }
  }
}

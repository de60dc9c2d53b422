/**
 * Where a pool that consumes gets its tasks: the seam that a channel fits, and a broker's queue (queue-source.ts).
 * A delivery is settled once, by one of three words.
 */
import { Ring } from '../base/ring.ts'
import { ChannelClosed, type Receiver, type Sendable } from '../channels/contract.ts'

/** One value to work on, that its source remembers until it is settled. */
export interface Delivery<T> {
  readonly value: T
  /** Done: forget it. */
  ack(): Promise<void> | void
  /**
   * Not done: somebody shall get it again. `error` says how its worker was lost, which may be its fault;
   * `null`: it was only taken back.
   */
  requeue(error: unknown): Promise<void> | void
  /** It cannot be done: it threw, or took too long. A broker would put it aside. */
  reject(error: unknown): Promise<void> | void
}

export interface TaskSource<T> {
  /** The next delivery; `null` once there will be none. Ended by the signal it has had no effect, and rejects. */
  next(signal: AbortSignal): Promise<Delivery<T> | null>
}

export interface ConsumeOptions<T, R> {
  /** Deliveries in hand at once. Default: four for each worker. */
  readonly inFlightMax?: number
  /** Ends it at once: what runs is killed, and everything unsettled is requeued. */
  readonly signal?: AbortSignal
  /** As in `RunOptions`; a task that takes longer is rejected. */
  readonly timeoutMs?: number
  /** Awaited before the delivery is acknowledged; what it throws requeues the delivery and ends the consumption. */
  readonly onResult?: (result: R, value: T) => Promise<void> | void
  /** Awaited before the delivery is rejected; the same. */
  readonly onFailure?: (error: unknown, value: T) => Promise<void> | void
}

/** A pool at work on a source. */
export interface Consumption extends AsyncDisposable {
  readonly acked: number
  readonly requeued: number
  readonly rejected: number
  /** Resolves when the source has ended, or `close` was called, and all is settled; rejects with what broke it. */
  readonly done: Promise<void>
  /** Takes no more, and finishes what it has. Idempotent; settles as `done` does. */
  close(): Promise<void>
}

export interface ChannelSourceOptions<T> {
  /** How often a value may be handed out before a dying worker rejects it. Default 3. */
  readonly attempts?: number
  /** Where a rejected value goes; by default nowhere. */
  readonly onRejected?: (value: T, error: unknown) => void
}

/** One bad value must not kill workers for ever; three tries tell bad luck from a bad value. */
export const attemptsDefault = 3

/**
 * Settled values behind one that is not, of which the channel is not told yet. Beyond that they count as the older one:
 * a task that never ends must not cost memory for ever.
 */
const behindMax = 65_536 // a second of the fastest pool

/** A channel that counts what is done, as `Channel` does; a bare receiver does not. */
interface Counting {
  taskDone(): void
}

/** A value that was got, for as long as one before it is not settled. */
interface Place {
  isSettled: boolean
}

/**
 * A channel as a source. A requeued value goes before those in the channel; a settled one counts as
 * `taskDone` where the channel counts, so that its `join` waits for the pool.
 */
export function channelSource<T extends Sendable>(
  receiver: Receiver<T>,
  options: ChannelSourceOptions<T> = {},
): TaskSource<T> {
  return new ChannelSource(receiver, options)
}

class ChannelSource<T extends Sendable> implements TaskSource<T> {
  readonly #receiver: Receiver<T>
  readonly #attempts: number
  readonly #onRejected: ((value: T, error: unknown) => void) | null
  /** Requeued values. No longer than the consumer's `inFlightMax`: each was handed out before. */
  readonly #again: { readonly value: T; readonly attempt: number; readonly place: Place }[] = []
  /** In the order in which they were got, because a channel takes it that the oldest is done. */
  readonly #places = new Ring<Place>()

  constructor(receiver: Receiver<T>, options: ChannelSourceOptions<T>) {
    this.#receiver = receiver
    this.#attempts = options.attempts ?? attemptsDefault
    this.#onRejected = options.onRejected ?? null
  }

  async next(signal: AbortSignal): Promise<Delivery<T> | null> {
    const again = this.#again.shift()
    if (again !== undefined) return this.#deliver(again.value, again.attempt, again.place)
    try {
      const value = await this.#receiver.get({ signal })
      const place = { isSettled: false }
      if (isCounting(this.#receiver)) this.#places.push(place)
      return this.#deliver(value, 1, place)
    } catch (error) {
      if (error instanceof ChannelClosed) return null
      throw error
    }
  }

  #deliver(value: T, attempt: number, place: Place): Delivery<T> {
    const reject = (error: unknown): void => {
      this.#settle(place)
      this.#onRejected?.(value, error)
    }
    return {
      value,
      ack: () => this.#settle(place),
      requeue: (error) => {
        if (error === null) this.#again.push({ value, attempt, place })
        else if (attempt >= this.#attempts) reject(error)
        else this.#again.push({ value, attempt: attempt + 1, place })
      },
      reject,
    }
  }

  #settle(place: Place): void {
    place.isSettled = true
    const places = this.#places
    if (places.size > behindMax) {
      const oldest = places.shift()
      if (oldest !== undefined) places.push(oldest)
    }
    while (places.peek()?.isSettled === true) {
      places.shift()
      this.#count()
    }
  }

  #count(): void {
    try {
      if (isCounting(this.#receiver)) this.#receiver.taskDone()
    } catch (error) {
      // This end has left its channel meanwhile: nobody is there to be told.
      if (!(error instanceof ChannelClosed)) throw error
    }
  }
}

function isCounting(receiver: object): receiver is Counting {
  return 'taskDone' in receiver && typeof receiver.taskDone === 'function'
}

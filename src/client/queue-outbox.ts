/**
 * The sending side of a channel over a queue: who waits for room, in the order of asking, and when there is some.
 * It owns no message: what the queue has taken is the broker's.
 */
import { Watchers } from '../channels/channel-waiters.ts'
import type { Ports, Unwatch, WaitOptions } from '../channels/contract.ts'
import { Turn } from '../channels/turn.ts'
import { Waiter, WaitList } from '../channels/waiter.ts'
import type { ChannelQueue } from './channel-queue.ts'

/** What the broker says when it is the queue or the broker that is gone, and not this one message that is wrong. */
const GONE: readonly unknown[] = ['BROKER_CLOSED', 'BROKER_STOPPED', 'QUEUE_MISSING']

export interface OutboxOptions {
  readonly capacity: number
  /** The queue or its broker is gone; the answer is what callers are told. */
  readonly onLost: (error: unknown) => Error
}

/** A `put` that waits for room, with its encoded value in hand. */
class Sending extends Waiter {
  readonly body: unknown
  /** Told when the queue has it. */
  readonly taken: () => void
  readonly resolve: (sent: Promise<void>) => void
  readonly #reject: (error: unknown) => void

  constructor(
    what: { readonly body: unknown; readonly taken: () => void },
    settle: { resolve(sent: Promise<void>): void; reject(error: unknown): void },
  ) {
    super()
    this.body = what.body
    this.taken = what.taken
    this.resolve = settle.resolve
    this.#reject = settle.reject
  }

  override lose(error: unknown): void {
    this.#reject(error)
  }
}

export class QueueOutbox {
  readonly #queue: ChannelQueue
  readonly #options: OutboxOptions
  readonly #ports: Ports
  readonly #turn: Turn
  readonly #waiting = new WaitList<Sending>()
  readonly #watchers = new Watchers()
  /** The broker itself had no room, and has not said that there is some. */
  #isHeld = false

  constructor(queue: ChannelQueue, options: OutboxOptions, ports: Ports) {
    this.#queue = queue
    this.#options = options
    this.#ports = ports
    this.#turn = Turn.of(ports.scheduler)
  }

  /** Somebody wants to know when there is room. */
  get isAwaited(): boolean {
    return this.#waiting.size > 0 || this.#watchers.size > 0
  }

  /** A promise of its safety, or null where there is no room. Throws what is wrong with this body. */
  trySend(body: unknown): Promise<void> | null {
    return this.#waiting.size > 0 ? null : this.#send(body)
  }

  /** Calls that wait for room. */
  get waiting(): number {
    return this.#waiting.size
  }

  /** Sends it when there is room; until then the options may end it, and nothing has been sent. */
  wait(
    what: { readonly body: unknown; readonly taken: () => void },
    options: WaitOptions | undefined,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.enter(new Sending(what, { resolve, reject }), options, this.#ports.scheduler)
    })
  }

  onWritable(wake: () => void, state: 'open' | 'closed'): Unwatch {
    const isPossible = state === 'closed' || (this.#waiting.size === 0 && this.#hasRoom())
    return this.#watchers.watch(wake, isPossible ? 'possible' : 'later')
  }

  /** Looks whether there is room for those who wait. */
  look(): void {
    for (let next = this.#waiting.head; next !== null; next = this.#waiting.head) {
      try {
        const sent = this.#send(next.body)
        if (sent === null) return
        next.leave()
        next.taken()
        next.resolve(sent)
      } catch (error) {
        next.leave()
        next.lose(error)
      }
    }
    if (this.#watchers.size > 0 && this.#hasRoom()) this.#watchers.wakeAll()
  }

  /** Nothing is sent any more. */
  close(error: Error): void {
    for (const sending of this.#waiting.takeAll()) sending.lose(error)
    this.#watchers.wakeAll()
  }

  #send(body: unknown): Promise<void> | null {
    if (!this.#hasRoom()) return null
    const { onLost } = this.#options
    try {
      const sent = this.#queue.trySend(body)
      if (sent === null) this.#hold()
      // Where nothing is kept it is over at once, and a loop of such puts would never leave the microtasks.
      return (
        sent?.then(
          () => this.#turn.over(),
          (error: unknown) => Promise.reject(onLost(error)),
        ) ?? null
      )
    } catch (error) {
      throw isGone(error) ? onLost(error) : error
    }
  }

  #hasRoom(): boolean {
    if (this.#isHeld) return false
    const { capacity } = this.#options
    if (capacity === Number.POSITIVE_INFINITY) return true
    return this.#queue.readyCount + this.#queue.heldCount < capacity
  }

  #hold(): void {
    this.#isHeld = true
    const freed = (): void => {
      this.#isHeld = false
      this.look()
    }
    // Where the broker is gone the next try says so.
    this.#queue.room().then(freed, freed)
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && GONE.includes(error.code)
}

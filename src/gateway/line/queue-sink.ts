/**
 * A queue of the broker as the sink of a line socket: a message is acknowledged once the queue says that it is
 * safe. It owns the order in which clients get their turn while there is no room; where messages are stored is the
 * queue's business.
 */
import { mark } from '../../base/mark.ts'
import type { LineMessage } from './message.ts'
import type { LineSink, Ticket } from './sink.ts'

/** As much of a queue as a sink needs. */
export interface MessageQueue {
  readonly acknowledges: LineSink['acknowledges']
  /**
   * Takes the message now: the answer is what `safe` is asked for, and never falls. `full` takes nothing. Throws
   * why this message, or any, cannot be taken at all.
   */
  publish(message: LineMessage): number | 'full'
  /** Calls once when, after `full`, it is worth another try. */
  whenRoom(callback: () => void): void
  /** Resolves when everything up to there will survive a crash; rejects when that will never be. */
  safe(through: number): Promise<void>
}

interface Waiting {
  readonly message: LineMessage
  readonly signal: AbortSignal
  readonly resolve: (ticket: Ticket) => void
  readonly reject: (reason: unknown) => void
  readonly giveUp: () => void
}

export class QueueSink implements LineSink {
  readonly acknowledges: LineSink['acknowledges']
  readonly #queue: MessageQueue
  /** Those who wait for room, first come first; never more than there are clients. */
  readonly #waiting = new Set<Waiting>()
  /** The queue was asked to call when there is room, and has not called. */
  #isAsked = false
  #tickets: Ticket = 0
  /** What the newest message waits for. */
  #through = 0

  constructor(queue: MessageQueue) {
    this.#queue = queue
    this.acknowledges = queue.acknowledges
  }

  offer(message: LineMessage): Ticket | 'full' | 'closed' {
    if (this.#waiting.size > 0) return 'full'
    try {
      return this.#publish(message)
    } catch {
      return 'closed' // a broker that has stopped, or a body that it does not take
    }
  }

  put(message: LineMessage, signal: AbortSignal): Promise<Ticket> {
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        this.#leave(waiting)
        reject(signal.reason)
      }
      const waiting: Waiting = { message, signal, resolve, reject, giveUp }
      this.#waiting.add(waiting)
      signal.addEventListener('abort', giveUp)
      this.#go()
    })
  }

  /** Asked for the newest at the moment, which is this one or came with it: safe is safe, and never too early. */
  acked(_ticket: Ticket): Promise<void> {
    return this.#queue.safe(this.#through)
  }

  #publish(message: LineMessage): Ticket | 'full' {
    const through = this.#queue.publish(message)
    if (through === 'full') return 'full'
    this.#through = Math.max(this.#through, through)
    return this.#tickets++
  }

  #go(): void {
    // While it is asked nobody has room, and whoever came last may not be the first to try.
    if (this.#isAsked) return
    for (const waiting of this.#waiting) {
      if (this.#serve(waiting) === 'served') continue
      mark('line/waits-for-room')
      this.#isAsked = true
      this.#queue.whenRoom(() => {
        this.#isAsked = false
        this.#go()
      })
      return
    }
  }

  #serve(waiting: Waiting): 'served' | 'full' {
    try {
      const ticket = this.#publish(waiting.message)
      if (ticket === 'full') return 'full'
      this.#leave(waiting)
      waiting.resolve(ticket)
    } catch (error) {
      this.#leave(waiting)
      waiting.reject(error)
    }
    return 'served'
  }

  #leave(waiting: Waiting): void {
    this.#waiting.delete(waiting)
    waiting.signal.removeEventListener('abort', waiting.giveUp)
  }
}

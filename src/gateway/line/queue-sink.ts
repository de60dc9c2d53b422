/**
 * A queue of the broker as the sink of a line socket: a message is acknowledged once the queue says that it is
 * safe. It owns the order in which clients get their turn while there is no room; where messages are stored is the
 * queue's business.
 */
import { mark } from '../../base/mark.ts'
import type { LineMessage } from './message.ts'
import type { LineSink, Position } from './sink.ts'

/** As much of a queue as a sink needs. */
export interface MessageQueue {
  readonly acknowledges: LineSink['acknowledges']
  /**
   * Takes the message now, and answers where it stands. `full` takes nothing. Throws why this message, or any, cannot
   * be taken at all.
   */
  publish(message: LineMessage): Position | 'full'
  /** Calls once when, after `full`, it is worth another try. */
  whenRoom(callback: () => void): void
  /** Resolves when everything taken so far will survive a crash; rejects when that will never be. */
  safe(): Promise<void>
}

interface Waiting {
  readonly message: LineMessage
  readonly signal: AbortSignal
  readonly resolve: (position: Position) => void
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

  constructor(queue: MessageQueue) {
    this.#queue = queue
    this.acknowledges = queue.acknowledges
  }

  offer(message: LineMessage): Position | 'full' | 'closed' {
    if (this.#waiting.size > 0) return 'full'
    try {
      return this.#queue.publish(message)
    } catch {
      return 'closed' // a broker that has stopped, or a body that it does not take
    }
  }

  put(message: LineMessage, signal: AbortSignal): Promise<Position> {
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
  acked(_position: Position): Promise<void> {
    return this.#queue.safe()
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
      const position = this.#queue.publish(waiting.message)
      if (position === 'full') return 'full'
      this.#leave(waiting)
      waiting.resolve(position)
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

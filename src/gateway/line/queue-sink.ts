/**
 * A queue of the broker as the sink of a line socket: a message is acknowledged once the queue says that it is
 * safe. It owns the order in which clients get their turn; it never holds more than so many unsafe messages, and
 * where they are stored is the queue's.
 */
import type { LineMessage } from './message.ts'
import type { LineSink, Ticket } from './sink.ts'

/** As much of a queue as a sink needs. */
export interface MessageQueue {
  /** Takes it now, in the order of calling; resolves when it is as safe as the queue makes it. */
  send(body: string | Uint8Array): Promise<void>
}

/** Messages sent and not yet safe, of all clients: with messages of 1 KiB some 4 MB, and more than one commit. */
const unsafeMax = 4_096

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
  /** Invariant: at most `unsafeMax`. */
  readonly #unsafe = new Map<Ticket, Promise<void>>()
  /** Those who wait for room, first come first; never more than there are clients. */
  readonly #waiting = new Set<Waiting>()
  #tickets: Ticket = 0
  /** Why nothing is kept any more; `null` while all is well. */
  #failure: Error | null = null

  /** `durable`: what the queue has taken survives a crash. */
  constructor(queue: MessageQueue, acknowledges: LineSink['acknowledges']) {
    this.#queue = queue
    this.acknowledges = acknowledges
  }

  offer(message: LineMessage): Ticket | 'full' | 'closed' {
    if (this.#failure !== null) return 'closed'
    if (this.#waiting.size > 0 || this.#unsafe.size >= unsafeMax) return 'full'
    try {
      return this.#send(message)
    } catch {
      return 'closed' // a queue that is gone, or a body that it does not take
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

  acked(ticket: Ticket): Promise<void> {
    const unsafe = this.#unsafe.get(ticket)
    if (unsafe !== undefined) return unsafe
    return this.#failure === null ? Promise.resolve() : Promise.reject(this.#failure)
  }

  #send({ body }: LineMessage): Ticket {
    const sent = this.#queue.send(body)
    const ticket = this.#tickets++
    this.#unsafe.set(ticket, sent)
    sent.then(
      () => this.#safe(ticket),
      (error: unknown) => this.#failed(error),
    )
    return ticket
  }

  #safe(ticket: Ticket): void {
    this.#unsafe.delete(ticket)
    this.#go()
  }

  /** A send that failed for one message failed before it was taken; this is the queue's end. */
  #failed(error: unknown): void {
    this.#failure ??= error instanceof Error ? error : new Error(String(error))
    this.#unsafe.clear()
    this.#go()
  }

  #go(): void {
    for (const waiting of this.#waiting) {
      if (this.#failure === null && this.#unsafe.size >= unsafeMax) return
      this.#leave(waiting)
      if (this.#failure === null) this.#serve(waiting)
      else waiting.reject(this.#failure)
    }
  }

  #serve({ message, resolve, reject }: Waiting): void {
    try {
      resolve(this.#send(message))
    } catch (error) {
      reject(error)
    }
  }

  #leave(waiting: Waiting): void {
    this.#waiting.delete(waiting)
    waiting.signal.removeEventListener('abort', waiting.giveUp)
  }
}

/**
 * A sink that prints: each message becomes one line of text. It stands in until the broker has queues: the
 * program that reads the lines is the consumer, and when it is slow the clients wait. It keeps nothing.
 */
import { type LineMessage, messageLine } from './message.ts'
import type { LineSink, Ticket } from './sink.ts'

/** Where the lines go: standard output, say. */
export interface TextOutput {
  /** Takes the text in any case; `false` says: enough for now, until `drained`. */
  write(text: string): boolean
  drained(): Promise<void>
}

interface Waiting {
  readonly message: LineMessage
  readonly signal: AbortSignal
  readonly resolve: (ticket: Ticket) => void
  readonly giveUp: () => void
}

export class PrintSink implements LineSink {
  readonly acknowledges = 'never'
  readonly #output: TextOutput
  /** Those who wait for room, first come first. Invariant: empty unless held; never more than there are clients. */
  readonly #waiting = new Set<Waiting>()
  /** Nothing is printed before `begin`, nor while the output has enough. */
  #held = true
  #tickets: Ticket = 0

  constructor(output: TextOutput) {
    this.#output = output
  }

  /** Lets the lines go, once everything that has to stand above them is written. Idempotent. */
  begin(): void {
    this.#held = false
    this.#go()
  }

  offer(message: LineMessage): Ticket | 'full' {
    if (this.#held) return 'full'
    return this.#print(message)
  }

  put(message: LineMessage, signal: AbortSignal): Promise<Ticket> {
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        this.#leave(waiting)
        reject(signal.reason)
      }
      const waiting: Waiting = { message, signal, resolve, giveUp }
      this.#waiting.add(waiting)
      signal.addEventListener('abort', giveUp)
      this.#go()
    })
  }

  acked(): Promise<void> {
    return Promise.reject(new Error('what is printed is not kept'))
  }

  #go(): void {
    for (const waiting of this.#waiting) {
      if (this.#held) return
      this.#leave(waiting)
      waiting.resolve(this.#print(waiting.message))
    }
  }

  #leave(waiting: Waiting): void {
    this.#waiting.delete(waiting)
    waiting.signal.removeEventListener('abort', waiting.giveUp)
  }

  #print(message: LineMessage): Ticket {
    if (!this.#output.write(`${messageLine(message)}\n`)) {
      this.#held = true
      // An output that is gone takes no more: the clients wait until the listener is closed.
      this.#output.drained().then(
        () => this.begin(),
        () => {},
      )
    }
    return this.#tickets++
  }
}

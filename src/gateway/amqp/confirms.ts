/**
 * What a publisher is still to be told: a ticket for each message of a channel that confirms, in the order of
 * publishing. It knows up to where everything is settled and says so with one frame for many.
 */
import { NumberRing } from '../../base/number-ring.ts'

/** In place of a ticket: the message was refused. */
const REFUSED = -1

export interface ConfirmSink {
  /** Everything up to this message is safe. */
  acked(sequence: number, many: 'one' | 'many'): void
  /** This one message was not taken. */
  refused(sequence: number): void
}

export class Confirms {
  readonly #tickets = new NumberRing()
  readonly #sink: ConfirmSink
  /** Messages told of so far; the one at the head of the ring is the next. */
  #told = 0
  /** The highest ticket that was settled. */
  #through = 0

  constructor(sink: ConfirmSink) {
    this.#sink = sink
  }

  /** Messages that are not told of. */
  get pendingCount(): number {
    return this.#tickets.size
  }

  /** The next message waits for this ticket; 0 for one that waits for nothing. */
  add(ticket: number): void {
    this.#tickets.push(ticket)
  }

  refuse(): void {
    this.#tickets.push(REFUSED)
  }

  settled(through: number): void {
    this.#through = through
    this.tell()
  }

  /** The same, to be told later. */
  learn(through: number): void {
    this.#through = through
  }

  /** Tells what can be told. */
  tell(): void {
    const tickets = this.#tickets
    let last = this.#told
    while (tickets.size > 0 && tickets.peek() <= this.#through) {
      const isRefused = tickets.shift() === REFUSED
      if (isRefused) {
        this.#ack(this.#told, last)
        last++
        this.#sink.refused(last)
        this.#told = last
      } else last++
    }
    this.#ack(this.#told, last)
    this.#told = last
  }

  #ack(told: number, last: number): void {
    if (last > told) this.#sink.acked(last, last - told === 1 ? 'one' : 'many')
  }
}

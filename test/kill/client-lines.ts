/**
 * What a client of a broker that is killed says, and the books that its parent keeps of it: every attempt, every
 * confirmation, everything that came. The grammar, a line each; a place is a queue, or a partition and an offset.
 *
 *   try PRODUCER COUNTER QUEUE               about to be published
 *   ok PRODUCER COUNTER QUEUE [OFFSET]       confirmed: it may not be lost, and stays at its offset
 *   refused PRODUCER COUNTER QUEUE           refused for good
 *   got PRODUCER COUNTER QUEUE new|again CONSUMER       came out of a queue
 *   settling PRODUCER COUNTER QUEUE          about to be acknowledged by its consumer
 *   at PRODUCER COUNTER QUEUE OFFSET         was read at this offset of a partition
 *   committed QUEUE OFFSET                   a group's offset is confirmed
 *   resumed QUEUE OFFSET                     where the group goes on after a restart
 *   left QUEUE COUNT                         so much is still there when all was read
 */
import assert from 'node:assert/strict'
import { History, type HistoryMessage, type Verdict } from '../sim/history.ts'

export class ClientBooks {
  readonly #history = new History()
  /** By partition: what lies at each offset, as it was confirmed or read first. */
  readonly #places = new Map<string, Map<number, string>>()
  /** Places that were read at least once. */
  readonly #read = new Set<string>()
  readonly #committed = new Map<string, number>()
  /** The next counter of each producer. */
  readonly next: Map<string, number> = new Map()
  acked = 0

  take(line: string): void {
    const words = line.split(' ')
    const [word = '', queue = '', number] = words
    if (word === 'committed') this.#commit(queue, Number(number))
    else if (word === 'resumed') this.#resume(queue, Number(number))
    else if (word === 'left') this.#history.drained(queue, Number(number))
    else this.#takeMessage(word, words)
  }

  judge(): Verdict {
    return this.#history.judge()
  }

  #takeMessage(word: string, [, producer = '', counter, queue = '', ...rest]: string[]): void {
    const message = { queue, producer, counter: Number(counter) }
    const history = this.#history
    if (word === 'try') {
      this.next.set(producer, message.counter + 1)
      history.attempted(message)
    } else if (word === 'ok') {
      this.acked++
      if (rest[0] !== undefined) this.#place(message, Number(rest[0]))
      history.acked(message)
    } else if (word === 'got') {
      const redelivered = rest[0] === 'again' ? 'redelivered' : 'new'
      history.delivered({ ...message, redelivered, told: 'at-once', consumer: rest[1]! })
    } else if (word === 'at') this.#readAt(message, Number(rest[0]))
    else if (word === 'settling') history.settling(message)
    else if (word === 'refused') history.refused(message)
    else assert.fail(`not a line of a client: ${word}`)
  }

  /** A log is read again and again, and only the first time counts as a delivery. */
  #readAt(message: HistoryMessage, offset: number): void {
    this.#place(message, offset)
    const place = `${message.queue} ${offset}`
    if (this.#read.has(place)) return
    this.#read.add(place)
    this.#history.delivered({ ...message, redelivered: 'new', told: 'at-once', consumer: 'reader' })
  }

  /** What lies at an offset never changes. */
  #place({ queue, producer, counter }: HistoryMessage, offset: number): void {
    const places = this.#places.get(queue) ?? new Map<number, string>()
    this.#places.set(queue, places)
    const before = places.get(offset)
    const text = `${producer} ${counter}`
    assert(before === undefined || before === text, `${queue} ${offset}: ${before}, then ${text}`)
    places.set(offset, text)
  }

  #commit(queue: string, offset: number): void {
    this.#committed.set(queue, Math.max(this.#committed.get(queue) ?? 0, offset))
  }

  #resume(queue: string, offset: number): void {
    const committed = this.#committed.get(queue) ?? 0
    assert(offset >= committed, `${queue}: committed ${committed}, goes on at ${offset}`)
  }
}

/**
 * Arrivals lets large bodies in, so many bytes of them at once, and publishes them when they are whole. What a body
 * will need is counted from its beginning, so that those which were let in can always come to their end. The others
 * wait in a line, and whoever stops in the middle of a body while they do is given up (ADR 0013).
 */
import { assert } from '../base/assert.ts'
import { mark } from '../base/mark.ts'
import type { Content } from '../machine/message.ts'
import type { Route } from '../machine/route.ts'
import { type Announcement, Arrival } from './arrival.ts'
import { ArrivalWatch } from './arrival-watch.ts'
import type { Context } from './context.ts'
import type { Publisher } from './publisher.ts'
import { Reading } from './reading.ts'
import { HELD, type Room } from './room.ts'

export class Arrivals {
  readonly #context: Context
  readonly #room: Room
  readonly #publisher: Publisher
  readonly #watch: ArrivalWatch
  /** Those that were let in, and their sizes together. Invariant: #bytes is not above limits.arrivingBytes. */
  readonly #coming = new Set<Arrival>()
  #bytes = 0
  /** Those that wait, in the order in which they asked. */
  readonly #line = new Set<Arrival>()
  /** Bytes that went past the first in the line. Invariant: not above limits.arrivingBytes. */
  #passedBytes = 0
  #isMovePlanned = false

  constructor(context: Context, room: Room, publisher: Publisher) {
    this.#context = context
    this.#room = room
    this.#publisher = publisher
    this.#watch = new ArrivalWatch(context, this.#coming)
  }

  /**
   * A body begins to come, or waits until it is let in: there is room, and nobody is before it. Whoever has another
   * one open must not wait, see `openNow`. The caller has looked that it has between `bodyBytes` and `bodyBytesMax`.
   */
  open(announcement: Announcement): Arrival {
    const arrival = this.#make(announcement)
    if (this.#line.size === 0 && this.#hasRoom(arrival)) this.#letIn(arrival)
    else {
      mark('arrivals/waits')
      this.#line.add(arrival)
      this.#watch.start()
    }
    return arrival
  }

  /**
   * The same for whoever cannot wait, because those that wait may do so for what it has open already: past the line,
   * or null where there is no room. No more goes past the first in the line than arrives at once: then it has room.
   */
  openNow(announcement: Announcement): Arrival | null {
    const arrival = this.#make(announcement)
    if (!this.#hasRoom(arrival)) return null
    if (this.#line.size > 0) {
      const passedBytes = this.#passedBytes + arrival.sizeBytes
      if (passedBytes > this.#context.limits.arrivingBytes) return null
      mark('arrivals/past-the-line')
      this.#passedBytes = passedBytes
    }
    this.#letIn(arrival)
    return arrival
  }

  /** As `Runtime.publish`, for a body that is whole. Its arrival is closed; the content's own body is not looked at. */
  publish(route: Route, content: Content, arrival: Arrival): number {
    const { body, persistence } = arrival
    const ticket = this.#publisher.publishLarge(route, { content, body }, persistence)
    if (ticket !== HELD) arrival.close()
    return ticket
  }

  /** Reads what has arrived and is whole. The caller closes it. */
  read(arrival: Arrival): Reading {
    return new Reading(this.#context.engine.store, arrival.body)
  }

  /** The broker is over: nobody has anything to wait for. */
  stop(): void {
    this.#watch.stop()
    const waiting = [...this.#line]
    this.#line.clear()
    for (const arrival of waiting) arrival.wake()
  }

  #make(announcement: Announcement): Arrival {
    const { bodyBytesMax } = this.#context.limits
    assert(announcement.sizeBytes <= bodyBytesMax, 'a body larger than the limit')
    const owner = { context: this.#context, room: this.#room, closed: this.#closed }
    return new Arrival(owner, announcement)
  }

  #hasRoom({ sizeBytes }: Arrival): boolean {
    return this.#bytes + sizeBytes <= this.#context.limits.arrivingBytes
  }

  #letIn(arrival: Arrival): void {
    this.#bytes += arrival.sizeBytes
    this.#coming.add(arrival)
    arrival.letIn()
  }

  readonly #closed = (arrival: Arrival): void => {
    // Nobody is passed any more where nobody waits.
    if (this.#line.delete(arrival) && this.#line.size === 0) this.#passedBytes = 0
    if (this.#coming.delete(arrival)) this.#bytes -= arrival.sizeBytes
    if (this.#isMovePlanned) return
    this.#isMovePlanned = true
    // Not now: whoever closes it may be in the middle of his turn.
    void Promise.resolve().then(this.#moveLine)
  }

  readonly #moveLine = (): void => {
    this.#isMovePlanned = false
    for (const arrival of this.#line) {
      if (!this.#hasRoom(arrival)) break
      this.#line.delete(arrival)
      this.#passedBytes = 0
      this.#letIn(arrival)
    }
    if (this.#line.size === 0) this.#watch.stop()
  }
}

/**
 * Arrivals lets large bodies in, so many bytes of them at once, and publishes them when they are whole. What a body
 * will need is counted from its beginning, so that those which were let in can always come to their end.
 */
import { assert } from '../base/assert.ts'
import type { Content } from '../machine/message.ts'
import type { Route } from '../machine/route.ts'
import { Arrival } from './arrival.ts'
import type { Context } from './context.ts'
import type { Persistence, Publisher } from './publisher.ts'
import { Reading } from './reading.ts'
import { HELD, type Room } from './room.ts'

export class Arrivals {
  readonly #context: Context
  readonly #room: Room
  readonly #publisher: Publisher
  /** Of all bodies that are on their way, as announced. Invariant: not above limits.arrivingBytes. */
  #bytes = 0
  /** Somebody was told to wait for one to be through. */
  #isAwaited = false

  constructor(context: Context, room: Room, publisher: Publisher) {
    this.#context = context
    this.#room = room
    this.#publisher = publisher
  }

  /**
   * A body begins to come, or HELD: too much is on its way. Whoever has another one open must not wait, because it
   * may be what is waited for. The caller has looked that the size is between `bodyBytes` and `bodyBytesMax`.
   */
  open(sizeBytes: number, persistence: Persistence): Arrival | typeof HELD {
    const { limits } = this.#context
    assert(sizeBytes <= limits.bodyBytesMax, 'a body larger than the limit')
    if (this.#bytes + sizeBytes > limits.arrivingBytes) {
      this.#isAwaited = true
      return this.#room.held('bodies-arriving')
    }
    this.#bytes += sizeBytes
    const owner = { context: this.#context, room: this.#room, closed: this.#closed }
    return new Arrival(owner, sizeBytes, persistence)
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

  readonly #closed = ({ sizeBytes }: Arrival): void => {
    this.#bytes -= sizeBytes
    if (!this.#isAwaited) return
    this.#isAwaited = false
    // Not now: whoever closes it may be in the middle of his turn.
    void Promise.resolve().then(() => this.#room.wake())
  }
}

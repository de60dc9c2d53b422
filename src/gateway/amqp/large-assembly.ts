/**
 * A large message that comes in frames: its properties are kept, its body goes on to the broker as it comes. A frame
 * for which there is no room is offered again. It belongs to the publisher of a channel.
 */
import { assert } from '../../base/assert.ts'
import { EMPTY } from '../../base/bytes.ts'
import { mark } from '../../base/mark.ts'
import type { Arrival, Bringer } from '../../broker/arrival.ts'
import type { Persistence } from '../../broker/publisher.ts'
import type { Content } from '../../machine/message.ts'
import type { Link } from './link.ts'
import { type Reply, silentMidway, tooMuchArriving } from './replies.ts'

export class LargeAssembly implements Bringer {
  readonly #link: Link
  readonly #channel: number
  #arrival: Arrival | null = null
  #properties: Uint8Array = EMPTY
  /** Bytes of the body in frames that are done with. */
  #received = 0
  #bodySize = 0
  /** Bytes of the present frame that the broker has. */
  #taken = 0

  constructor(link: Link, channel: number) {
    this.#link = link
    this.#channel = channel
  }

  get missingBytes(): number {
    return this.#bodySize - this.#received
  }

  /** What the broker has of it; null: it was given up, and what still comes is thrown away. */
  get arrival(): Arrival | null {
    return this.#arrival
  }

  /** Answers why it may not come; null: it may, when the connection is not held any more. */
  begin(properties: Uint8Array, sizeBytes: number, persistence: Persistence): Reply | null {
    assert(this.#arrival === null, 'one message at a time')
    const { arrivingBytes, broker, limits } = this.#link
    if (arrivingBytes + sizeBytes > limits.arrivingBytes) return tooMuchArriving
    const announcement = { sizeBytes, persistence, bringer: this }
    // Nobody waits on a connection whose other channels bring what may be waited for.
    const arrival =
      arrivingBytes > 0 ? broker.arrivals.openNow(announcement) : broker.arrivals.open(announcement)
    if (arrival === null) return tooMuchArriving
    this.#arrival = arrival
    this.#properties = properties
    this.#bodySize = sizeBytes
    this.#received = 0
    this.#link.arrivingBytes += sizeBytes
    if (!arrival.isLetIn) this.#awaitTurn(arrival)
    return null
  }

  /** The body of the next frame, or of one that is offered again. False: there is no room for all of it now. */
  put(bytes: Uint8Array, at: number, size: number): boolean {
    if (this.#arrival === null) return true
    if (!this.#arrival.isLetIn) return false
    this.#taken += this.#arrival.put(bytes, at + this.#taken, size - this.#taken)
    return this.#taken === size
  }

  /** The frame is done with. */
  advance(size: number): void {
    this.#received += size
    this.#taken = 0
  }

  /** Points a content at the properties; its body is with the broker. */
  enter(content: Content): void {
    content.properties = this.#properties
    content.propertiesAt = 0
    content.propertiesSize = this.#properties.length
    content.body = EMPTY
    content.bodyAt = 0
    content.bodySize = 0
  }

  /** Published, or given up. Idempotent. */
  close(): void {
    if (this.#arrival === null) return
    this.#link.arrivingBytes -= this.#arrival.sizeBytes
    this.#arrival.close()
    this.#arrival = null
    this.#properties = EMPTY
  }

  // What the broker asks and tells.

  /** What is only a piece of a frame counts: a client may be slow. */
  arrivedBytes(): number | null {
    const unfinishedBytes = this.#link.unfinishedBytes(this.#channel)
    return unfinishedBytes === null ? null : this.#received + unfinishedBytes
  }

  givenUp(): void {
    this.#link.fail(silentMidway(this.#link.broker.limits.arrivalIdleMs))
  }

  #awaitTurn(arrival: Arrival): void {
    mark('amqp/large-waits')
    const link = this.#link
    link.alarm.raise('memory')
    link.hold()
    arrival.whenLetIn(() => link.release())
  }
}

/**
 * A large message that comes in frames: its properties are kept, its body goes on to the broker as it comes. A frame
 * for which there is no room is offered again. It belongs to the publisher of a channel.
 */
import { assert } from '../../base/assert.ts'
import { EMPTY } from '../../base/bytes.ts'
import type { Arrival } from '../../broker/arrival.ts'
import type { Content } from '../../machine/message.ts'
import type { Link } from './link.ts'

export class LargeAssembly {
  readonly #link: Link
  #arrival: Arrival | null = null
  #properties: Uint8Array = EMPTY
  /** Bytes of the body in frames that are done with. */
  #received = 0
  #bodySize = 0
  /** Bytes of the present frame that the broker has. */
  #taken = 0

  constructor(link: Link) {
    this.#link = link
  }

  get missingBytes(): number {
    return this.#bodySize - this.#received
  }

  /** What the broker has of it; null: it was given up, and what still comes is thrown away. */
  get arrival(): Arrival | null {
    return this.#arrival
  }

  begin(arrival: Arrival, properties: Uint8Array): void {
    assert(this.#arrival === null, 'one message at a time')
    this.#arrival = arrival
    this.#properties = properties
    this.#bodySize = arrival.sizeBytes
    this.#received = 0
    this.#link.arrivingBytes += arrival.sizeBytes
  }

  /** The body of the next frame, or of one that is offered again. False: there is no room for all of it now. */
  put(bytes: Uint8Array, at: number, size: number): boolean {
    if (this.#arrival === null) return true
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
}

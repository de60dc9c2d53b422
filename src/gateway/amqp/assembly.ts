/**
 * A message that comes in pieces: its properties and what has arrived of its body, in one memory that grows with
 * what arrives and never with what was announced.
 */
import { assert } from '../../base/assert.ts'
import { EMPTY } from '../../base/bytes.ts'
import type { Content } from '../../machine/message.ts'

/** Memory that is kept from one message to the next. */
const sizeKept = 256 * 1024 // a channel that sends large messages sends more of them

export class Assembly {
  /** properties, then the body. */
  #bytes: Uint8Array = EMPTY
  #propertiesSize = 0
  #bodySize = 0
  /** Bytes of the body that are there. Invariant: #received <= #bodySize. */
  #received = 0

  get missingBytes(): number {
    return this.#bodySize - this.#received
  }

  begin(properties: Uint8Array, bodySize: number): void {
    this.#propertiesSize = properties.length
    this.#bodySize = bodySize
    this.#received = 0
    this.#reserve(properties.length)
    this.#bytes.set(properties, 0)
  }

  /** Puts the next piece of the body down, without going on: the same piece may be put again. */
  put(piece: Uint8Array): 'whole' | 'more' {
    const at = this.#propertiesSize + this.#received
    assert(piece.length <= this.missingBytes, 'more body than announced')
    this.#reserve(at + piece.length)
    this.#bytes.set(piece, at)
    return piece.length === this.missingBytes ? 'whole' : 'more'
  }

  advance(size: number): void {
    this.#received += size
  }

  /** Points a content at the message, which is whole. */
  enter(content: Content): void {
    content.properties = this.#bytes
    content.propertiesAt = 0
    content.propertiesSize = this.#propertiesSize
    content.body = this.#bytes
    content.bodyAt = this.#propertiesSize
    content.bodySize = this.#bodySize
  }

  clear(): void {
    if (this.#bytes.length > sizeKept) this.#bytes = EMPTY
  }

  #reserve(size: number): void {
    if (size <= this.#bytes.length) return
    const whole = this.#propertiesSize + this.#bodySize
    const grown = new Uint8Array(Math.max(size, Math.min(whole, this.#bytes.length * 2)))
    grown.set(this.#bytes)
    this.#bytes = grown
  }
}

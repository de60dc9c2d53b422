/**
 * Held bytes are what has arrived from one client and is not yet a message. They are borrowed from the
 * socket while it hands them over, and copied only if something is left afterwards. It knows no framing.
 */
import { assert } from '../../base/assert.ts'
import { EMPTY } from '../../base/bytes.ts'
import { heldBytesKept } from './limits.ts'

export class Held {
  /** Where the bytes are: the socket's memory while `#borrowed`, else our own. */
  #bytes: Uint8Array = EMPTY
  #borrowed = false
  /** What is held is [#at, #end). Invariant: 0 <= #at <= #end <= #bytes.length. */
  #at = 0
  #end = 0

  get size(): number {
    return this.#end - this.#at
  }

  /** Takes in what arrived. `keep` must be called before `chunk` may change. */
  add(chunk: Uint8Array): void {
    if (this.size === 0) {
      this.#release()
      this.#bytes = chunk
      this.#borrowed = true
      this.#at = 0
      this.#end = chunk.length
      return
    }
    assert(!this.#borrowed, 'bytes were added before the last ones were kept')
    this.#reserve(chunk.length)
    this.#bytes.set(chunk, this.#end)
    this.#end += chunk.length
  }

  /** Copies what is left of the socket's memory into our own. */
  keep(): void {
    if (!this.#borrowed) return
    if (this.size === 0) {
      this.#release()
      return
    }
    // Not `slice`: a socket hands over a Buffer, whose `slice` is a view.
    const left = new Uint8Array(this.#bytes.subarray(this.#at, this.#end))
    this.#borrowed = false
    this.#bytes = left
    this.#at = 0
    this.#end = left.length
  }

  /** A view of `size` bytes from `offset`; good until bytes are added or kept. */
  view(offset: number, size: number): Uint8Array {
    assert(offset >= 0 && size >= 0 && offset + size <= this.size, 'a view past what is held')
    return this.#bytes.subarray(this.#at + offset, this.#at + offset + size)
  }

  byteAt(offset: number): number {
    assert(offset >= 0 && offset < this.size, 'a byte past what is held')
    return this.#bytes[this.#at + offset]!
  }

  /** Offset of the first `byte` at or after `from`, or -1. */
  indexOf(byte: number, from: number): number {
    return this.#bytes.subarray(this.#at, this.#end).indexOf(byte, from)
  }

  drop(size: number): void {
    assert(size >= 0 && size <= this.size, 'more dropped than held')
    this.#at += size
    if (this.#at === this.#end && !this.#borrowed) this.#release()
  }

  #reserve(more: number): void {
    const size = this.size
    if (this.#end + more <= this.#bytes.length) return
    // Doubling, so that a message that comes byte by byte is copied about twice and not once a byte.
    const roomy = size + more <= this.#bytes.length / 2
    const bytes = roomy ? this.#bytes : new Uint8Array(2 * (size + more))
    bytes.set(this.#bytes.subarray(this.#at, this.#end), 0)
    this.#bytes = bytes
    this.#at = 0
    this.#end = size
  }

  #release(): void {
    if (this.#borrowed || this.#bytes.length > heldBytesKept) this.#bytes = EMPTY
    this.#borrowed = false
    this.#at = 0
    this.#end = 0
  }
}

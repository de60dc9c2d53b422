/**
 * The bytes of one connection that have arrived and are not yet a whole request. They are borrowed
 * from the socket while it hands them over and copied only if something is left; large buffers come
 * from a pool that all connections share. It knows no protocol.
 */
import { assert } from '../../base/assert.ts'
import { EMPTY } from '../../base/bytes.ts'
import { frameBufferBytesMax, frameBufferBytesMin, frameBuffersKept } from './limits.ts'

/** Buffers of powers of two, kept for the next frame that arrives in pieces. */
export class BufferPool {
  readonly #kept = new Map<number, Uint8Array[]>()

  take(sizeMin: number): Uint8Array {
    const size = 2 ** Math.ceil(Math.log2(Math.max(sizeMin, frameBufferBytesMin)))
    return this.#kept.get(size)?.pop() ?? new Uint8Array(size)
  }

  give(bytes: Uint8Array): void {
    const size = bytes.length
    if (size < frameBufferBytesMin || size > frameBufferBytesMax) return
    const kept = this.#kept.get(size) ?? []
    if (kept.length < frameBuffersKept) kept.push(bytes)
    this.#kept.set(size, kept)
  }

  /** Gives back the memory that a frame lies in, all of which was taken here. */
  giveFrame({ buffer }: Uint8Array): void {
    this.give(new Uint8Array(buffer))
  }
}

export class FrameBuffer {
  readonly #pool: BufferPool
  /** The socket's memory while #borrowed, else our own. */
  #bytes: Uint8Array = EMPTY
  #borrowed = false
  /** What is held is [#at, #end). Invariant: 0 <= #at <= #end <= #bytes.length. */
  #at = 0
  #end = 0

  constructor(pool: BufferPool) {
    this.#pool = pool
  }

  get size(): number {
    return this.#end - this.#at
  }

  get bytes(): Uint8Array {
    return this.#bytes
  }

  /** Where in `bytes` what is held begins, and ends. Both move with every call that changes anything. */
  get at(): number {
    return this.#at
  }

  get end(): number {
    return this.#end
  }

  /** Takes in what arrived. `keep` must be called before `chunk` may change. */
  add(chunk: Uint8Array): void {
    if (this.size === 0) {
      this.release()
      this.#bytes = chunk
      this.#borrowed = true
      this.#end = chunk.length
      return
    }
    assert(!this.#borrowed, 'bytes were added before the last ones were kept')
    this.#reserve(chunk.length)
    this.#bytes.set(chunk, this.#end)
    this.#end += chunk.length
  }

  drop(size: number): void {
    assert(size >= 0 && size <= this.size, 'more dropped than held')
    this.#at += size
  }

  /** Copies what is left of the socket's memory; `wanted` is how many bytes will be held in the end, if known. */
  keep(wanted: number): void {
    if (this.size === 0) {
      this.release()
    } else if (this.#borrowed) {
      this.#move(wanted)
      this.#borrowed = false
    } else if (wanted > this.#bytes.length - this.#at) {
      const before = this.#bytes
      this.#move(wanted)
      this.#pool.give(before)
    }
  }

  /** Lets go of everything. */
  release(): void {
    if (!this.#borrowed) this.#pool.give(this.#bytes)
    this.#bytes = EMPTY
    this.#borrowed = false
    this.#at = 0
    this.#end = 0
  }

  #reserve(more: number): void {
    if (this.#end + more <= this.#bytes.length) return
    const size = this.size
    // Room at the front is used before more is asked for; then doubling, so that copying stays linear.
    if (size + more <= this.#bytes.length / 2) {
      this.#bytes.copyWithin(0, this.#at, this.#end)
      this.#at = 0
      this.#end = size
      return
    }
    const before = this.#bytes
    this.#move(Math.max(size + more, Math.min(2 * size, frameBufferBytesMax)))
    this.#pool.give(before)
  }

  /** Into memory of our own, with room for `wanted` bytes, but never much more than has arrived. */
  #move(wanted: number): void {
    const size = this.size
    // A frame of 100 MiB is believed as it arrives, not when it is announced.
    const room = Math.max(size, Math.min(wanted, Math.max(2 * size, frameBufferBytesMax)))
    const bytes = this.#pool.take(room)
    bytes.set(this.#bytes.subarray(this.#at, this.#end))
    this.#bytes = bytes
    this.#at = 0
    this.#end = size
  }
}

/**
 * The inbox of a connection: frames are parsed where the socket has them, and only what is left over is copied,
 * the piece of a frame whose rest has not come, or all that came while the connection was held. It knows where a
 * frame ends and nothing of what it means.
 */
import { EMPTY, KiB } from '../../base/bytes.ts'
import { FRAME_HEADER_SIZE, FRAME_OVERHEAD } from '../../wire/amqp/frame.ts'
import { u16At, u32At } from '../../wire/amqp/integers.ts'

/** Takes whole frames from [at, end) and answers where it stopped: at a piece of a frame, or where it is held. */
export type Parse = (bytes: Uint8Array, at: number, end: number) => number

/** Memory that is kept while nothing is held. */
const sizeKept: number = 1 * KiB // most connections are idle between requests

export class Inbox {
  #bytes: Uint8Array = EMPTY
  /** What is held is [#at, #end). */
  #at = 0
  #end = 0

  get size(): number {
    return this.#end - this.#at
  }

  /** Bytes of the frame that is not whole yet, if it is this channel's or nobody can tell. */
  unfinishedBytes(channel: number): number {
    const isOther = this.size > 2 && u16At(this.#bytes, this.#at + 1) !== channel
    return isOther ? 0 : this.size
  }

  /** Parses what is held and then `chunk`; what cannot be parsed now is copied. */
  take(chunk: Uint8Array, parse: Parse): void {
    let at = 0
    while (this.size > 0 && at < chunk.length) {
      const lack = this.#lack()
      if (lack === 0) break
      const size = Math.min(lack, chunk.length - at)
      this.#append(chunk, at, at + size)
      at += size
      if (this.#lack() === 0) this.parse(parse)
    }
    if (this.size === 0) at = parse(chunk, at, chunk.length)
    if (at < chunk.length) this.#append(chunk, at, chunk.length)
  }

  /** Parses what is held. */
  parse(parse: Parse): void {
    if (this.size > 0) this.#at = parse(this.#bytes, this.#at, this.#end)
    if (this.#at === this.#end) this.clear()
  }

  clear(): void {
    if (this.#bytes.length > sizeKept) this.#bytes = EMPTY
    this.#at = 0
    this.#end = 0
  }

  /** Bytes missing until the first frame is whole, or until its size is known; 0 when it is whole. */
  #lack(): number {
    const size = this.size
    if (size < FRAME_HEADER_SIZE) return FRAME_HEADER_SIZE - size
    const frameSize = u32At(this.#bytes, this.#at + 3) + FRAME_OVERHEAD
    return Math.max(0, frameSize - size)
  }

  #append(chunk: Uint8Array, from: number, to: number): void {
    const more = to - from
    if (this.#end + more > this.#bytes.length) this.#grow(more)
    this.#bytes.set(chunk.subarray(from, to), this.#end)
    this.#end += more
  }

  #grow(more: number): void {
    const size = this.size
    // Doubling, so that a frame that comes byte by byte is copied about twice and not once a byte.
    const isRoomy = size + more <= this.#bytes.length / 2
    const bytes = isRoomy ? this.#bytes : new Uint8Array(Math.max(256, 2 * (size + more)))
    bytes.set(this.#bytes.subarray(this.#at, this.#end), 0)
    this.#bytes = bytes
    this.#at = 0
    this.#end = size
  }
}

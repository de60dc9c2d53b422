/**
 * What a link has written and not yet sent: frames one after the other in slabs, so that a thousand values go
 * out in one write. It never waits and never counts: the link's credits bound what gets in here.
 */
import type { Connection } from '../../base/ports.ts'
import { measureSlack, ValueWriter } from '../codec/value.ts'
import { ChannelMisuse, type Sendable } from '../contract.ts'
import { FRAME, HEAD_SIZE, writeHead, writeU32 } from './frame.ts'
import { slabBytesMax, slabBytesMin } from './limits.ts'

export class Outbox {
  readonly #connection: Connection
  readonly #writer = new ValueWriter()
  /** Where frames are written. Bytes before #start are the system's and never touched again. */
  bytes: Buffer = Buffer.alloc(0)
  /** What is written and not sent is [#start, #end). Invariant: 0 <= #start <= #end <= bytes.length. */
  #start = 0
  #end = 0
  #slabBytes = slabBytesMin
  /** Bytes ever handed to the connection. */
  sentBytes = 0
  /** What the connection said last: enough, until it is drained. Only a pipe without credits goes by it. */
  enough = false

  constructor(connection: Connection) {
    this.#connection = connection
  }

  get unsentBytes(): number {
    return this.#end - this.#start
  }

  /** Makes room for a frame of at most `size` bytes; returns where it begins in `bytes`. */
  reserve(size: number): number {
    if (this.#end + size > this.bytes.length) this.#renew(size)
    return this.#end
  }

  /** The frame that was written where `reserve` said ends here. */
  commit(end: number): void {
    this.#end = end
  }

  /**
   * A frame of one value; answers its size. Throws ChannelMisuse where the value has more bytes than that, or cannot be
   * copied: then nothing of it is written.
   */
  value(value: Sendable, bytesMax: number): number {
    const sizeBound = this.#writer.measure(value)
    // Before room is made for it: what is far too large shall cost no memory.
    if (sizeBound > 2 * bytesMax + measureSlack) throw tooLarge(sizeBound, bytesMax)
    const at = this.reserve(HEAD_SIZE + sizeBound)
    const end = this.#writer.write(this.bytes, at + HEAD_SIZE)
    if (end - at - HEAD_SIZE > bytesMax) throw tooLarge(end - at - HEAD_SIZE, bytesMax)
    writeHead(this.bytes, { type: FRAME.value, at, end })
    this.commit(end)
    return end - at
  }

  /** A frame without a body, or with one that is given. */
  frame(type: number, body?: Uint8Array): void {
    const size = HEAD_SIZE + (body?.length ?? 0)
    const at = this.reserve(size)
    if (body !== undefined) this.bytes.set(body, at + HEAD_SIZE)
    writeHead(this.bytes, { type, at, end: at + size })
    this.commit(at + size)
  }

  /** A frame of one number. */
  number(type: number, value: number): void {
    const at = this.reserve(HEAD_SIZE + 4)
    const end = at + HEAD_SIZE + 4
    writeU32(this.bytes, at + HEAD_SIZE, value)
    writeHead(this.bytes, { type, at, end })
    this.commit(end)
  }

  /** A frame of two numbers. */
  pair(type: number, first: number, second: number): void {
    const at = this.reserve(HEAD_SIZE + 8)
    const end = at + HEAD_SIZE + 8
    writeU32(this.bytes, at + HEAD_SIZE, first)
    writeU32(this.bytes, at + HEAD_SIZE + 4, second)
    writeHead(this.bytes, { type, at, end })
    this.commit(end)
  }

  /** Hands everything to the connection. */
  flush(): void {
    if (this.#start === this.#end) return
    this.enough = !this.#connection.write(this.bytes.subarray(this.#start, this.#end))
    this.sentBytes += this.#end - this.#start
    this.#start = this.#end
  }

  #renew(size: number): void {
    this.flush()
    this.bytes = Buffer.allocUnsafeSlow(Math.max(this.#slabBytes, size))
    this.#slabBytes = Math.min(2 * this.#slabBytes, slabBytesMax)
    this.#start = 0
    this.#end = 0
  }
}

function tooLarge(size: number, max: number): ChannelMisuse {
  return new ChannelMisuse(`a value of ${size} bytes: the other side takes ${max}`)
}

/**
 * What a pool and its processes say to each other, as bytes: the grammar, the writer and the reader. Both
 * ends are ours and of one version, so a frame that does not parse is a panic, not a refusal. No I/O.
 */
import { assert } from '../base/assert.ts'
import { KiB } from '../base/bytes.ts'
import { ValueReader, ValueWriter } from '../channels/codec/value.ts'
import type { Sendable } from '../channels/contract.ts'

// frame    = size kind body             all integers little-endian; size: u32, of kind and body; kind: u8
// down     = start(1)   values          one value: the StartOrder
//          | work(2)    form task-size task values      form: u8, 0 a call, 1 items; task-size: u16; task: UTF-8
//          | stop(3)
// up       = ready(1)
//          | failed(2)  values          the start or the teardown threw this: one value, a Thrown
//          | answer(3)  duration memory failures values
//                                       duration: f64, milliseconds; memory: f64, bytes;
//                                       failures: values, none or one, which is a list of [index, Thrown]
//          | uncaught(4) values         nobody caught this; the process ends
// values   = each(0) count { size value }    count, size: u32; size 0 is `undefined`; value: as channels/codec
//          | whole(1) size value             one value, the list itself: so that parts of it stay the same object
export const downKind = { start: 1, work: 2, stop: 3 } as const
export const upKind = { ready: 1, failed: 2, answer: 3, uncaught: 4 } as const

const each = 0
const whole = 1
const SIZE_BYTES = 4
const HEAD_BYTES = 5
/** What most turns write fits; a larger frame gets what it needs. */
const slabBytes = 16 * KiB
/** A slab that a large frame has made larger is not kept for small ones. */
const slabKeptBytes = 256 * KiB

/** Fills a slab with frames. Whoever sends it takes it, and the next frame begins another. */
export class FrameWriter {
  #slab: Buffer = Buffer.alloc(0)
  /** Where the next byte goes. Invariant: #frame <= #at <= #slab.length. */
  #at = 0
  /** Where the open frame begins; everything before it is whole. */
  #frame = 0
  readonly #writer = new ValueWriter()

  get size(): number {
    return this.#at
  }

  /** Begins a frame. One that was begun and not ended, because its values cannot be written, is dropped. */
  begin(kind: number): void {
    this.#at = this.#frame
    if (this.#at === 0 && this.#slab.length > slabKeptBytes) this.#slab = Buffer.alloc(0)
    this.#room(HEAD_BYTES)
    this.#slab[this.#at + SIZE_BYTES] = kind
    this.#at += HEAD_BYTES
  }

  end(): void {
    this.#slab.writeUInt32LE(this.#at - this.#frame - SIZE_BYTES, this.#frame)
    this.#frame = this.#at
  }

  /** Drops the open frame. */
  drop(): void {
    this.#at = this.#frame
  }

  u8(value: number): void {
    this.#room(1)
    this.#slab[this.#at] = value
    this.#at += 1
  }

  f64(value: number): void {
    this.#room(8)
    this.#at = this.#slab.writeDoubleLE(value, this.#at)
  }

  text(text: string): void {
    const size = Buffer.byteLength(text)
    assert(size <= 0xffff, 'a name of more than 64 KiB')
    this.#room(2 + size)
    this.#at = this.#slab.writeUInt16LE(size, this.#at)
    this.#at += this.#slab.write(text, this.#at)
  }

  /** Throws if one of them cannot be copied; the frame is to be dropped then. */
  values(values: readonly unknown[]): void {
    if (!values.every(isShort)) {
      this.u8(whole)
      this.#value(values)
      return
    }
    this.#room(1 + SIZE_BYTES)
    this.#slab[this.#at] = each
    this.#at = this.#slab.writeUInt32LE(values.length, this.#at + 1)
    for (const value of values) this.#value(value)
  }

  #value(value: unknown): void {
    const bound = value === undefined ? 0 : this.#writer.measure(value as Sendable)
    this.#room(SIZE_BYTES + bound)
    const from = this.#at + SIZE_BYTES
    const end = value === undefined ? from : this.#writer.write(this.#slab, from)
    this.#slab.writeUInt32LE(end - from, this.#at)
    this.#at = end
  }

  /** All whole frames. The writer forgets them and begins another slab. */
  take(): Buffer {
    assert(this.#frame === this.#at, 'a frame is open')
    const frames = this.#slab.subarray(0, this.#at)
    this.#slab = Buffer.alloc(0)
    this.#at = 0
    this.#frame = 0
    return frames
  }

  /** All whole frames, valid until the next `begin`, which writes over them. */
  view(): Buffer {
    assert(this.#frame === this.#at, 'a frame is open')
    const frames = this.#slab.subarray(0, this.#at)
    this.#at = 0
    this.#frame = 0
    return frames
  }

  #room(size: number): void {
    if (this.#at + size <= this.#slab.length) return
    const grown = Buffer.allocUnsafeSlow(
      Math.max(slabBytes, this.#slab.length * 2, this.#at + size),
    )
    this.#slab.copy(grown, 0, 0, this.#at)
    this.#slab = grown
  }
}

function isShort(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'boolean':
    case 'undefined':
      return true
    default:
      return value === null || value instanceof Uint8Array
  }
}

/** One frame, read from front to back. What `values` returns shares no memory with it. */
export class Frame {
  readonly kind: number
  readonly #bytes: Buffer
  #at: number
  readonly #reader: ValueReader

  constructor(bytes: Buffer, at: number, reader: ValueReader) {
    this.kind = bytes[at]!
    this.#bytes = bytes
    this.#at = at + 1
    this.#reader = reader
  }

  u8(): number {
    this.#at += 1
    return this.#bytes[this.#at - 1]!
  }

  f64(): number {
    this.#at += 8
    return this.#bytes.readDoubleLE(this.#at - 8)
  }

  text(): string {
    const from = this.#at + 2
    this.#at = from + this.#bytes.readUInt16LE(this.#at)
    return this.#bytes.toString('utf8', from, this.#at)
  }

  values(): unknown[] {
    if (this.u8() === whole) return this.#value() as unknown[]
    const count = this.#u32()
    const values: unknown[] = new Array(count)
    for (let index = 0; index < count; index += 1) values[index] = this.#value()
    return values
  }

  #value(): unknown {
    const size = this.#u32()
    this.#at += size
    return size === 0 ? undefined : this.#reader.read(this.#bytes, this.#at - size, this.#at)
  }

  #u32(): number {
    this.#at += SIZE_BYTES
    return this.#bytes.readUInt32LE(this.#at - SIZE_BYTES)
  }
}

/** Cuts a stream of bytes into frames. A frame is told once it is whole, and gone when the call returns. */
export class FrameReader {
  readonly #onFrame: (frame: Frame) => void
  readonly #values = new ValueReader()
  /** The beginning of a frame whose end has not come. Room for all of it once its size is known. */
  #held: Buffer = Buffer.alloc(0)
  #heldSize = 0

  constructor(onFrame: (frame: Frame) => void) {
    this.#onFrame = onFrame
  }

  push(bytes: Buffer): void {
    let at = 0
    while (this.#heldSize > 0 && at < bytes.length) at = this.#complete(bytes, at)
    while (bytes.length - at >= SIZE_BYTES) {
      const end = at + SIZE_BYTES + bytes.readUInt32LE(at)
      if (end > bytes.length) break
      this.#onFrame(new Frame(bytes, at + SIZE_BYTES, this.#values))
      at = end
    }
    if (at < bytes.length) this.#hold(bytes, at, bytes.length)
  }

  /** Adds what the held frame lacks, and tells it if that was all. */
  #complete(bytes: Buffer, at: number): number {
    const known = this.#heldSize >= SIZE_BYTES
    const wanted = known ? SIZE_BYTES + this.#held.readUInt32LE(0) : SIZE_BYTES
    const end = Math.min(bytes.length, at + wanted - this.#heldSize)
    this.#hold(bytes, at, end)
    if (known && this.#heldSize === wanted) {
      const frame = new Frame(this.#held, SIZE_BYTES, this.#values)
      this.#held = Buffer.alloc(0)
      this.#heldSize = 0
      this.#onFrame(frame)
    }
    return end
  }

  #hold(bytes: Buffer, at: number, end: number): void {
    const size = this.#heldSize + end - at
    if (size > this.#held.length) {
      const first = this.#heldSize === 0 ? bytes.subarray(at) : this.#held
      const wanted = first.length >= SIZE_BYTES ? SIZE_BYTES + first.readUInt32LE(0) : SIZE_BYTES
      const grown = Buffer.allocUnsafeSlow(Math.max(wanted, size))
      this.#held.copy(grown, 0, 0, this.#heldSize)
      this.#held = grown
    }
    bytes.copy(this.#held, this.#heldSize, at, end)
    this.#heldSize = size
  }
}

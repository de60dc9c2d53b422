/**
 * A writer is a growing run of bytes with typed stores at its end. One owner fills it, then views
 * or takes what was written. Integers are little-endian, as our own formats are; the `be` twins are
 * for the protocols that are not. It never writes a value that does not fit: that is a panic.
 */
import { assert } from './assert.ts'
import { EMPTY, KiB } from './bytes.ts'
import { limits } from './limits.ts'

export interface WriterOptions {
  /** Bytes taken at the first write; doubled when they do not do. */
  readonly capacity?: number
  /** Growing past this is a panic: the caller should have measured. */
  readonly sizeMax?: number
  /** Where the memory comes from: `disk.allocate` for bytes that a commit takes without a copy. */
  readonly allocate?: (size: number) => Uint8Array
}

const WORD = 2 ** 32

// Measured on Node 20: a loop over 6 ASCII characters takes 9 ns, `encodeInto` takes 50 for any
// short text, and the two meet at some 30 characters.
const ASCII_LOOP_CHARACTERS = 24

// Above this the room for the worst case, thrice the text, would cost more than one more copy.
const LONG_TEXT_CHARACTERS = 64 * KiB

const encoder = new TextEncoder()

export class Writer {
  readonly #capacity: number
  readonly #sizeMax: number
  readonly #allocate: (size: number) => Uint8Array
  #bytes: Uint8Array
  #view: DataView
  /** Bytes written. Invariant: #size <= #bytes.length <= #sizeMax. */
  #size: number

  constructor(options: WriterOptions = {}) {
    this.#capacity = options.capacity ?? 256
    this.#sizeMax = options.sizeMax ?? limits.writerBytes
    this.#allocate = options.allocate ?? ((size) => new Uint8Array(size))
    assert(this.#capacity > 0 && this.#capacity <= this.#sizeMax, 'capacity out of range')
    this.#bytes = EMPTY
    this.#view = viewOf(EMPTY)
    this.#size = 0
  }

  get size(): number {
    return this.#size
  }

  /** What was written, valid until the next call that writes. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#size)
  }

  /** Hands what was written over to the caller; the writer starts anew with fresh memory. */
  take(): Uint8Array {
    const written = this.view()
    this.#bytes = EMPTY
    this.#view = viewOf(EMPTY)
    this.#size = 0
    return written
  }

  /** Forgets what was written and keeps the memory. */
  reset(): void {
    this.#size = 0
  }

  /** Leaves room for `size` bytes, zeros, to be patched later; answers where it begins. */
  reserve(size: number): number {
    const at = this.#room(size)
    this.#bytes.fill(0, at, at + size)
    return at
  }

  /** Leaves room for `size` bytes as they are: all of them have to be written before anybody reads them. */
  space(size: number): number {
    return this.#room(size)
  }

  // Room first, then the view: growing replaces it.
  u8(value: number): void {
    assert((value & 0xff) === value, 'not a u8')
    const at = this.#room(1)
    this.#view.setUint8(at, value)
  }

  u16(value: number): void {
    assert((value & 0xffff) === value, 'not a u16')
    const at = this.#room(2)
    this.#view.setUint16(at, value, true)
  }

  u16be(value: number): void {
    assert((value & 0xffff) === value, 'not a u16')
    const at = this.#room(2)
    this.#view.setUint16(at, value, false)
  }

  u32(value: number): void {
    assert(value >>> 0 === value, 'not a u32')
    const at = this.#room(4)
    this.#view.setUint32(at, value, true)
  }

  u32be(value: number): void {
    assert(value >>> 0 === value, 'not a u32')
    const at = this.#room(4)
    this.#view.setUint32(at, value, false)
  }

  /** A safe integer in eight bytes: a u64 whose upper eleven bits are zero. */
  u53(value: number): void {
    assert(Number.isSafeInteger(value) && value >= 0, 'not a u53')
    const at = this.#room(8)
    this.#view.setUint32(at, value >>> 0, true)
    this.#view.setUint32(at + 4, Math.floor(value / WORD), true)
  }

  u53be(value: number): void {
    assert(Number.isSafeInteger(value) && value >= 0, 'not a u53')
    const at = this.#room(8)
    this.#view.setUint32(at, Math.floor(value / WORD), false)
    this.#view.setUint32(at + 4, value >>> 0, false)
  }

  f64(value: number): void {
    const at = this.#room(8)
    this.#view.setFloat64(at, value, true)
  }

  f64be(value: number): void {
    const at = this.#room(8)
    this.#view.setFloat64(at, value, false)
  }

  bytes(bytes: Uint8Array): void {
    const at = this.#room(bytes.length)
    this.#bytes.set(bytes, at)
  }

  /** Writes `text` as UTF-8 without any length; answers how many bytes it took. */
  utf8(text: string): number {
    if (text.length > LONG_TEXT_CHARACTERS) {
      const encoded = encoder.encode(text)
      this.bytes(encoded)
      return encoded.length
    }
    // Room for the worst case first (three bytes a UTF-16 unit), then give back what was not used.
    const at = this.#room(text.length * 3)
    const written = text.length <= ASCII_LOOP_CHARACTERS ? this.#ascii(text, at) : -1
    const size = written >= 0 ? written : encoder.encodeInto(text, this.#bytes.subarray(at)).written
    this.#size = at + size
    return size
  }

  patchU8(at: number, value: number): void {
    assert((value & 0xff) === value && at + 1 <= this.#size, 'not a u8, or not written yet')
    this.#view.setUint8(at, value)
  }

  patchU16(at: number, value: number): void {
    assert((value & 0xffff) === value && at + 2 <= this.#size, 'not a u16, or not written yet')
    this.#view.setUint16(at, value, true)
  }

  patchU16be(at: number, value: number): void {
    assert((value & 0xffff) === value && at + 2 <= this.#size, 'not a u16, or not written yet')
    this.#view.setUint16(at, value, false)
  }

  patchU32(at: number, value: number): void {
    assert(value >>> 0 === value && at + 4 <= this.#size, 'not a u32, or not written yet')
    this.#view.setUint32(at, value, true)
  }

  patchU32be(at: number, value: number): void {
    assert(value >>> 0 === value && at + 4 <= this.#size, 'not a u32, or not written yet')
    this.#view.setUint32(at, value, false)
  }

  /** Bytes written, or -1 at the first character that is not ASCII. */
  #ascii(text: string, at: number): number {
    const bytes = this.#bytes
    for (let index = 0; index < text.length; index++) {
      const unit = text.charCodeAt(index)
      if (unit > 0x7f) return -1
      bytes[at + index] = unit
    }
    return text.length
  }

  /** Takes `size` bytes at the end; answers where they begin. */
  #room(size: number): number {
    const at = this.#size
    if (at + size > this.#bytes.length) this.#grow(at + size)
    this.#size = at + size
    return at
  }

  #grow(sizeNeeded: number): void {
    assert(sizeNeeded <= this.#sizeMax, 'a writer of too many bytes', sizeNeeded)
    const sizeDoubled = Math.max(this.#capacity, this.#bytes.length * 2, sizeNeeded)
    const grown = this.#allocate(Math.min(sizeDoubled, this.#sizeMax))
    assert(grown.length >= sizeNeeded, 'the allocator gave too little')
    grown.set(this.#bytes.subarray(0, this.#size))
    this.#bytes = grown
    this.#view = viewOf(grown)
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

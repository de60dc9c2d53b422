/**
 * Writes the types of the Kafka protocol: the twin of reader.ts. One owner fills it and takes what
 * was written; a value that does not fit is a panic, because it is ours.
 */
import { assert } from '../../base/assert.ts'
import { Writer } from '../../base/writer.ts'
import type { Dialect } from './reader.ts'
import type { RecordSource } from './record-source.ts'

const WORD = 2 ** 32
const SHORT_MAX = 0x7fff // a plain string has two signed bytes of length

/** Where the bytes of a frame begin behind its length. */
const SIZE_BYTES = 4

export class WireWriter extends Writer {
  /** Set at the head of each message; the headers have their own. */
  dialect: Dialect = 'plain'

  i8(value: number): void {
    assert((value << 24) >> 24 === value, 'not an int8')
    this.u8(value & 0xff)
  }

  i16(value: number): void {
    assert((value << 16) >> 16 === value, 'not an int16')
    this.u16be(value & 0xffff)
  }

  i32(value: number): void {
    assert((value | 0) === value, 'not an int32')
    this.u32be(value >>> 0)
  }

  i64(value: number): void {
    assert(Number.isSafeInteger(value), 'not a safe integer')
    this.u32be(Math.floor(value / WORD) >>> 0)
    this.u32be(value >>> 0)
  }

  uvarint(value: number): void {
    assert(value >>> 0 === value, 'not a u32')
    let left = value
    while (left > 0x7f) {
      this.u8((left & 0x7f) | 0x80)
      left >>>= 7
    }
    this.u8(left)
  }

  string(text: string): void {
    if (this.dialect === 'flexible') {
      // The length is not known before the text is written; short text takes one byte of it.
      const at = this.reserve(1)
      const size = this.utf8(text)
      if (size < 0x7f) this.patchU8(at, size + 1)
      else this.#widen(at, size + 1)
      return
    }
    const at = this.reserve(2)
    const size = this.utf8(text)
    assert(size <= SHORT_MAX, 'a string too long for its length')
    this.patchU16be(at, size)
  }

  nullableString(text: string | null): void {
    if (text !== null) this.string(text)
    else if (this.dialect === 'flexible') this.u8(0)
    else this.i16(-1)
  }

  /** A string of a header, whose length is two bytes in both dialects. */
  headerString(text: string | null): void {
    if (text === null) {
      this.i16(-1)
      return
    }
    const at = this.reserve(2)
    const size = this.utf8(text)
    assert(size <= SHORT_MAX, 'a string too long for its length')
    this.patchU16be(at, size)
  }

  blob(bytes: Uint8Array): void {
    this.count(bytes.length)
    this.bytes(bytes)
  }

  nullableBlob(bytes: Uint8Array | null): void {
    if (bytes === null) this.nullCount()
    else this.blob(bytes)
  }

  records(bytes: Uint8Array | null): void {
    this.nullableBlob(bytes)
  }

  /** What a source writes, under its length. */
  recordSource(source: RecordSource | null): void {
    if (source === null) {
      this.nullCount()
      return
    }
    this.count(source.sizeBytes)
    const end = this.size + source.sizeBytes
    source.write(this)
    assert(this.size === end, 'a source of records that lied about its size')
  }

  /** 32 hexadecimal digits as 16 bytes. */
  uuid(text: string): void {
    assert(text.length === 32, 'not a uuid')
    for (let at = 0; at < 32; at += 8) {
      this.u32be(Number.parseInt(text.slice(at, at + 8), 16))
    }
  }

  /** The length of an array or of bytes. */
  count(count: number): void {
    if (this.dialect === 'flexible') this.uvarint(count + 1)
    else this.i32(count)
  }

  nullCount(): void {
    if (this.dialect === 'flexible') this.u8(0)
    else this.i32(-1)
  }

  noTags(): void {
    if (this.dialect === 'flexible') this.u8(0)
  }

  /** Begins a tagged field; answers what `closeTag` wants. */
  openTag(tag: number): number {
    this.uvarint(tag)
    return this.reserve(1)
  }

  closeTag(at: number): void {
    const size = this.size - at - 1
    if (size <= 0x7f) this.patchU8(at, size)
    else this.#widen(at, size)
  }

  /** Leaves room for the length of a frame; answers what `closeFrame` wants. */
  openFrame(): number {
    return this.reserve(SIZE_BYTES)
  }

  closeFrame(at: number): void {
    this.patchU32be(at, this.size - at - SIZE_BYTES)
  }

  /** Replaces the one byte kept at `at` by a longer varint, and moves what follows. */
  #widen(at: number, value: number): void {
    const more = Math.ceil((32 - Math.clz32(value)) / 7) - 1
    this.reserve(more)
    const bytes = this.view()
    bytes.copyWithin(at + 1 + more, at + 1, bytes.length - more)
    let left = value
    for (let index = 0; index < more; index++) {
      bytes[at + index] = (left & 0x7f) | 0x80
      left >>>= 7
    }
    bytes[at + more] = left
  }
}

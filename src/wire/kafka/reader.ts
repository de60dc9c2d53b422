/**
 * Reads the types of the Kafka protocol from bytes that someone else wrote: big-endian integers,
 * and lengths in one of two dialects. It counts what it makes, so that a small frame cannot ask for
 * a million objects, and throws a Fault where the bytes mean nothing.
 */
import { Fault } from '../../base/fault.ts'
import { Reader } from '../../base/reader.ts'
import { kafkaWireLimits } from './limits.ts'
import { RecordBytes } from './record-source.ts'

/** `plain` lengths are fixed integers; `flexible` ones are varints plus one, and structs end in tags. */
export type Dialect = 'plain' | 'flexible'

/** An id of sixteen zero bytes: none. */
export const NO_UUID: string = '0'.repeat(32)

const UUID_BYTES = 16
const WORD = 2 ** 32
const UVARINT_BYTES = 5

const hexOf: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, '0'),
)

export class WireReader extends Reader {
  /** Set at the head of each message; the headers have their own. */
  dialect: Dialect = 'plain'
  /** Elements of arrays read so far. */
  #elements = 0

  bool(): boolean {
    return this.u8() !== 0
  }

  i8(): number {
    return (this.u8() << 24) >> 24
  }

  i16(): number {
    return (this.u16be() << 16) >> 16
  }

  i32(): number {
    return this.u32be() | 0
  }

  /** Eight bytes that must hold a safe integer, negative ones included. */
  i64(): number {
    const high = this.i32()
    const value = high * WORD + this.u32be()
    if (!Number.isSafeInteger(value)) throw new Fault('number-range', 'an int64 beyond 2^53')
    return value
  }

  /** At most 32 bits; one that goes on longer is a fault. */
  uvarint(): number {
    let value = 0
    for (let index = 0; index < UVARINT_BYTES; index++) {
      const byte = this.u8()
      value += (byte & 0x7f) * 2 ** (7 * index)
      if (byte < 0x80) {
        if (value >= WORD) break
        return value
      }
    }
    throw new Fault('number-range', 'a varint beyond 32 bits')
  }

  string(): string {
    return this.utf8(present(this.#shortLength()))
  }

  nullableString(): string | null {
    const size = this.#shortLength()
    return size < 0 ? null : this.utf8(size)
  }

  /** A string of a header, whose length is two bytes in both dialects. */
  headerString(): string | null {
    const size = atLeastNull(this.i16())
    return size < 0 ? null : this.utf8(size)
  }

  /** A view; copy it to keep it. */
  blob(): Uint8Array {
    return this.bytes(present(this.#longLength()))
  }

  nullableBlob(): Uint8Array | null {
    const size = this.#longLength()
    return size < 0 ? null : this.bytes(size)
  }

  /** A view of record batches; copy it to keep it. */
  records(): Uint8Array | null {
    return this.nullableBlob()
  }

  /** The same as a response holds them. */
  recordSource(): RecordBytes | null {
    const records = this.nullableBlob()
    return records === null ? null : new RecordBytes(records)
  }

  /** As 32 hexadecimal digits. */
  uuid(): string {
    const bytes = this.bytes(UUID_BYTES)
    let text = ''
    for (let index = 0; index < UUID_BYTES; index++) text += hexOf[bytes[index]!]!
    return text
  }

  /** How many elements follow, each of `sizeMin` bytes or more: a count that cannot be true is a fault. */
  count(sizeMin: number): number {
    return present(this.nullableCount(sizeMin))
  }

  nullableCount(sizeMin: number): number {
    const count = this.#longLength()
    if (count <= 0) return count
    if (count * sizeMin > this.remaining) {
      throw new Fault('short-input', `${count} elements announced, ${this.remaining} bytes left`)
    }
    this.#elements += count
    if (this.#elements > kafkaWireLimits.elements) {
      throw new Fault('too-many', `${this.#elements} elements in one message`)
    }
    return count
  }

  tagCount(): number {
    return this.dialect === 'flexible' ? this.uvarint() : 0
  }

  /** Reads the size of a tagged field; answers where it ends. */
  tagEnd(): number {
    const size = this.uvarint()
    if (size > this.remaining) {
      throw new Fault('short-input', `a tagged field of ${size} bytes, ${this.remaining} left`)
    }
    return this.at + size
  }

  closeTag(end: number): void {
    if (this.at !== end) throw new Fault('bad-length', 'a tagged field is not as long as it says')
  }

  skipTags(): void {
    for (let left = this.tagCount(); left > 0; left--) {
      this.uvarint()
      this.skip(this.uvarint())
    }
  }

  #shortLength(): number {
    return this.dialect === 'flexible' ? this.uvarint() - 1 : atLeastNull(this.i16())
  }

  #longLength(): number {
    return this.dialect === 'flexible' ? this.uvarint() - 1 : atLeastNull(this.i32())
  }
}

function atLeastNull(length: number): number {
  if (length < -1) throw new Fault('bad-length', `a length of ${length}`)
  return length
}

function present(length: number): number {
  if (length < 0) throw new Fault('bad-length', 'null where a value must be')
  return length
}

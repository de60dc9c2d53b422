/**
 * Turns the values that channels carry into bytes and back: short ways for strings, numbers and bytes,
 * `node:v8` for whatever else can be structured-cloned. It owns no stream and no buffer: callers reserve
 * the room, and say where one value ends.
 */

import { deserialize } from 'node:v8'

import type { Sendable } from '../contract.ts'
import { clone } from './clone.ts'
import { isPlain } from './plain.ts'
import { Slabs } from './slab.ts'

// value = tag body                    the end of the body is the end of the value: the caller keeps the length
// null, true, false : nothing
// int      : i32, little-endian
// float    : f64, little-endian
// ascii    : one byte a character, all below 128
// utf8     : a well-formed string
// utf16    : a string with a lone surrogate, little-endian: UTF-8 would not give it back
// bytes    : the bytes of a Uint8Array (a Buffer arrives as a Uint8Array, as with structuredClone)
// plain    : JSON, of a value that JSON gives back exactly (see plain.ts); plainAscii where that is all ASCII
// cloned   : what v8.serialize wrote, its own version byte included
const TAG = {
  null: 0,
  true: 1,
  false: 2,
  int: 3,
  float: 4,
  ascii: 5,
  utf8: 6,
  utf16: 7,
  bytes: 8,
  cloned: 9,
  plain: 10,
  plainAscii: 11,
} as const

const TAG_SIZE = 1
const INT_SIZE = 4
const FLOAT_SIZE = 8
/** One UTF-16 unit takes at most three bytes of UTF-8. */
const UTF8_PER_UNIT = 3
/** Up to here a string is measured by its worst case, in no time; longer ones are worth counting. */
const GUESSED_UNITS_MAX = 4096

/** `measure` is never more than twice what is written then, and this. */
export const measureSlack: number = TAG_SIZE + FLOAT_SIZE + GUESSED_UNITS_MAX

const LONE_SURROGATE = /\p{Surrogate}/u
const EMPTY_BUFFER = Buffer.alloc(0)

/** These bytes are no value that a `ValueWriter` wrote. */
export class ValueMalformed extends Error {
  override readonly name = 'ValueMalformed'
  readonly code = 'VALUE_MALFORMED'
}

/** Writes one value at a time: `measure` it, make room, `write` it. One writer serves one stream. */
export class ValueWriter {
  #value: Sendable = null
  /** What `v8.serialize` made of `#value`, between `measure` and `write`. */
  #cloned: Buffer = EMPTY_BUFFER
  /** Its JSON, if it is a plain object. */
  #json = ''

  /** The most bytes that `write` will take. Throws `ChannelMisuse` for what cannot be cloned (a function, say). */
  measure(value: Sendable): number {
    this.#value = value
    switch (typeof value) {
      case 'string':
        return TAG_SIZE + measureString(value)
      case 'number':
        return TAG_SIZE + FLOAT_SIZE
      case 'boolean':
        return TAG_SIZE
      default:
        if (value === null) return TAG_SIZE
        if (isBytes(value)) return TAG_SIZE + value.length
        return TAG_SIZE + this.#measureObject(value)
    }
  }

  /** Writes the measured value at `at`; returns where it ends. */
  write(into: Buffer, at: number): number {
    const value = this.#value
    this.#value = null
    switch (typeof value) {
      case 'string':
        return writeString(into, at, value)
      case 'number':
        return writeNumber(into, at, value)
      case 'boolean':
        into[at] = value ? TAG.true : TAG.false
        return at + TAG_SIZE
      default:
        return value === null ? writeNull(into, at) : this.#writeObject(into, at, value)
    }
  }

  #measureObject(value: NonNullable<unknown>): number {
    if (typeof value === 'object' && isPlain(value)) {
      this.#json = JSON.stringify(value)
      return measureString(this.#json)
    }
    this.#cloned = clone(value)
    return this.#cloned.length
  }

  #writeObject(into: Buffer, at: number, value: NonNullable<unknown>): number {
    if (isBytes(value)) return writeBytes(into, at, { tag: TAG.bytes, bytes: value })
    if (this.#json !== '') {
      const text = this.#json
      this.#json = ''
      const size = into.write(text, at + TAG_SIZE)
      into[at] = size === text.length ? TAG.plainAscii : TAG.plain
      return at + TAG_SIZE + size
    }
    const bytes = this.#cloned
    this.#cloned = EMPTY_BUFFER
    return writeBytes(into, at, { tag: TAG.cloned, bytes })
  }
}

/** Reads values, one at a time. What it returns shares no memory with the bytes it was read from. */
export class ValueReader {
  readonly #slabs = new Slabs(() => undefined)

  /** The value in `bytes` from `at` to `end`. Throws `ValueMalformed`, whatever the bytes are. */
  read(bytes: Buffer, at: number, end: number): Sendable {
    if (end <= at || end > bytes.length) throw new ValueMalformed('a value without a tag')
    const tag = bytes[at]!
    const body = at + TAG_SIZE
    switch (tag) {
      case TAG.ascii:
        return bytes.toString('latin1', body, end)
      case TAG.bytes:
        return this.#readBytes(bytes, body, end)
      case TAG.utf8:
        return bytes.toString('utf8', body, end)
      case TAG.utf16:
        return bytes.toString('utf16le', body, end)
      case TAG.plainAscii:
        return readPlain(bytes.toString('latin1', body, end))
      case TAG.plain:
        return readPlain(bytes.toString('utf8', body, end))
      case TAG.cloned:
        return readCloned(bytes.subarray(body, end))
      default:
        return readScalar(bytes, at, end)
    }
  }

  #readBytes(bytes: Buffer, at: number, end: number): Uint8Array {
    const value = this.#slabs.bytes(end - at)
    value.set(bytes.subarray(at, end))
    return value
  }
}

function isBytes(value: NonNullable<unknown>): value is Uint8Array {
  return value instanceof Uint8Array
}

function measureString(value: string): number {
  if (value.length <= GUESSED_UNITS_MAX) return value.length * UTF8_PER_UNIT
  // A lone surrogate is counted as three bytes and written as two, so the count bounds both forms.
  return Math.max(Buffer.byteLength(value), value.length * 2)
}

function writeBytes(into: Buffer, at: number, body: { tag: number; bytes: Uint8Array }): number {
  into[at] = body.tag
  into.set(body.bytes, at + TAG_SIZE)
  return at + TAG_SIZE + body.bytes.length
}

function writeNull(into: Buffer, at: number): number {
  into[at] = TAG.null
  return at + TAG_SIZE
}

function writeNumber(into: Buffer, at: number, value: number): number {
  // -0 is no i32: it would come back as 0.
  if ((value | 0) === value && !Object.is(value, -0)) {
    into[at] = TAG.int
    return into.writeInt32LE(value, at + TAG_SIZE)
  }
  into[at] = TAG.float
  return into.writeDoubleLE(value, at + TAG_SIZE)
}

function writeString(into: Buffer, at: number, value: string): number {
  const body = at + TAG_SIZE
  const size = into.write(value, body)
  if (size === value.length) {
    // As many bytes as units: all of them below 128, and then the cheapest decoding is right.
    into[at] = TAG.ascii
    return body + size
  }
  if (LONE_SURROGATE.test(value)) {
    into[at] = TAG.utf16
    return body + into.write(value, body, 'utf16le')
  }
  into[at] = TAG.utf8
  return body + size
}

function readScalar(bytes: Buffer, at: number, end: number): Sendable {
  const tag = bytes[at]!
  const body = at + TAG_SIZE
  const size = end - body
  if (tag === TAG.int && size === INT_SIZE) return bytes.readInt32LE(body)
  if (tag === TAG.float && size === FLOAT_SIZE) return bytes.readDoubleLE(body)
  if (tag === TAG.null && size === 0) return null
  if (tag === TAG.true && size === 0) return true
  if (tag === TAG.false && size === 0) return false
  throw new ValueMalformed(`a value of tag ${tag} and ${size} bytes`)
}

function readPlain(json: string): Sendable {
  try {
    return JSON.parse(json) as Sendable
  } catch (error) {
    throw new ValueMalformed('a plain value that is not JSON', { cause: error })
  }
}

function readCloned(body: Buffer): Sendable {
  let value: unknown
  try {
    // A copy, because typed arrays inside the value come back as views of what was read.
    value = deserialize(Buffer.from(body))
  } catch (error) {
    throw new ValueMalformed('a cloned value that does not decode', { cause: error })
  }
  // A sender cannot put `undefined`, and a receiver would take it for "nothing there".
  if (value === undefined) throw new ValueMalformed('a cloned undefined')
  return value as Sendable
}

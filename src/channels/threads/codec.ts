/**
 * Values to bytes and back, as a structured clone would bring them over: strings, numbers, bytes and small
 * trees of plain data by the fastest way that loses nothing, all else by V8's own serializer. What is received
 * is always fresh memory, never a view of the ring. The codec never waits and holds no value between calls.
 *
 *   tag       payload
 *   constant  index in `constants` (4 bytes)
 *   integer   32 bits                       -0 is no integer
 *   float     64 bits
 *   text8     one byte per character        only characters up to 0xff
 *   text16    UTF-16                        lone surrogates survive, which UTF-8 would not allow
 *   bytes     a Uint8Array                  arrives in memory that nobody else writes, from a slab when it is small
 *   buffer    a Buffer                      arrives as a Buffer, from Node's pool when it is small
 *   json8/16  JSON text                     of what `isPlain` finds that JSON gives back exactly
 *   v8        V8's serialization            cycles, maps, dates, errors, typed arrays, big integers
 */
import { deserialize } from 'node:v8'
import { markAsUntransferable } from 'node:worker_threads'
import { assert } from '../../base/assert.ts'
import { EMPTY } from '../../base/bytes.ts'
import { clone } from '../codec/clone.ts'
import { isPlain } from '../codec/plain.ts'
import { Slabs } from '../codec/slab.ts'
import { ChannelMisuse, type Sendable } from '../contract.ts'
import { threadLimits } from './limits.ts'
import type { Filling } from './ring-write.ts'

export const tag = {
  constant: 0,
  integer: 1,
  float: 2,
  text8: 3,
  text16: 4,
  bytes: 5,
  buffer: 6,
  json8: 7,
  json16: 8,
  v8: 9,
} as const

const constants: readonly Sendable[] = [null, true, false]

/** Strings up to this length are copied character by character: faster than a call into Node up to there. */
const loopChars = 16
/** Bytes up to this length live inside a typed array itself, where `slice` makes and fills it in one go. */
const sliceBytes = 64
/** What an UTF-8 write must have left over, so that stopping early and fitting exactly cannot look alike. */
const spareBytes = 4

/** What this thread receives. */
const slabs = new Slabs(markAsUntransferable)

const scratch = new Float64Array(1)
const scratchBytes = new Uint8Array(scratch.buffer)

/** A value on its way into a ring. Loaded again and again by its owner; `settle` makes it independent. */
export class Outgoing implements Filling {
  tag = 0
  integer = 0
  float = 0
  text = ''
  bytes: Uint8Array = EMPTY

  /** Takes a value apart. Throws `ChannelMisuse` for what cannot be cloned. */
  load(value: Sendable): void {
    switch (typeof value) {
      case 'string':
        this.tag = tag.text8
        this.text = value
        if (value.length * 2 > threadLimits.messageBytes) this.#checkText()
        return
      case 'number':
        this.#loadNumber(value)
        return
      case 'boolean':
        this.tag = tag.constant
        this.integer = value ? 1 : 2
        return
      case 'undefined':
        throw new ChannelMisuse('undefined cannot be sent: it means nothing')
      default:
        this.#loadObject(value)
    }
  }

  #loadNumber(value: number): void {
    if ((value | 0) === value && (value !== 0 || 1 / value > 0)) {
      this.tag = tag.integer
      this.integer = value
    } else {
      this.tag = tag.float
      this.float = value
    }
  }

  #loadObject(value: Sendable): void {
    if (value === null) {
      this.tag = tag.constant
      this.integer = 0
    } else if (value instanceof Uint8Array && value.constructor === Uint8Array) {
      this.tag = tag.bytes
      this.bytes = value
    } else if (value instanceof Buffer) {
      this.tag = tag.buffer
      this.bytes = value
    } else if (isPlain(value)) {
      this.tag = tag.json8
      this.text = JSON.stringify(value)
    } else {
      this.tag = tag.v8
      this.bytes = clone(value)
    }
    if (this.bytes.length > threadLimits.messageBytes) {
      this.clear()
      throw tooLarge('value')
    }
  }

  /** Only a text of nothing but ASCII may use the whole limit for its characters. */
  #checkText(): void {
    const { length } = this.text
    const isNarrow = Buffer.byteLength(this.text, 'utf8') === length
    if (isNarrow && length <= threadLimits.messageBytes) return
    this.clear()
    throw tooLarge('text')
  }

  /** A copy that stays as it is, whatever the sender does to the bytes while it waits. */
  keep(): Outgoing {
    const kept = new Outgoing()
    kept.tag = this.tag
    kept.integer = this.integer
    kept.float = this.float
    kept.text = this.text
    kept.bytes = this.tag === tag.v8 ? this.bytes : Uint8Array.prototype.slice.call(this.bytes)
    return kept
  }

  /** Forgets the value, so that a channel at rest keeps none alive. */
  clear(): void {
    this.text = ''
    this.bytes = EMPTY
  }

  /** Whether the payload is bytes already, and not made in place. */
  get isBytes(): boolean {
    return this.tag === tag.bytes || this.tag === tag.buffer || this.tag === tag.v8
  }

  /** Bytes of payload that must be reserved to try. */
  get room(): number {
    if (this.isBytes) return this.bytes.length
    if (this.tag === tag.text8 || this.tag === tag.json8) return this.text.length + spareBytes
    if (this.tag === tag.text16 || this.tag === tag.json16) return this.text.length * 2
    return 8
  }

  /**
   * Writes the payload at `place`, where `room` bytes are free; answers its size. Negative: the text was not
   * what it seemed, the tag has changed, and `room` is another.
   */
  fill(into: Buffer, place: number): number {
    switch (this.tag) {
      case tag.text8:
      case tag.json8:
        return this.#fillText8(into, place)
      case tag.text16:
      case tag.json16:
        return into.write(this.text, place, 'utf16le')
      case tag.float:
        scratch[0] = this.float
        into.set(scratchBytes, place)
        return 8
      case tag.constant:
      case tag.integer:
        into.writeInt32LE(this.integer, place)
        return 4
      default:
        into.set(this.bytes, place)
        return this.bytes.length
    }
  }

  #fillText8(into: Buffer, place: number): number {
    const { text } = this
    const { length } = text
    if (length <= loopChars) {
      let seen = 0
      for (let index = 0; index < length; index++) {
        const char = text.charCodeAt(index)
        seen |= char
        into[place + index] = char
      }
      if (seen <= 0xff) return length
    } else if (into.write(text, place, length + spareBytes, 'utf8') === length) {
      // As many bytes as characters, with room for more: all of them are ASCII.
      return length
    }
    this.tag += tag.text16 - tag.text8
    return -1
  }

  /** The whole payload as bytes, for a message that goes in parts. */
  toBytes(): Uint8Array {
    if (this.isBytes) return this.bytes
    const isWide = this.tag === tag.text16 || this.tag === tag.json16
    if (!isWide) {
      const narrow = Buffer.from(this.text, 'utf8')
      if (narrow.length === this.text.length) return narrow
      this.tag += tag.text16 - tag.text8
    }
    return Buffer.from(this.text, 'utf16le')
  }
}

function tooLarge(what: string): ChannelMisuse {
  return new ChannelMisuse(`this ${what} is larger than messageBytes, ${threadLimits.messageBytes}`)
}

/** A payload and the memory that it lies in, seen in three ways. */
export interface Payload {
  readonly bytes: Buffer
  readonly plain: Uint8Array
  readonly words: Int32Array
  /** The word where `bytes` begins. */
  readonly dataAt: number
  readonly place: number
  readonly size: number
  readonly tag: number
}

/**
 * Copies a payload out. The copy may be void, torn from a frame that is already another: so it is not looked
 * into, which is left to `finish`, and nothing that it might contain can fail here.
 */
export function copyOut(from: Payload): Sendable {
  const { bytes, place, size } = from
  switch (from.tag) {
    case tag.constant:
    case tag.integer:
      return from.words[from.dataAt + (place >> 2)] ?? 0
    case tag.float:
      scratchBytes.set(from.plain.subarray(place, place + 8))
      return scratch[0]!
    case tag.text8:
    case tag.json8:
      return bytes.toString('latin1', place, place + size)
    case tag.text16:
    case tag.json16:
      return bytes.toString('utf16le', place, place + size)
    case tag.buffer:
    case tag.v8: {
      // What V8 deserializes may keep views of it, so that it does not come from the pool.
      const copy = from.tag === tag.v8 ? Buffer.allocUnsafeSlow(size) : Buffer.allocUnsafe(size)
      copy.set(from.plain.subarray(place, place + size))
      return copy
    }
    default: {
      if (size <= sliceBytes) return from.plain.slice(place, place + size)
      const copy = slabs.bytes(size)
      copy.set(from.plain.subarray(place, place + size))
      return copy
    }
  }
}

/** Makes the value out of what was copied. */
export function finish(copy: Sendable, what: number): Sendable {
  switch (what) {
    case tag.constant:
      return constants[copy as number]!
    case tag.json8:
    case tag.json16:
      return JSON.parse(copy as string)
    case tag.v8:
      return deserialize(copy as Buffer)
    default:
      return copy
  }
}

/** The value of a message that came in parts; its bytes belong to nobody else. */
export function fromParts(bytes: Uint8Array, what: number): Sendable {
  if (what === tag.bytes) return bytes
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (what === tag.buffer) return all
  if (what === tag.v8) return deserialize(all)
  assert(what >= tag.text8 && what <= tag.json16, 'only bytes and texts can be large')
  const isWide = what === tag.text16 || what === tag.json16
  return finish(all.toString(isWide ? 'utf16le' : 'latin1'), what)
}

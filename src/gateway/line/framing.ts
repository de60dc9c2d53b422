/**
 * The three ways in which a stream of bytes is cut into messages. A framer only looks and cuts: it never
 * decodes text, never waits, and leaves bytes that are no whole message yet where they are.
 */
import { unreachable } from '../../base/assert.ts'
import { Fault } from '../../base/fault.ts'
import type { Held } from './held.ts'

// line   = *(any byte but LF) [CR] LF     the line end is LF or CR LF and is no part of the message; a CR
//                                         elsewhere is. An empty line is an empty message. What is left when
//                                         the client ends is its last message.
// length = size:u32 big-endian, size bytes    what is left when the client ends is known to be cut, and dropped
// chunk  = what arrives                   cut at `messageBytesMax`, and in text before a character that has not
//                                         arrived whole; where the cuts fall means nothing
export type Framing = 'line' | 'length' | 'chunk'

const LF = 10
const CR = 13
export const LENGTH_SIZE = 4

export interface Framer {
  /** The next whole message, or `null` if more is needed. A view, good until the held bytes change. */
  next(held: Held): Uint8Array | null
  /** What the end of the client makes of the rest: its last message, or `null` if it is none. */
  last(held: Held): Uint8Array | null
}

export interface FramerOptions {
  readonly framing: Framing
  readonly messageBytesMax: number
  /** Whether a chunk may end within a character. */
  readonly characters: 'whole' | 'any'
}

export function framer(options: FramerOptions): Framer {
  const { framing, messageBytesMax, characters } = options
  switch (framing) {
    case 'line':
      return new LineFramer(messageBytesMax)
    case 'length':
      return new LengthFramer(messageBytesMax)
    case 'chunk':
      return new ChunkFramer(messageBytesMax, characters)
    default:
      return unreachable(framing)
  }
}

function tooLong(limit: number): Fault {
  return new Fault('too-long', `too long: limit ${limit} bytes`)
}

class LineFramer implements Framer {
  readonly #max: number
  /** Bytes of the held ones in which no LF is. Without it a long line in small pieces is searched again and again. */
  #searched = 0

  constructor(max: number) {
    this.#max = max
  }

  next(held: Held): Uint8Array | null {
    const at = held.indexOf(LF, this.#searched)
    if (at < 0) {
      this.#searched = held.size
      this.#refuseLong(held)
      return null
    }
    const size = at > 0 && held.byteAt(at - 1) === CR ? at - 1 : at
    if (size > this.#max) throw tooLong(this.#max)
    const message = held.view(0, size)
    held.drop(at + 1)
    this.#searched = 0
    return message
  }

  last(held: Held): Uint8Array | null {
    this.#searched = 0
    const size = held.size
    if (size === 0) return null
    if (size > this.#max) throw tooLong(this.#max)
    const message = held.view(0, size)
    held.drop(size)
    return message
  }

  /** A line is refused as soon as it cannot end within the limit: the byte after the longest one may be its CR. */
  #refuseLong(held: Held): void {
    const over = held.size - this.#max
    if (over > 1 || (over === 1 && held.byteAt(this.#max) !== CR)) throw tooLong(this.#max)
  }
}

class LengthFramer implements Framer {
  readonly #max: number

  constructor(max: number) {
    this.#max = max
  }

  next(held: Held): Uint8Array | null {
    if (held.size < LENGTH_SIZE) return null
    const [a, b, c, d] = held.view(0, LENGTH_SIZE)
    const size = ((a! << 24) | (b! << 16) | (c! << 8) | d!) >>> 0
    // Before waiting for it: nobody is to make us hold what will be refused.
    if (size > this.#max) throw tooLong(this.#max)
    if (held.size < LENGTH_SIZE + size) return null
    const message = held.view(LENGTH_SIZE, size)
    held.drop(LENGTH_SIZE + size)
    return message
  }

  last(_held: Held): Uint8Array | null {
    return null
  }
}

class ChunkFramer implements Framer {
  readonly #max: number
  readonly #characters: 'whole' | 'any'

  constructor(max: number, characters: 'whole' | 'any') {
    this.#max = max
    this.#characters = characters
  }

  next(held: Held): Uint8Array | null {
    let size = Math.min(held.size, this.#max)
    if (this.#characters === 'whole') size -= openTail(held.view(0, size))
    if (size === 0) return null
    const message = held.view(0, size)
    held.drop(size)
    return message
  }

  last(held: Held): Uint8Array | null {
    const size = held.size
    if (size === 0) return null
    const message = held.view(0, size)
    held.drop(size)
    return message
  }
}

/** How many bytes at the end are the beginning of a UTF-8 sequence that goes on beyond it: 0 to 3. */
export function openTail(bytes: Uint8Array): number {
  const backMax = Math.min(3, bytes.length)
  for (let back = 1; back <= backMax; back++) {
    const byte = bytes[bytes.length - back]!
    if ((byte & 0xc0) === 0x80) continue
    return sequenceSize(byte) > back ? back : 0
  }
  return 0
}

function sequenceSize(lead: number): number {
  if (lead >= 0xf0) return lead < 0xf8 ? 4 : 1
  if (lead >= 0xe0) return 3
  return lead >= 0xc0 ? 2 : 1
}

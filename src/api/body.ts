/** Bodies as programs give and take them: a string, bytes, or any value that JSON can hold. */
import { EMPTY, KiB } from '../base/bytes.ts'
import type { BodyKind } from '../wire/plain/body.ts'
import { BrokerError } from './errors.ts'

/** What JSON can hold, besides a string, which is a text. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json }

export type Body = string | Uint8Array | Json | object

const encoder = new TextEncoder()
const decoder = new TextDecoder()

const sharedScratchBytes = 64 * KiB // longer texts are rare, and have memory of their own that goes again

/** Texts are encoded into it, so that a short one costs no memory of its own. */
const sharedScratch = new Uint8Array(sharedScratchBytes)

/** A body as bytes, valid until the next one is encoded, by anybody. One object is reused. */
export class BodyEncoder {
  kind: BodyKind = 'bytes'
  bytes: Uint8Array = EMPTY
  size = 0

  encode(body: Body): void {
    if (body instanceof Uint8Array) {
      this.kind = 'bytes'
      this.bytes = body
      this.size = body.length
    } else if (typeof body === 'string') this.#text(body, 'text')
    else {
      const text = JSON.stringify(body) as string | undefined
      if (text === undefined) {
        throw new BrokerError(
          'BODY_INVALID',
          `a body is a string, bytes or a JSON value, not ${typeof body}`,
        )
      }
      this.#text(text, 'json')
    }
  }

  /** The same bytes, valid for longer: they share no memory with what is encoded next. */
  kept(): Uint8Array {
    const bytes = this.bytes.subarray(0, this.size)
    return this.bytes === sharedScratch ? bytes.slice() : bytes
  }

  #text(text: string, kind: BodyKind): void {
    const sizeMax = text.length * 3
    this.kind = kind
    this.bytes = sizeMax > sharedScratchBytes ? new Uint8Array(sizeMax) : sharedScratch
    this.size = encoder.encodeInto(text, this.bytes).written
  }
}

export function textOf(bytes: Uint8Array): string {
  return decoder.decode(bytes)
}

/** As it was sent: a text, a value, or bytes. */
export function bodyOf(kind: BodyKind, bytes: Uint8Array): unknown {
  if (kind === 'bytes') return bytes
  return kind === 'text' ? textOf(bytes) : JSON.parse(textOf(bytes))
}

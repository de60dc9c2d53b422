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

/** A body as bytes, valid until the next one is encoded. One object is reused. */
export class BodyEncoder {
  kind: BodyKind = 'bytes'
  bytes: Uint8Array = EMPTY
  size = 0
  /** Texts are encoded into it, so that a short one costs no memory of its own. */
  #scratch = new Uint8Array(16 * KiB)

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

  #text(text: string, kind: BodyKind): void {
    if (text.length * 3 > this.#scratch.length) this.#scratch = new Uint8Array(text.length * 3)
    this.kind = kind
    this.bytes = this.#scratch
    this.size = encoder.encodeInto(text, this.#scratch).written
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

/** A BrokerRecord is one fact of a stream, as a reader is given it: a copy, never changed, never settled. */
import type { BodyKind } from '../wire/plain/body.ts'
import { bodyOf, textOf } from './body.ts'

export class BrokerRecord<T = unknown> {
  readonly partition: number
  readonly offset: number
  /** What decided the partition; null for none. */
  readonly key: Uint8Array | null
  /** When it was made, in milliseconds since 1970. */
  readonly timeMs: number
  readonly bytes: Uint8Array
  readonly kind: BodyKind

  constructor(
    place: { readonly partition: number; readonly offset: number },
    content: {
      readonly key: Uint8Array | null
      readonly timeMs: number
      readonly body: Uint8Array
      readonly kind: BodyKind
    },
  ) {
    this.partition = place.partition
    this.offset = place.offset
    this.key = content.key
    this.timeMs = content.timeMs
    this.bytes = content.body
    this.kind = content.kind
  }

  /** As it was appended: a text, a value, or bytes. */
  get body(): T {
    return bodyOf(this.kind, this.bytes) as T
  }

  text(): string {
    return textOf(this.bytes)
  }

  /** Throws a SyntaxError when it is not JSON. */
  json(): T {
    return JSON.parse(this.text()) as T
  }
}

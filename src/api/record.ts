/** A BrokerRecord is one fact of a stream, as a reader is given it: a copy, never changed, never settled. */
import type { BodyKind } from '../wire/plain/body.ts'
import { bodyOf, textOf } from './body.ts'

/** What a Kafka client wrote beside a record; a name may come twice. */
export type RecordHeader = { readonly name: string; readonly value: Uint8Array | null }

/** Where a record went. */
export type Appended = { readonly partition: number; readonly offset: number }

const NO_HEADERS: readonly RecordHeader[] = []

export class BrokerRecord<T = unknown> {
  readonly partition: number
  readonly offset: number
  /** What decided the partition; null for none. */
  readonly key: Uint8Array | null
  /** When it was made, in milliseconds since 1970; when it was stored, if its maker did not say. */
  readonly timeMs: number
  readonly bytes: Uint8Array
  readonly kind: BodyKind
  /** In their order; programs that embed the broker write none. */
  readonly headers: readonly RecordHeader[]
  /** A Kafka client wrote a key and no body: what has this key is gone. */
  readonly isTombstone: boolean

  constructor(
    place: { readonly partition: number; readonly offset: number },
    content: {
      readonly key: Uint8Array | null
      readonly timeMs: number
      readonly body: Uint8Array
      readonly kind: BodyKind
      readonly headers?: readonly RecordHeader[]
      readonly isTombstone?: boolean
    },
  ) {
    this.partition = place.partition
    this.offset = place.offset
    this.key = content.key
    this.timeMs = content.timeMs
    this.bytes = content.body
    this.kind = content.kind
    this.headers = content.headers ?? NO_HEADERS
    this.isTombstone = content.isTombstone ?? false
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

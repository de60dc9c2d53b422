/** A Message is what a consumer of a queue is given: a copy of its own, and the means to settle it. */
import type { Linked } from '../base/list.ts'
import type { BodyKind } from '../wire/plain/body.ts'
import { bodyOf, textOf } from './body.ts'

/** Who handed the message out, and takes it back. */
export interface MessageOwner {
  acknowledge(message: Message): void
  giveBack(message: Message): void
}

export class Message<T = unknown> implements Linked<Message> {
  /** The body, as it was sent. */
  readonly bytes: Uint8Array
  readonly kind: BodyKind
  /** The key it was published with: the queue's name, unless an exchange passed it on. */
  readonly key: string
  /** Handed out before, or perhaps: whoever had it did not acknowledge it. */
  readonly redelivered: boolean
  /** How often it was given back before, at least. */
  readonly deliveries: number
  /** Its number in the queue: ascending, never used twice. */
  readonly sequence: number
  readonly #owner: MessageOwner
  previous: Message | null = null
  next: Message | null = null
  list: object | null = null

  constructor(
    owner: MessageOwner,
    content: { readonly bytes: Uint8Array; readonly kind: BodyKind; readonly key: string },
    delivery: {
      readonly sequence: number
      readonly redelivered: boolean
      readonly deliveries: number
    },
  ) {
    this.#owner = owner
    this.bytes = content.bytes
    this.kind = content.kind
    this.key = content.key
    this.sequence = delivery.sequence
    this.redelivered = delivery.redelivered
    this.deliveries = delivery.deliveries
  }

  /** As it was sent: a text, a value, or bytes. */
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

  /** It is done with, and gone from the queue. A second time does nothing. */
  ack(): void {
    this.#owner.acknowledge(this as Message)
  }

  /** It goes back to its place in the queue, for whoever is next. A second time does nothing. */
  giveBack(): void {
    this.#owner.giveBack(this as Message)
  }
}

/**
 * The confirming of a channel: hears of commits while messages wait for one, and writes what can be told, one frame
 * for many. What goes out behind a large body waits for it, and is told together then.
 */
import type { CommitWatcher } from '../../broker/commits.ts'
import {
  BASIC_ACK,
  BASIC_NACK,
  BIT_MULTIPLE,
  SETTLE_FRAME_SIZE,
  writeConfirm,
} from '../../wire/amqp/content.ts'
import { type ConfirmSink, Confirms } from './confirms.ts'
import type { Link, Teller } from './link.ts'
import type { Outlet } from './outlet.ts'

export class Confirming implements CommitWatcher, ConfirmSink, Teller {
  readonly #link: Link
  readonly #channel: number
  readonly #outlet: Outlet
  /** `null` while the channel does not confirm. */
  #confirms: Confirms | null = null
  #isWatching = false
  #willTell = false
  /** Waits for the outlet. */
  #tellsLater = false

  constructor(link: Link, channel: number, outlet: Outlet) {
    this.#link = link
    this.#channel = channel
    this.#outlet = outlet
  }

  get isOn(): boolean {
    return this.#confirms !== null
  }

  /** From now on every message is confirmed. A second time changes nothing. */
  begin(): void {
    this.#confirms ??= new Confirms(this)
  }

  /** A message was published, and is confirmed with this ticket; 0: now. */
  await(ticket: number): void {
    if (this.#confirms === null) return
    this.#confirms.add(ticket)
    if (ticket === 0) this.#tellThisTurn()
    else if (!this.#isWatching) {
      this.#isWatching = true
      this.#link.broker.commits.watch(this)
    }
  }

  /** A message was not taken. */
  refuse(): void {
    this.#confirms?.refuse()
    this.#tellThisTurn()
  }

  /** Nothing is confirmed any more. */
  close(): void {
    if (this.#isWatching) this.#link.broker.commits.unwatch(this)
    this.#isWatching = false
    this.#confirms = null
  }

  // What the broker and the turn tell.

  settled(through: number): boolean {
    const confirms = this.#confirms
    if (confirms === null) return false
    if (this.#outlet.isBusy) {
      confirms.learn(through)
      this.#tellBehindBody()
    } else confirms.settled(through)
    this.#isWatching = confirms.pendingCount > 0
    return this.#isWatching
  }

  tell(): void {
    this.#willTell = false
    if (this.#outlet.isBusy) this.#tellBehindBody()
    else this.#confirms?.tell()
  }

  // What the confirms tell.

  acked(sequence: number, many: 'one' | 'many'): void {
    this.#write(BASIC_ACK, sequence, many === 'many' ? BIT_MULTIPLE : 0)
  }

  refused(sequence: number): void {
    this.#write(BASIC_NACK, sequence, 0)
  }

  #write(method: number, sequence: number, bits: number): void {
    const { outbox } = this.#link
    const at = outbox.reserve(SETTLE_FRAME_SIZE)
    writeConfirm(outbox.bytes, at, this.#channel, method, sequence, bits)
  }

  #tellThisTurn(): void {
    if (this.#willTell) return
    this.#willTell = true
    this.#link.tellLater(this)
  }

  #tellBehindBody(): void {
    if (this.#tellsLater) return
    this.#tellsLater = true
    this.#outlet.after(() => {
      this.#tellsLater = false
      this.tell()
    })
  }
}

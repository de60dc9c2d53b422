/**
 * An Alarm says to a client why nothing it publishes is taken: `connection.blocked` once, when a message finds the
 * disk or the memory full, and `connection.unblocked` when none waits any more. It holds nobody; the publisher does.
 */
import type { Fields } from '../../wire/amqp/method-codec.ts'

export interface AlarmTeller {
  send<N extends 'connection.blocked' | 'connection.unblocked'>(
    channel: 0,
    name: N,
    fields: Fields<N>,
  ): void
}

export class Alarm {
  readonly #teller: AlarmTeller
  /** The client says that it understands; whoever does not is held without a word. */
  isHeard = false
  #isRaised = false

  constructor(teller: AlarmTeller) {
    this.#teller = teller
  }

  /** In RabbitMQ's words. A second time says nothing. */
  raise(lack: 'disk' | 'memory'): void {
    if (this.#isRaised) return
    this.#isRaised = true
    if (this.isHeard) this.#teller.send(0, 'connection.blocked', { reason: `low on ${lack}` })
  }

  clear(): void {
    if (!this.#isRaised) return
    this.#isRaised = false
    if (this.isHeard) this.#teller.send(0, 'connection.unblocked', {})
  }
}

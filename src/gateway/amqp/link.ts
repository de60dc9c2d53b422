/** What a channel sees of its connection. Types only: the session is what stands behind it. */
import type { Runtime } from '../../broker/runtime.ts'
import type { Namespace } from '../../machine/namespace.ts'
import type { Queue } from '../../machine/queue.ts'
import type { Fields, MethodName } from '../../wire/amqp/method-codec.ts'
import type { Alarm } from './alarm.ts'
import type { AmqpLimits } from './limits.ts'
import type { Outbox } from './outbox.ts'
import type { Reply } from './replies.ts'

/** Has something to say before the output of a turn goes out. */
export interface Teller {
  tell(): void
}

export interface Link {
  readonly broker: Runtime
  readonly namespace: Namespace
  /** Who logged in. */
  readonly user: string
  /** The namespace as the client calls it. */
  readonly vhost: string
  readonly limits: AmqpLimits
  readonly outbox: Outbox
  /** Of large messages that are on their way in, as announced. */
  arrivingBytes: number
  /** What both sides agreed on. */
  readonly frameMax: number
  /** The client wants to hear of consumers that the broker cancels. */
  readonly hearsCancels: boolean
  /** The connection is gone or going: nothing may be begun. */
  readonly isOver: boolean
  /** The peer does not take what it was sent: consumers wait. */
  readonly isChoked: boolean
  /** What the client is told while there is no room for what it publishes. */
  readonly alarm: Alarm
  send<N extends MethodName>(channel: number, name: N, fields: Fields<N>): void
  /** Ends the connection with a reason that the client is told. */
  fail(reply: Reply): void
  /** Bytes of a frame of this channel that is not whole yet; null while nothing is read. */
  unfinishedBytes(channel: number): number | null
  /** Nothing is parsed until the same number of `release`. */
  hold(): void
  release(): void
  /** Calls `tell` once, before this turn's output goes out. */
  tellLater(teller: Teller): void
  /** The outbox became too full: every consumer of the connection waits. */
  choke(): void
  /** A queue that is this connection's alone, and goes with it. */
  own(queue: Queue): void
  /** A name that nobody else has. */
  uniqueName(prefix: string): string
}

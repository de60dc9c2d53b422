/** What moves the values of a channel between processes, and what can be told of it. Types only. */
import type { DuplexStats, Ending, Sendable } from '../contract.ts'
import type { Tally } from './joining.ts'
import type { LinkUser } from './link-user.ts'

/** What moves the values of a channel. */
export interface Carrier {
  user: LinkUser
  /** Whether a value can be received now, and how many. */
  readonly readable: boolean
  readonly ready: number
  /** Whether a value can be sent now. */
  readonly writable: boolean
  /** No value will arrive any more; those that are ready can still be received. */
  readonly inEnded: boolean
  /** No value can be sent any more. */
  readonly outEnded: boolean
  /** Why it is over, if not by both sides' will. */
  readonly failure: Error | null
  /** The connection is gone. */
  readonly over: boolean
  /** Values sent, and of them those that the other side's program has not been seen to receive. */
  readonly sent: number
  readonly underWay: number
  readonly received: number
  /** Values that arrived and that nobody will receive. */
  readonly dropped: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly capacity: number
  /** What is done; `null` where nothing comes back. */
  readonly tally: Tally | null
  send(value: Sendable): boolean
  receive(): Sendable | undefined
  finish(): void
  stop(ending: Ending): void
}

/** Its size is that of the values that have arrived. */
export interface ProcessChannelStats extends DuplexStats {
  /** Values put that the other side's program has not been seen to receive. */
  readonly underWay: number
  /** Values put that are not done over there, and values got that are not done here. */
  readonly unfinished: number
  readonly undone: number
  readonly bytesIn: number
  readonly bytesOut: number
}

/** The limits of line sockets: every bound on what a client may cost, with its reason. Nothing else. */
import { assert } from '../../base/assert.ts'
import { KiB } from '../../base/bytes.ts'

/** What a line socket allows; every field can be chosen where it is opened. Infinity for a time is "never". */
export interface LineLimits {
  /** Clients at once. Further ones are told so and let go. */
  readonly clientsMax: number
  /** Bytes of one message, without its line end or its length. */
  readonly messageBytesMax: number
  /** A client that neither sends nor takes its answers for so long is let go. */
  readonly idleMs: number
  /** A message that has begun must be whole within this time, or drops of bytes would hold a place for ever. */
  readonly messageMs: number
  /** Messages taken and not yet answered, per client. More are not read. */
  readonly unansweredMax: number
  /** How long a client that was refused may take to read why, before its connection is dropped. */
  readonly lingerMs: number
  /** How long a stop waits for the clients to end by themselves. */
  readonly drainMs: number
}

export const lineLimits: LineLimits = {
  clientsMax: 10_000, // an idle client costs about 5 KB, so this is 50 MB
  messageBytesMax: 64 * KiB, // a log line with a stack trace fits; one client cannot hold more than two of them
  idleMs: 10 * 60_000, // sensors speak every few minutes; a vanished client must not keep its place for a day
  messageMs: 60_000, // someone who types a line by hand is done within a minute
  unansweredMax: 1024, // one group commit's worth of lines; about 8 KB of answers
  lingerMs: 2_000, // a round trip to anywhere and back, several times
  drainMs: 5_000, // within the ten seconds that service managers give before they kill
}

/** Room for the longest UTF-8 sequence, so that a piece of text always gets on. */
export const messageBytesMin = 4

/** A length is a u32, and a message must fit in one buffer while it arrives. */
export const messageBytesCeiling: number = 128 * KiB * KiB

/** A buffer that has been emptied is kept up to this size, and given back beyond it: most lines are shorter. */
export const heldBytesKept: number = 1 * KiB

assert(lineLimits.messageBytesMax >= messageBytesMin)
assert(lineLimits.messageBytesMax <= messageBytesCeiling)

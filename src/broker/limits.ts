/** What bounds the broker at run time, each with its reason (STYLE 4.20). */
import { assert } from '../base/assert.ts'
import { KiB, MiB } from '../base/bytes.ts'

export type BrokerLimitName =
  | 'bodyBytes'
  | 'bodyBytesMax'
  | 'arrivingBytes'
  | 'arrivalIdleMs'
  | 'batchBytes'
  | 'transientBytes'
  | 'scratchBytes'
  | 'scratchFileBytes'
  | 'scratchSpareBytes'
  | 'scratchWaitingBytes'
  | 'scratchRetryMs'
  | 'markAhead'
  | 'dispatchMessages'
  | 'dispatchBytes'
  | 'queues'
  | 'settleRanges'
  | 'snapshotPieceBytes'
  | 'ttlMsMax'

export type BrokerLimits = Readonly<Record<BrokerLimitName, number>>

const brokerLimits: BrokerLimits = {
  bodyBytes: 256 * KiB, // in one entry of the journal; a larger body comes in fragments of this size
  bodyBytesMax: 128 * MiB, // RabbitMQ's for years (16 MiB since 4.0); a program that consumes has all of it in memory
  arrivingBytes: 512 * MiB, // of large bodies on their way, as announced: four of the largest, 512 of one MiB
  arrivalIdleMs: 120_000, // without a byte of one while others wait: two heartbeats, as who shows no sign of life has
  batchBytes: 1_048_588, // what Kafka's producers are told by default; they cannot split what was refused
  transientBytes: 256 * MiB, // bodies of transient messages in memory; with a directory more go to scratch files
  scratchBytes: 4096 * MiB, // then publishers wait: 30 million small messages, for which queues take 220 MB of memory
  scratchFileBytes: 64 * MiB, // as the journal's; one of all is left for cleaning, so below two nothing spills
  scratchSpareBytes: 512 * MiB, // left free on the disk for the journal: eight of its files
  scratchWaitingBytes: 4 * MiB, // given to the disk and not written; then publishers wait. Sixteen writes of 256 KiB
  scratchRetryMs: 1_000, // until what the disk refused is tried again: as often as the journal asks a full disk
  markAhead: 10_000, // one entry marks so many messages as perhaps delivered, while a backlog is drained
  dispatchMessages: 4_096, // of one queue in one turn: a few milliseconds, then others have theirs
  dispatchBytes: 8 * MiB, // the same for large messages
  queues: 100_000, // each costs about a kilobyte; a client that makes one per message must hit something
  settleRanges: 4_096, // of one entry: 40 KiB, far below what a commit holds
  snapshotPieceBytes: 64 * KiB, // encoded between two turns: a fraction of a millisecond
  ttlMsMax: 315_360_000_000, // ten years, RabbitMQ's: what may wait for longer waits without a limit
}

/** The limits with some replaced; refuses what cannot work together. */
export function checkedBrokerLimits(changes: Partial<BrokerLimits>): BrokerLimits {
  const limits: BrokerLimits = { ...brokerLimits, ...changes }
  for (const [name, value] of Object.entries(limits)) assert(value > 0, 'a limit is above 0', name)
  assert(limits.bodyBytesMax >= limits.bodyBytes, 'what fits one entry is allowed')
  assert(limits.arrivingBytes >= limits.bodyBytesMax, 'the largest body can come')
  return limits
}

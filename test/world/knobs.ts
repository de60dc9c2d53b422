/** What a seed decides beforehand: limits so small that every edge is met, faults, and how the broker dies. */
import type { Random } from '../../src/base/ports.ts'
import { below, pick } from '../../src/base/random.ts'
import type { BrokerLimits } from '../../src/broker/limits.ts'
import type { JournalLimits } from '../../src/journal/limits.ts'
import { tinyLimits } from '../journal/journal-world.ts'

export type Knobs = {
  readonly durability: 'fsync' | 'os'
  readonly limits: Partial<BrokerLimits>
  readonly journalLimits: Partial<JournalLimits>
  /** Of the disk, in milliseconds a call at most. */
  readonly delayMs: number
  /** What it moves. */
  readonly bytesPerSecond: number
  readonly capacityBytes: number
  /** One in so many calls for a scratch file fails, but for the last run of the broker. */
  readonly scratchFailsOneIn: number
  /** Ends of the broker before the last start. */
  readonly ends: readonly End[]
  /** The wall clock jumps before each start. */
  readonly clockJumpMs: number
}

/** How one run of the broker ends. */
export type End = {
  /**
   * `stop` is clean; `stop-held` is one whose clients gave nothing back; `sync-fails` poisons the journal, and the
   * machine loses power then.
   */
  readonly kind: 'kill' | 'power-cut' | 'stop' | 'stop-held' | 'sync-fails'
  /** After so many operations of clients since the start. */
  readonly operations: number
  /** Then after so many calls of the disk. */
  readonly calls: number
  /** It dies once more while it recovers. */
  readonly again: 'again' | 'once'
  /** Of a disk that fails. */
  readonly lasts: 'once' | 'until-healed'
  /** The wall clock jumps by so much in the middle. */
  readonly jumpMs: number
  /** The newest snapshot is damaged before the next start, if there is an older one. */
  readonly snapshot: 'sound' | 'damaged'
}

const MANY = 2 ** 40
const FILE_BYTES = 4_096
/** Files of the tiny journal: it cannot begin on fewer. Worlds without a limit come to 7 at least, 16 at most. */
const SCARCE_FILES = 7
const HOUR_MS = 3_600_000

/** Room for transient messages, in memory and in scratch files: much of neither, and nearly none of one. */
const SPILLING: readonly Pick<BrokerLimits, 'transientBytes' | 'scratchBytes'>[] = [
  { transientBytes: 6_144, scratchBytes: 1 },
  { transientBytes: 8_192, scratchBytes: 3 * FILE_BYTES },
  { transientBytes: 4_096, scratchBytes: 10 * FILE_BYTES },
  { transientBytes: 1, scratchBytes: 10 * FILE_BYTES },
  { transientBytes: 1, scratchBytes: 5 * FILE_BYTES },
]

export function drawKnobs(random: Random): Knobs {
  const durability = below(random, 8) === 0 ? 'os' : 'fsync'
  const isScarce = below(random, 3) === 0
  return {
    durability,
    limits: {
      bodyBytes: pick(random, [100, 250, 600]),
      bodyBytesMax: 1_000,
      arrivingBytes: pick(random, [1_000, 3_000]),
      batchBytes: 1_000,
      ...pick(random, SPILLING),
      scratchFileBytes: pick(random, [FILE_BYTES / 2, FILE_BYTES]),
      scratchSpareBytes: pick(random, [1, 1, 3 * FILE_BYTES]),
      scratchWaitingBytes: pick(random, [1, 2_048]),
      scratchRetryMs: 20,
      markAhead: pick(random, [1, 3, 20]),
      dispatchMessages: pick(random, [1, 3, 50]),
      dispatchBytes: pick(random, [1, 300, 5_000]),
      queues: 40,
      settleRanges: pick(random, [1, 4, 30]),
      snapshotPieceBytes: pick(random, [1, 100, 2_000]),
    },
    journalLimits: {
      ...tinyLimits,
      snapshotAfterBytes: pick(random, [3_000, 8_192]),
      unsyncedBytes: pick(random, [3_000, 16_384]),
      hotBytes: pick(random, [2_048, 4_096]),
      readWindows: pick(random, [1, 4]),
      idleMarkMs: pick(random, [50, 1_000]),
    },
    delayMs: pick(random, [0.5, 0.5, 2, 2, 5, 50]),
    bytesPerSecond: pick(random, [1_000_000_000, 1_000_000_000, 200_000]),
    capacityBytes: isScarce ? (SCARCE_FILES + below(random, 4)) * FILE_BYTES : MANY,
    scratchFailsOneIn: pick(random, [3, 3, 20]),
    ends: drawEnds(random, durability),
    clockJumpMs: pick(random, [0, 0, HOUR_MS, -HOUR_MS]),
  }
}

function drawEnds(random: Random, durability: Knobs['durability']): readonly End[] {
  // What was only given to the system survives a kill, and nothing else.
  const deaths: readonly End['kind'][] =
    durability === 'os'
      ? ['kill']
      : ['kill', 'kill', 'power-cut', 'power-cut', 'power-cut', 'sync-fails']
  const draw = (kind: End['kind']): End => ({
    kind,
    operations: 20 + below(random, 120),
    calls: 1 + below(random, 12),
    again: below(random, 4) === 0 ? 'again' : 'once',
    lasts: pick(random, ['once', 'until-healed']),
    jumpMs: pick(random, [0, 0, 500, HOUR_MS, -HOUR_MS]),
    snapshot: below(random, 3) === 0 ? 'damaged' : 'sound',
  })
  const count = 1 + below(random, 3)
  const ends = Array.from({ length: count }, () =>
    draw(
      below(random, 3) === 0 ? pick(random, ['stop', 'stop', 'stop-held']) : pick(random, deaths),
    ),
  )
  // One crash at least.
  return [...ends, draw(pick(random, deaths))]
}

/**
 * Every size and bound of the journal, with its reason. Tests shrink them so that rolling,
 * recycling and cleaning happen all the time.
 */
import { assert } from '../base/assert.ts'
import { KiB, MiB } from '../base/bytes.ts'
import { ENTRY_HEADER_SIZE, FRAME_HEADER_SIZE, SURVIVOR_HEADER_SIZE } from './format.ts'

export type JournalLimitName =
  | 'sectorBytes'
  | 'fileBytesMin'
  | 'fileBytesMax'
  | 'frameBytes'
  | 'entryBytes'
  | 'commitBytes'
  | 'chunkBytes'
  | 'unsyncedBytes'
  | 'fragmentBytes'
  | 'hotBytes'
  | 'rowStrideBytes'
  | 'commitsInFlight'
  | 'unsyncedCommits'
  | 'readWindowBytes'
  | 'readWindows'
  | 'openFiles'
  | 'recoveryBytes'
  | 'readAheadBytes'
  | 'snapshotBlockBytes'
  | 'snapshotAfterBytes'
  | 'snapshotGrowth'
  | 'snapshotReferenceBytes'
  | 'snapshotSlack'
  | 'snapshotSurplus'
  | 'recycledBytes'
  | 'cleanBelow'
  | 'scatterRunBytes'
  | 'memoryBytes'
  | 'idleMarkMs'
  | 'retries'

export type JournalLimits = Readonly<Record<JournalLimitName, number>>

const journalLimits: JournalLimits = {
  sectorBytes: 4 * KiB, // the unit a disk tears: each header copy has one of its own
  fileBytesMin: 1 * MiB, // a new directory opens in milliseconds and an idle broker stays small
  fileBytesMax: 64 * MiB, // large enough that a roll's extra sync is noise, small enough to fill and clean in a second
  frameBytes: 64 * KiB, // a checksum costs about 100 ns a call plus 8 us per 64 KiB: per frame, never per entry
  entryBytes: 1_040 * KiB, // a batch of 1 MiB, Kafka's usual largest, and its metadata; larger bodies come as fragments
  commitBytes: 8 * MiB, // what another connection's confirm may wait for
  chunkBytes: 2 * MiB, // the unit of commit memory; holds the largest entry
  unsyncedBytes: 32 * MiB, // appended and not yet synced: then appenders wait
  fragmentBytes: 8 * MiB, // the same for pieces of large bodies, so that they never delay others by more than a commit
  hotBytes: 32 * MiB, // commit memory kept for readers after it is on disk
  rowStrideBytes: 16 * KiB, // one index row per so many bytes: 4,096 rows a full file, one short read to find an entry
  commitsInFlight: 2, // one at the disk, one waiting beside it, so that the disk never idles between two
  unsyncedCommits: 60_000, // in mode `os`; the frame header counts them in 16 bits
  readWindowBytes: 256 * KiB, // read-ahead of cold data
  readWindows: 64, // cold data kept: 16 MiB
  openFiles: 64, // file handles kept for cold reads
  recoveryBytes: 16 * MiB, // the memory recovery reads through: two of the largest commits
  readAheadBytes: 4 * MiB, // asked of the disk while what was read before it is replayed
  snapshotBlockBytes: 64 * KiB, // one checksum per block of a snapshot
  snapshotAfterBytes: 512 * MiB, // new journal before the next snapshot, at least
  snapshotGrowth: 4, // and at least so many times the last snapshot's size
  snapshotReferenceBytes: 32, // of state for each reference to a body: a partition's row takes 32, a message 16
  snapshotSlack: 0.25, // of a file: space beside what the state needs, which grows until the next file is taken
  snapshotSurplus: 4, // times what the state needs, beside one file: a space that is larger was a backlog's
  recycledBytes: 512 * MiB, // freed files kept to be written again: what goes between two snapshots, which free them
  cleanBelow: 0.5, // a file is cleaned when less than this share of its bodies lives
  scatterRunBytes: 4 * KiB, // a log whose runs in a file are shorter on average is scattered too finely
  memoryBytes: 1024 * MiB, // the memory engine's: a queue nobody drains must not end the process
  idleMarkMs: 1_000, // without appends for so long, a mark records that the end is the end
  retries: 3, // reads that find their data moved look it up again so often
}

/** The limits with some replaced; refuses what cannot work together. */
export function checkedLimits(changes: Partial<JournalLimits>): JournalLimits {
  const limits: JournalLimits = { ...journalLimits, ...changes }
  const frame = limits.entryBytes + SURVIVOR_HEADER_SIZE + ENTRY_HEADER_SIZE + FRAME_HEADER_SIZE + 8
  assert(limits.chunkBytes >= frame, 'a chunk holds the largest entry')
  assert(limits.chunkBytes >= limits.frameBytes + FRAME_HEADER_SIZE + 8, 'a chunk holds a frame')
  // Files grow to what does not fit, up to the largest.
  assert(limits.fileBytesMax >= 2 * limits.sectorBytes + frame, 'the largest file holds an entry')
  assert(limits.fileBytesMin > 2 * limits.sectorBytes, 'the smallest file has room for entries')
  assert(limits.fileBytesMax >= limits.fileBytesMin, 'files do not shrink')
  assert(limits.fileBytesMax < 2 ** 32, 'positions are 32-bit')
  const window = limits.commitBytes + limits.readAheadBytes + limits.chunkBytes
  assert(limits.recoveryBytes >= window, 'recovery sees whole commits, and reads ahead of them')
  assert(limits.unsyncedCommits < 2 ** 16, 'frames count them in 16 bits')
  return limits
}

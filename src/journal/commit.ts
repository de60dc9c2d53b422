/**
 * A Commit is the unit of writing, syncing and tearing: built by the tail, written by the writer,
 * then settled once.
 */
import type { Chunk } from './chunk-pool.ts'
import type { JournalFile } from './journal-file.ts'

/** `entries` settles tickets, `mark` only records where the end is, `footer` seals its file. */
export type CommitKind = 'entries' | 'mark' | 'footer'

export class Commit {
  readonly kind: CommitKind
  readonly number: number
  readonly file: JournalFile
  readonly position: number
  /** Bytes in the file, all frames and their padding. */
  size = 0
  readonly pieces: Uint8Array[] = []
  /** Chunks that the pieces are part of, released when it settles. */
  readonly chunks: Chunk[] = []
  /** Borrowed memory that is not part of a chunk; goes back when it settles. */
  slab: Uint8Array | null = null
  /** Settles the tickets below this one. */
  endTicket = 0
  sync: 'sync' | 'no-sync' = 'no-sync'

  constructor(kind: CommitKind, number: number, file: JournalFile, position: number) {
    this.kind = kind
    this.number = number
    this.file = file
    this.position = position
  }
}

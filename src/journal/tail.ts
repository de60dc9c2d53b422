/**
 * The Tail builds commits in memory: it gives out tickets, packs entries into frames and frames into
 * commits, and decides which file each commit goes to. It runs ahead of the disk and does no I/O.
 */
import { assert } from '../base/assert.ts'
import { EMPTY } from '../base/bytes.ts'
import { NO_SEED } from './checksum.ts'
import { Chunk, type ChunkPool } from './chunk-pool.ts'
import { Commit, type CommitKind } from './commit.ts'
import { encodeFooter, LOG_ROW_SIZE, ROW_SIZE } from './footer.ts'
import {
  ENTRY_FLAG_BODY,
  ENTRY_FLAG_FRAGMENT,
  ENTRY_FLAG_INDEXED,
  ENTRY_HEADER_SIZE,
  FRAME_ALIGNMENT,
  FRAME_ENTRIES,
  FRAME_FLAG_LAST,
  FRAME_HEADER_SIZE,
  FRAME_MARK,
  FRAME_OPEN,
} from './format.ts'
import { FrameHeader, frameSize, sealFrame } from './frame.ts'
import type { JournalFile } from './journal-file.ts'
import type { JournalLimits } from './limits.ts'
import type { Slabs } from './slabs.ts'

/** Where a recovered journal goes on. */
export type TailStart = {
  readonly file: JournalFile
  readonly nextTicket: number
  readonly nextCommit: number
  readonly shard: number
}

/** Memory of an entry's body. */
export type ClaimedSlot = { bytes: Uint8Array; at: number }

const NO_CHUNK = new Chunk(EMPTY, NO_SEED)

export class Tail {
  readonly #limits: JournalLimits
  readonly #chunks: ChunkPool
  readonly #shard: number
  /** The file that new commits are planned into; sealed ones are behind it. */
  file: JournalFile
  nextTicket: number
  #nextCommit: number
  /** Commits right before the next one that are not known to be synced when it is written. */
  #unsynced = 0
  /** The commit that is sealed next is synced, whatever its entries ask for. */
  #wantsSync = false
  #commit: Commit | null = null
  #chunk: Chunk = NO_CHUNK
  #pieceAt = 0
  /** Offset of the open frame in the chunk, or -1. A commit that is open always has an open frame. */
  #frameAt = -1
  #frameTicket = 0
  #frameIndex = 0
  #rowPosition = 0
  readonly #header = new FrameHeader()

  constructor(chunks: ChunkPool, limits: JournalLimits, start: TailStart) {
    this.#chunks = chunks
    this.#limits = limits
    this.#shard = start.shard
    this.file = start.file
    this.nextTicket = start.nextTicket
    this.#nextCommit = start.nextCommit
  }

  /** Bytes of the commit being built. */
  get openBytes(): number {
    const commit = this.#commit
    return commit === null ? 0 : commit.size + frameSize(this.#frameBytes)
  }

  /** Commits behind the last one that is synced. */
  get unsynced(): number {
    return this.#unsynced
  }

  /** Somebody waits for what is written to be durable. */
  wantSync(): void {
    this.#wantsSync = true
  }

  get #frameBytes(): number {
    return this.#chunk.at - this.#frameAt - FRAME_HEADER_SIZE
  }

  /** At most so many bytes in a file for a group: entries, frames, padding, and what its rows add to the footer. */
  groupBytes(count: number, bodyBytes: number): number {
    const entries = bodyBytes + count * ENTRY_HEADER_SIZE
    const frames = 2 + Math.ceil((2 * entries) / this.#limits.frameBytes)
    return (
      entries + frames * (FRAME_HEADER_SIZE + FRAME_ALIGNMENT + ROW_SIZE) + count * LOG_ROW_SIZE
    )
  }

  /** Whether a group of this many bytes still fits the file, footer and a mark included. */
  fits(groupBytes: number): boolean {
    const mark = FRAME_HEADER_SIZE + ROW_SIZE
    const end = this.file.dataEnd + this.openBytes + groupBytes + mark
    return end + this.file.footerBytes + ROW_SIZE <= this.file.fileBytes
  }

  /** Where the body goes of the entry that was claimed last. */
  readonly slot: ClaimedSlot = { bytes: EMPTY, at: 0 }

  /**
   * Appends one entry to the open commit (opening it), but for its body, which is written to `slot` in this
   * very turn. The caller has made sure that it fits.
   */
  claim(entry: EntryHead, bodySize: number, sync: 'sync' | 'no-sync'): number {
    assert(bodySize <= this.#limits.entryBytes, 'a large body comes in fragments')
    const size = ENTRY_HEADER_SIZE + bodySize
    if (this.#commit === null) this.#openCommit('entries', size)
    else if (this.#frameBytes + size > this.#limits.frameBytes) this.#nextFrame(size)
    else if (this.#chunk.at + size + FRAME_ALIGNMENT > this.#chunk.bytes.length)
      this.#nextFrame(size)
    const ticket = this.nextTicket++
    const chunk = this.#chunk
    const at = chunk.at
    const view = chunk.view
    view.setUint32(at, bodySize, true)
    view.setUint8(at + 4, entry.kind)
    view.setUint8(at + 5, entry.flags)
    view.setUint16(at + 6, Math.floor(entry.number / 0x1_0000_0000), true)
    view.setUint32(at + 8, entry.log, true)
    view.setUint32(at + 12, entry.number >>> 0, true)
    this.slot.bytes = chunk.bytes
    this.slot.at = at + ENTRY_HEADER_SIZE
    chunk.at = at + size
    chunk.endTicket = ticket + 1
    if (sync === 'sync') this.#commit!.sync = 'sync'
    this.#count(entry, ticket, bodySize)
    return ticket
  }

  #count(entry: EntryHead, ticket: number, size: number): void {
    const file = this.file
    file.endTicket = ticket + 1
    if (entry.flags === 0) return
    if ((entry.flags & ENTRY_FLAG_BODY) !== 0) {
      file.addBody(size)
      // A fragment is dead until an entry that refers to it retains it.
      if ((entry.flags & ENTRY_FLAG_FRAGMENT) === 0) file.live++
    }
    if ((entry.flags & ENTRY_FLAG_INDEXED) !== 0) {
      file.addIndexed({ log: entry.log, number: entry.number, ticket, size })
    }
  }

  /** Ends the open commit and hands it over; null when there is none. */
  seal(): Commit | null {
    const commit = this.#commit
    if (commit === null) return null
    this.#closeFrame(FRAME_ENTRIES, FRAME_FLAG_LAST)
    return this.#endCommit(commit)
  }

  /** A commit without entries, which proves by being there that everything before it was durable. */
  mark(): Commit {
    assert(this.#commit === null, 'a mark goes behind the last commit')
    const commit = this.#openCommit('mark', 0)
    commit.sync = 'sync'
    this.#closeFrame(FRAME_MARK, FRAME_FLAG_LAST)
    return this.#endCommit(commit)
  }

  /** Seals the file: its footer names `next`, which is where commits go from now on. */
  roll(next: JournalFile, slabs: Slabs): Commit {
    assert(this.#commit === null, 'a file is sealed between two commits')
    const file = this.file
    const footer = slabs.borrow(file.footerBytes)
    encodeFooter(footer, file.index!, file.trailer(next))
    file.sealed = true
    const commit = new Commit('footer', file.lastCommit, file, file.fileBytes - footer.length)
    commit.pieces.push(footer)
    commit.slab = footer
    commit.size = footer.length
    commit.endTicket = this.nextTicket
    commit.sync = 'sync'
    this.#unsynced = 0
    next.firstTicket = this.nextTicket
    next.endTicket = this.nextTicket
    next.firstCommit = this.#nextCommit
    next.lastCommit = this.#nextCommit - 1
    this.file = next
    this.#rowPosition = 0
    return commit
  }

  #openCommit(kind: CommitKind, size: number): Commit {
    const commit = new Commit(kind, this.#nextCommit, this.file, this.file.dataEnd)
    this.#commit = commit
    this.#frameIndex = 0
    this.#pieceAt = this.#chunk.at
    this.#openFrame(size)
    if (commit.chunks.length === 0) this.#holdChunk(commit)
    return commit
  }

  #holdChunk(commit: Commit): void {
    this.#chunk.commits++
    commit.chunks.push(this.#chunk)
  }

  /** Starts a frame whose first entry has `size` bytes, in a new chunk if this one is too full. */
  #openFrame(size: number): void {
    const commit = this.#commit!
    const need = FRAME_HEADER_SIZE + size + FRAME_ALIGNMENT
    if (this.#chunk.at + need > this.#chunk.bytes.length) {
      this.#endPiece(commit)
      this.#chunk = this.#chunks.take()
      this.#pieceAt = 0
      this.#holdChunk(commit)
    }
    const chunk = this.#chunk
    this.#frameAt = chunk.at
    this.#frameTicket = this.nextTicket
    chunk.rows.push(this.nextTicket, chunk.at, 0)
    chunk.view.setUint32(chunk.at + 4, FRAME_OPEN, true)
    const position = commit.position + commit.size
    if (this.#rowPosition === 0 || position - this.#rowPosition >= this.#limits.rowStrideBytes) {
      this.#rowPosition = position
      this.file.index!.rows.push(this.nextTicket, position, 0)
    }
    chunk.at += FRAME_HEADER_SIZE
  }

  #nextFrame(size: number): void {
    this.#closeFrame(FRAME_ENTRIES, 0)
    this.#openFrame(size)
  }

  #closeFrame(kind: number, flags: number): void {
    const commit = this.#commit!
    const chunk = this.#chunk
    const header = this.#header
    header.size = this.#frameBytes
    header.generation = commit.file.generation
    header.shard = this.#shard
    header.kind = kind
    header.flags = flags
    header.commit = commit.number
    header.index = this.#frameIndex++
    header.ticket = this.#frameTicket
    header.unsynced = this.#unsynced
    header.count = this.nextTicket - this.#frameTicket
    sealFrame(chunk, this.#frameAt, header)
    const size = frameSize(header.size)
    chunk.at = this.#frameAt + size
    commit.size += size
    this.#frameAt = -1
  }

  #endPiece(commit: Commit): void {
    if (this.#chunk.at === this.#pieceAt) return
    commit.pieces.push(this.#chunk.bytes.subarray(this.#pieceAt, this.#chunk.at))
  }

  #endCommit(commit: Commit): Commit {
    this.#endPiece(commit)
    commit.endTicket = this.nextTicket
    this.#commit = null
    this.#nextCommit = commit.number + 1
    if (this.#wantsSync || this.#unsynced >= this.#limits.unsyncedCommits) commit.sync = 'sync'
    if (commit.sync === 'sync') this.#wantsSync = false
    this.#unsynced = commit.sync === 'sync' ? 0 : this.#unsynced + 1
    this.file.lastCommit = commit.number
    this.file.dataEnd += commit.size
    return commit
  }
}

/** What an entry says beside its body. */
export interface EntryHead {
  readonly kind: number
  readonly flags: number
  readonly log: number
  readonly number: number
}

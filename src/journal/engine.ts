/**
 * The two ports of a journal, and what an engine is. `Log` takes decisions in order and says when they
 * are settled; `Store` gives bodies back while somebody refers to them. The file engine serves both with
 * one write; on a replicated engine the log will be remote and the store local, fed from its tail.
 */
import type { EntryView } from './entry-cursor.ts'
import type { JournalStopped } from './errors.ts'
import type { RecoveryReport } from './recovery.ts'
import type { Purpose } from './spare-files.ts'
import type { ClaimedSlot, EntryHead } from './tail.ts'
import type { Durability, Reservation } from './writer.ts'

export interface Log {
  /** The ticket the next entry will get: dense, from 1, never a position. */
  readonly nextTicket: number
  /** Every ticket up to here is settled: durable in the sense its writer asked for. */
  readonly settledThrough: number
  /** How often this log has been opened for writing; fences off whoever had it before. */
  readonly epoch: number
  /**
   * Asks for room for `count` entries with `bodyBytes` of bodies. After `ok` exactly these may be written,
   * in the same turn, and cannot fail; they are one atomic group.
   */
  reserve(count: number, bodyBytes: number, purpose: Purpose): Reservation
  /**
   * Appends one entry of the group. `durability` is this entry's, where it is not the journal's own: with `os` it may
   * be settled before its sync; with `fsync` it, its commit and all before it are synced first, whatever the mode. In
   * memory there is nothing to sync.
   */
  write(head: EntryHead, body: Uint8Array, durability?: Durability): number
  /** The same for a body that the caller writes to `slot` itself, whole and in this turn. */
  claim(head: EntryHead, bodySize: number, durability?: Durability): number
  /** Where the body goes that was claimed last; valid until the next entry or turn. */
  readonly slot: ClaimedSlot
  /** The disk had no space when it was asked last. */
  readonly isFull: boolean
  /** Resolves when a reservation that was refused with `wait` or `full` is worth another try. */
  room(): Promise<void>
  /** Resolves once the ticket is settled. One promise a call: for single callers, not for hot paths. */
  settled(ticket: number): Promise<void>
}

export interface Store {
  /** The entry if it is in memory, else null. The view is valid until the next call or turn. */
  peek(ticket: number): EntryView | null
  /** Brings it into memory, so that `peek` in the same turn answers it. */
  load(ticket: number): Promise<void>
  /** A copy of the body. */
  read(ticket: number): Promise<Uint8Array>
  /** A body is born with one reference (a fragment with none); the owner of the state keeps count. */
  retain(ticket: number, count: number): void
  release(ticket: number, count: number): void
  /** Keeps a body in its place, whoever refers to it: one that arrives, or is read. Gone after a restart. */
  hold(ticket: number): void
  unhold(ticket: number): void
  /** All references, of every body: what a full mark of the owner's state must come to. */
  readonly references: number
}

/** A snapshot being written: the state as it was when it began. */
export interface Snapshot {
  readonly ticket: number
  write(bytes: Uint8Array): Promise<void>
  /** Resolves when it counts. Rejects, with nothing changed, when the disk has no space for it. */
  finish(): Promise<void>
  abandon(): Promise<void>
}

/** What the engine tells its owner while it runs. */
export interface EngineEvents {
  /** One call a commit: every ticket up to `through` is settled. */
  settled(through: number): void
  /** Nothing will be settled any more; the process has to stop. */
  stopped(error: JournalStopped): void
}

export interface Engine extends AsyncDisposable {
  readonly log: Log
  readonly store: Store
  readonly report: RecoveryReport
  /** Enough was written since the last snapshot, or space is needed that only one can free. */
  readonly snapshotDue: boolean
  /** Begins a snapshot of the state as it is right now; one at a time. Throws JournalStopped when it stopped. */
  snapshot(): Snapshot
  /** Recycles files in which nothing lives and cleans those in which little does. */
  tidy(): Promise<void>
  /** Settles everything, proves the end, lets go of the directory. Idempotent. */
  close(): Promise<void>
}

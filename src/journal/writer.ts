/**
 * The Writer takes appends, hands commits to the disk one behind the other, and settles their tickets:
 * it alone knows what is durable. A failed disk call stops it for good.
 *
 *   reserve, write --> open commit --seal--> sealed --issue--> at the disk --> settled (one call)
 *                      (the tail)            (queue)           (commitsInFlight)
 */
import { assert } from '../base/assert.ts'
import type { Scheduler, Timer } from '../base/ports.ts'
import { Ring } from '../base/ring.ts'
import type { Commit } from './commit.ts'
import { JournalStopped } from './errors.ts'
import type { FileTable } from './file-table.ts'
import { ENTRY_FLAG_BODY } from './format.ts'
import type { JournalFile } from './journal-file.ts'
import type { JournalLimits } from './limits.ts'
import type { Slabs } from './slabs.ts'
import type { Purpose, SpareFiles } from './spare-files.ts'
import type { EntryHead, Tail } from './tail.ts'

/** Whether a group may be written now. `wait`: ask `room`; `full`: no space on the disk; the rest is for good. */
export type Reservation = 'ok' | 'wait' | 'full' | 'too-large' | 'stopped'

/** `fsync`: settled means synced. `os`: settled means given to the operating system. */
export type Durability = 'fsync' | 'os'

export type WriterContext = {
  readonly slabs: Slabs
  readonly scheduler: Scheduler
  readonly limits: JournalLimits
  readonly table: FileTable
  readonly spares: SpareFiles
  readonly tail: Tail
  /** One call for each commit: every ticket up to `through` is settled. */
  readonly settled: (through: number) => void
  readonly stopped: (error: JournalStopped) => void
  /** The file is whole: nothing will be written to it any more. */
  readonly sealed: (file: JournalFile) => void
}

export class Writer {
  readonly #context: WriterContext
  readonly #sealed = new Ring<Commit>()
  readonly #atDisk = new Ring<Commit>()
  /** Every ticket up to here is settled. Moved by #settle only. Invariant: below tail.nextTicket. */
  #settledThrough: number
  /**
   * Every ticket up to here survives a power cut, whatever its writer asked for. Invariant: not
   * above #settledThrough.
   */
  #durableThrough: number
  /** Bytes sealed and not settled; with the tail's open bytes, what a crash would lose. */
  #unsettledBytes = 0
  #flushPlanned = false
  #reserved = 0
  /** What the group is for that was reserved last. */
  #purpose: Purpose = 'publish'
  #stopped: JournalStopped | null = null
  #closing = false
  #waiting: (() => void)[] = []
  #idle: Timer | null = null
  /** Nothing was written since the last mark, so the end is already proven. */
  #marked: boolean
  /** Bytes of entries and frames written since the journal was opened. */
  writtenBytes = 0

  constructor(context: WriterContext, end: 'marked' | 'unmarked') {
    this.#context = context
    this.#settledThrough = context.tail.nextTicket - 1
    this.#durableThrough = this.#settledThrough
    this.#marked = end === 'marked'
    this.#planMark()
  }

  /** The file of the oldest commit that is not settled; replay would have to start there. */
  get oldestFile(): JournalFile {
    return this.#atDisk.peek()?.file ?? this.#sealed.peek()?.file ?? this.#context.tail.file
  }

  get settledThrough(): number {
    return this.#settledThrough
  }

  get stoppedBy(): JournalStopped | null {
    return this.#stopped
  }

  /** Whether commits are on their way; false means that everything appended is settled. */
  get busy(): boolean {
    return this.#unsettledBytes > 0 || this.#context.tail.openBytes > 0
  }

  /**
   * Asks for space for `count` entries with `bodyBytes` of bodies, which become one atomic group when they
   * are written before anything else happens. After `ok` writing them cannot fail.
   */
  reserve(count: number, bodyBytes: number, purpose: Purpose): Reservation {
    if (this.#stopped !== null || this.#closing) return 'stopped'
    assert(this.#reserved === 0, 'the group before was not written whole')
    const { limits, spares, tail } = this.#context
    const group = tail.groupBytes(count, bodyBytes)
    if (group > Math.min(limits.commitBytes, largestGroup(limits))) return 'too-large'
    const backlog = this.#unsettledBytes + tail.openBytes
    if (backlog > backlogMax(limits, purpose)) return 'wait'
    if (spares.atReserve && isPublishers(purpose)) return 'full'
    // While no file can be made, the end of the last one is for the entry that lets others go.
    const kept = purpose === 'clean' || !spares.full ? 0 : tail.groupBytes(1, TABLE_ENTRY_BYTES)
    if (!tail.fits(group + kept)) {
      const refusal = this.#roll(purpose, group)
      if (refusal !== 'ok') return refusal
    } else if (tail.openBytes + group > limits.commitBytes) this.#seal()
    this.#reserved = count
    this.#purpose = purpose
    return 'ok'
  }

  /** Appends one entry of the reserved group, its body to be written to the slot; answers its ticket. */
  claim(head: EntryHead, bodySize: number, durability: Durability): number {
    assert(this.#reserved > 0, 'written without a reservation')
    this.#reserved--
    if (this.#purpose === 'publish' && (head.flags & ENTRY_FLAG_BODY) === 0) {
      this.#context.spares.space.grew(bodySize)
    }
    const sync = durability === 'fsync' ? 'sync' : 'no-sync'
    const ticket = this.#context.tail.claim(head, bodySize, sync)
    if (!this.#flushPlanned && this.#atDisk.size < this.#context.limits.commitsInFlight) {
      this.#flushPlanned = true
      this.#context.scheduler.soon(this.#flush)
    }
    return ticket
  }

  /** Resolves when a reservation that was told to wait is worth another try, or the writer stopped. */
  room(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
    })
  }

  /** Resolves once the ticket is synced, though it may have asked for less; rejects when the journal stopped. */
  async durable(ticket: number): Promise<void> {
    while (this.#durableThrough < ticket) {
      if (this.#stopped !== null) throw this.#stopped
      this.#context.tail.wantSync()
      if (!this.busy) this.#mark()
      await this.room()
    }
  }

  /** Called when something outside changed what `reserve` answers. */
  readonly wake = (): void => {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }

  /** Settles everything, proves the end with a mark, and takes no more. */
  async close(): Promise<void> {
    this.#closing = true
    this.#idle?.cancel()
    while (this.#stopped === null && this.busy) {
      this.#pump()
      await this.room()
    }
    if (this.#stopped === null && !this.#marked) {
      this.#mark()
      while (this.#stopped === null && this.busy) await this.room()
    }
    this.wake()
  }

  /** Stops for good: nothing is settled any more, whoever waits is told. */
  readonly stop = (cause: unknown): void => {
    if (this.#stopped !== null) return
    this.#stopped = new JournalStopped(cause)
    this.#idle?.cancel()
    this.#context.stopped(this.#stopped)
    this.wake()
  }

  readonly #flush = (): void => {
    this.#flushPlanned = false
    this.#pump()
  }

  #seal(): void {
    const commit = this.#context.tail.seal()
    if (commit !== null) this.#enqueue(commit)
  }

  #enqueue(commit: Commit): void {
    this.#unsettledBytes += commit.size
    commit.file.busy++
    this.#sealed.push(commit)
  }

  #roll(purpose: Purpose, group: number): Reservation {
    const { slabs, spares, table, tail } = this.#context
    const next = spares.take(purpose, group)
    if (next === 'wait' || next === 'full') return next
    this.#seal()
    // A footer that survives a crash says that all above it did: so it does, before the footer is written.
    if (tail.unsynced > 0) this.#enqueue(tail.mark())
    this.#enqueue(tail.roll(next, slabs))
    table.add(next)
    return 'ok'
  }

  #mark(): void {
    this.#marked = true
    this.#enqueue(this.#context.tail.mark())
    this.#pump()
  }

  #pump(): void {
    const { limits, tail } = this.#context
    while (this.#stopped === null && this.#atDisk.size < limits.commitsInFlight) {
      // Behind a commit at the disk only a full frame is worth a commit of its own.
      const early = this.#atDisk.size === 0 || tail.openBytes >= limits.frameBytes
      if (this.#sealed.size === 0 && early) this.#seal()
      const commit = this.#sealed.peek()
      if (commit === undefined) return
      // Behind a commit that fails the disk writes nothing of the same file; of the next one it would.
      const before = this.#atDisk.peek()
      if (before !== undefined && before.file !== commit.file) return
      this.#sealed.shift()
      this.#issue(commit)
    }
  }

  #issue(commit: Commit): void {
    const handle = commit.file.handle
    assert(handle !== null, 'a file that is written has a handle')
    this.#atDisk.push(commit)
    if (commit.kind === 'entries') this.#marked = false
    handle.commit(commit.pieces, commit.position, commit.sync).then(
      () => {
        this.#settle(commit)
      },
      (error: unknown) => this.stop(error),
    )
  }

  #settle(commit: Commit): void {
    if (this.#stopped !== null) return
    assert(this.#atDisk.shift() === commit, 'commits settle in order')
    this.#unsettledBytes -= commit.size
    this.writtenBytes += commit.size
    commit.file.busy--
    if (commit.kind === 'footer') this.#context.sealed(commit.file)
    for (const chunk of commit.chunks) chunk.commits--
    if (commit.slab !== null) this.#context.slabs.giveBack(commit.slab)
    // Sync before this, never after: whoever sees the ack may delete its only copy.
    const through = commit.endTicket - 1
    const news = through > this.#settledThrough
    this.#settledThrough = through
    if (commit.sync === 'sync') this.#durableThrough = through
    this.#pump()
    if (news) this.#context.settled(through)
    this.wake()
    this.#planMark()
  }

  #planMark(): void {
    if (this.#idle !== null || this.#marked || this.#closing) return
    const written = this.writtenBytes
    this.#idle = this.#context.scheduler.after(this.#context.limits.idleMarkMs, () => {
      this.#idle = null
      if (this.#stopped !== null || this.#closing || this.#marked) return
      if (this.writtenBytes === written && !this.busy) this.#mark()
      else this.#planMark()
    })
  }
}

/** The largest group that fits a file of the largest size, its footer and a mark beside it. */
function largestGroup(limits: JournalLimits): number {
  return limits.fileBytesMax - 2 * limits.sectorBytes - FILE_OVERHEAD_BYTES
}

function isPublishers(purpose: Purpose): boolean {
  return purpose === 'publish' || purpose === 'fragment'
}

/** The largest of the journal's own entries: a cleaning of as many files as one may have. */
const TABLE_ENTRY_BYTES = 256

const FILE_OVERHEAD_BYTES = 256 // a footer with a few rows and a mark

function backlogMax(limits: JournalLimits, purpose: Purpose): number {
  if (purpose === 'fragment') return limits.fragmentBytes
  // What frees space may pass publishers that wait, but is bounded all the same.
  return purpose === 'publish' ? limits.unsyncedBytes : 2 * limits.unsyncedBytes
}

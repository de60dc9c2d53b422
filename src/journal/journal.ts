/**
 * The file engine: a journal in a directory. It puts the parts together (directory, recovery, tail,
 * writer, reader, spare files, snapshots, cleaner) and owns them; the work is theirs.
 */
import { assert } from '../base/assert.ts'
import type { Disk, DiskLock, Random, Scheduler } from '../base/ports.ts'
import { Ring } from '../base/ring.ts'
import { seedOf } from './checksum.ts'
import { ChunkPool } from './chunk-pool.ts'
import { type Directory, openDirectory } from './directory.ts'
import type { Engine, EngineEvents, Log, Snapshot, Store } from './engine.ts'
import type { EntryView } from './entry-cursor.ts'
import { JournalError, type JournalStopped, lockingError, openingError } from './errors.ts'
import { FileTable, rowOf } from './file-table.ts'
import { ENTRY_KIND_JOURNAL } from './format.ts'
import { Handles } from './handles.ts'
import { Housekeeper } from './housekeeper.ts'
import { encodeJournalEntry, type JournalEntry } from './journal-entry.ts'
import { applyToTable } from './journal-entry-apply.ts'
import { checkedLimits, type JournalLimits } from './limits.ts'
import { Reader } from './reader.ts'
import { type JournalOwner, type Recovered, Recovery, type RecoveryReport } from './recovery.ts'
import { RunningSnapshot } from './running-snapshot.ts'
import { Slabs } from './slabs.ts'
import type { SnapshotHead } from './snapshot-format.ts'
import { Snapshots } from './snapshots.ts'
import { type Purpose, SpareFiles } from './spare-files.ts'
import { type ClaimedSlot, type EntryHead, Tail } from './tail.ts'
import { type Durability, type Reservation, Writer } from './writer.ts'

export type JournalOptions = {
  readonly disk: Disk
  readonly scheduler: Scheduler
  readonly random: Random
  readonly directory: string
  readonly durability: Durability
  readonly limits: Partial<JournalLimits>
  readonly events: EngineEvents
}

/** The owner of the state is made by a function of the store, because replaying entries retains and releases. */
export type OwnerOf = (store: Store) => JournalOwner

const EPOCH_HEAD: EntryHead = { kind: ENTRY_KIND_JOURNAL, flags: 0, log: 0, number: 0 }

/** Opens the journal of a directory, making it first if need be. Rejects with a JournalError that says what to do. */
export async function openJournal(options: JournalOptions, ownerOf: OwnerOf): Promise<Journal> {
  const { disk, directory: path } = options
  const lock = await takeLock(disk, path)
  let journal: Journal | null = null
  try {
    const asked = checkedLimits(options.limits)
    const directory = await openDirectory({ disk, path, random: options.random, limits: asked })
    const limits = { ...asked, sectorBytes: directory.sectorBytes }
    journal = new Journal(options, directory, limits, lock)
    await journal.recover(ownerOf)
    return journal
  } catch (error) {
    await journal?.letGo()
    await lock.release()
    throw openingError(error, path)
  }
}

/** Makes the directory first, if it is not there. */
async function takeLock(disk: Disk, path: string): Promise<DiskLock> {
  try {
    await disk.makeDirectory(path)
    return await disk.lock(disk.join(path, 'lock'))
  } catch (error) {
    throw lockingError(error, path)
  }
}

type Waiter = { readonly ticket: number; resolve(): void; reject(error: JournalError): void }

export class Journal implements Engine {
  readonly #options: JournalOptions
  readonly #directory: Directory
  readonly #limits: JournalLimits
  readonly #lock: DiskLock
  readonly #table = new FileTable()
  readonly #handles: Handles
  readonly #chunks: ChunkPool
  readonly #reader: Reader
  readonly #spares: SpareFiles
  readonly #slabs: Slabs
  /** These four exist once recovery is done. */
  #tail!: Tail
  #writer!: Writer
  #snapshots!: Snapshots
  #housekeeper!: Housekeeper
  #report!: RecoveryReport
  #epoch = 0
  #epochWritten = false
  /** writer.writtenBytes at the last snapshot, less what recovery had to replay. */
  #snapshotAt = 0
  #snapshotting: RunningSnapshot | null = null
  readonly #waiters = new Ring<Waiter>()
  #closed: Promise<void> | null = null
  readonly log: Log
  readonly store: Store

  constructor(
    options: JournalOptions,
    directory: Directory,
    limits: JournalLimits,
    lock: DiskLock,
  ) {
    this.#options = options
    this.#directory = directory
    this.#limits = limits
    this.#lock = lock
    const { disk, scheduler } = options
    const seed = seedOf(directory.identity)
    this.#slabs = new Slabs(disk)
    this.#handles = new Handles(disk, limits.openFiles)
    this.#chunks = new ChunkPool(disk, limits, seed)
    const { identity, path } = directory
    const [table, chunks, handles] = [this.#table, this.#chunks, this.#handles]
    this.#reader = new Reader({ table, chunks, handles, limits, seed })
    this.#spares = new SpareFiles({
      disk,
      slabs: this.#slabs,
      scheduler,
      directory: path,
      identity,
      limits,
      table,
      changed: () => this.#writer.wake(),
      failed: (error) => this.#writer.stop(error),
    })
    this.log = this.#makeLog()
    this.store = this.#makeStore()
  }

  get report(): RecoveryReport {
    return this.#report
  }

  /** Why nothing is settled any more, or null. */
  get stoppedBy(): JournalStopped | null {
    return this.#writer.stoppedBy
  }

  /** Called once, by openJournal. */
  async recover(ownerOf: OwnerOf): Promise<void> {
    const { disk, scheduler } = this.#options
    const [directory, limits, table] = [this.#directory, this.#limits, this.#table]
    const owner = ownerOf(this.store)
    const apply = (entry: JournalEntry): void => this.#replayOwn(entry)
    const memory = disk.allocate(limits.recoveryBytes)
    const context = { disk, limits, directory, table, owner, apply, memory }
    const recovered = await new Recovery(context).run()
    this.#chunks.adopt(memory)
    this.#report = recovered.report
    this.#epoch = 1 + Math.max(this.#epoch, recovered.snapshots[0]?.head.epoch ?? 0)
    const { last, next } = recovered
    const start = { file: last, nextTicket: next.ticket, nextCommit: next.commit, shard: 0 }
    const tail = new Tail(this.#chunks, limits, start)
    this.#tail = tail
    this.#writer = new Writer(
      {
        slabs: this.#slabs,
        scheduler,
        limits,
        table,
        spares: this.#spares,
        tail,
        settled: (through) => this.#onSettled(through),
        stopped: (error) => this.#onStopped(error),
        sealed: (file) => this.#handles.adopt(file),
      },
      recovered.marked ? 'marked' : 'unmarked',
    )
    this.#snapshotAt = -recovered.replayedBytes
    this.#snapshots = new Snapshots(this.#spares.space, recovered.snapshots)
    await this.#snapshots.removeOthers(directory.snapshots)
    this.#housekeeper = new Housekeeper({
      slabs: this.#slabs,
      scheduler,
      limits,
      table,
      handles: this.#handles,
      reader: this.#reader,
      spares: this.#spares,
      snapshots: this.#snapshots,
      owner,
      seed: seedOf(directory.identity),
      append: (entry) => this.#appendOwn(entry),
      settled: (ticket) => this.#settled(ticket),
      failed: (error) => this.#writer.stop(error),
    })
    await this.#giveSpares(recovered)
  }

  get snapshotDue(): boolean {
    if (this.#snapshotting !== null) return false
    // What was on its way to the disk when the newest began is in it; another would be the same.
    if (this.#tail.nextTicket - 1 === this.#snapshots.newestTicket) return false
    const { snapshotAfterBytes, snapshotGrowth } = this.#limits
    const written = this.#writer.writtenBytes - this.#snapshotAt
    const enough = Math.max(snapshotAfterBytes, snapshotGrowth * this.#snapshots.newestBytes)
    if (written >= enough) return true
    return this.#spares.full && written > 0 && this.#housekeeper.wouldFree()
  }

  snapshot(): Snapshot {
    const writer = this.#writer
    // The one whose name may not be durable has not ended, and the next would write over the name that it gave up.
    if (writer.stoppedBy !== null) throw writer.stoppedBy
    assert(this.#snapshotting === null, 'one snapshot at a time')
    const writtenBytes = writer.writtenBytes
    const running = new RunningSnapshot(this.#snapshots, this.#snapshotHead(), {
      durable: (ticket) => writer.durable(ticket),
      stop: writer.stop,
      ended: (outcome) => {
        this.#snapshotting = null
        if (outcome !== 'kept') return
        this.#snapshotAt = writtenBytes
        this.#housekeeper.snapshotKept()
      },
    })
    this.#snapshotting = running
    return running
  }

  tidy(): Promise<void> {
    return this.#housekeeper.tidy()
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #close(): Promise<void> {
    await this.#snapshotting?.abandon()
    await this.#housekeeper.close()
    await this.#writer.close()
    await this.letGo()
    this.#rejectWaiters(new JournalError('JOURNAL_STOPPED', 'the journal was closed'))
    await this.#lock.release()
  }

  /** Closes every file; called by whoever ends it, or could not open it whole. */
  async letGo(): Promise<void> {
    await this.#spares.close()
    await this.#handles.close()
    for (const file of this.#table.files) {
      await file.handle?.close()
      file.handle = null
    }
  }

  /** The journal's own part of a snapshot: the table as it is at the last ticket given out. */
  #snapshotHead(): SnapshotHead {
    const oldest = this.#writer.oldestFile
    return {
      identity: this.#directory.identity,
      ticket: this.#tail.nextTicket - 1,
      epoch: this.#epochWritten ? this.#epoch : this.#epoch - 1,
      nextGeneration: this.#spares.nextGeneration,
      startGeneration: oldest.generation,
      startCommit: oldest.firstCommit,
      rows: this.#table.files.map(rowOf),
    }
  }

  async #giveSpares(recovered: Recovered): Promise<void> {
    const spares = this.#spares
    spares.know(recovered.last.slot, recovered.generationFloor - 1, 0)
    for (const found of this.#directory.files) {
      spares.know(found.slot, found.header?.generation ?? 0, found.copy)
    }
    for (const { slot, path, fileBytes, header, copy } of recovered.unused) {
      const whole = header !== null && header.fileBytes === fileBytes
      // Without a valid header nobody knows which generations its old frames carry.
      if (!whole) await spares.discard(slot, path)
      else spares.give({ slot, path, fileBytes, copy: copy === 0 ? 1 : 0, file: null })
    }
    spares.start()
  }

  #replayOwn(entry: JournalEntry): void {
    if (entry.kind === 'epoch') this.#epoch = entry.epoch
    else applyToTable(this.#table, entry, { directory: this.#directory, disk: this.#options.disk })
  }

  /** Appends one of the journal's own entries; its ticket, or null when there is no room for it now. */
  #appendOwn(entry: JournalEntry): number | null {
    const body = encodeJournalEntry(entry)
    if (this.log.reserve(1, body.length, 'clean') !== 'ok') return null
    return this.#write(EPOCH_HEAD, body, 'fsync')
  }

  /** The first append of a run is preceded by its epoch, in the same commit. */
  #reserve(count: number, bodyBytes: number, purpose: Purpose): Reservation {
    if (!this.#epochWritten) {
      const body = encodeJournalEntry({ kind: 'epoch', epoch: this.#epoch })
      const reserved = this.#writer.reserve(1, body.length, purpose)
      if (reserved !== 'ok') return reserved
      this.#epochWritten = true
      this.#write(EPOCH_HEAD, body, this.#options.durability)
    }
    return this.#writer.reserve(count, bodyBytes, purpose)
  }

  #write(head: EntryHead, body: Uint8Array, durability: Durability): number {
    const ticket = this.#writer.claim(head, body.length, durability)
    const { slot } = this.#tail
    slot.bytes.set(body, slot.at)
    return ticket
  }

  #makeLog(): Log {
    const journal = this
    const durable = this.#options.durability
    return {
      get nextTicket(): number {
        return journal.#tail.nextTicket
      },
      get settledThrough(): number {
        return journal.#writer.settledThrough
      },
      get epoch(): number {
        return journal.#epoch
      },
      reserve: (count, bodyBytes, purpose) => this.#reserve(count, bodyBytes, purpose),
      write: (head, body, durability = durable) => this.#write(head, body, durability),
      claim: (head, size, durability = durable) => this.#writer.claim(head, size, durability),
      get slot(): ClaimedSlot {
        return journal.#tail.slot
      },
      get isFull(): boolean {
        return journal.#spares.full
      },
      room: () => this.#writer.room(),
      settled: (ticket) => this.#settled(ticket),
    }
  }

  #makeStore(): Store {
    const [table, reader] = [this.#table, this.#reader]
    return {
      peek: (ticket): EntryView | null => reader.peek(ticket),
      load: (ticket) => reader.load(ticket),
      read: (ticket) => reader.read(ticket),
      retain: (ticket, count) => table.retain(ticket, count),
      release: (ticket, count) => {
        if (table.release(ticket, count) === 0) this.#housekeeper?.consider()
      },
      hold: (ticket) => void table.hold(ticket, 1),
      unhold: (ticket) => {
        if (table.hold(ticket, -1) === 0) this.#housekeeper?.consider()
      },
      get references(): number {
        return table.references
      },
    }
  }

  #settled(ticket: number): Promise<void> {
    const writer = this.#writer
    if (ticket <= writer.settledThrough) return Promise.resolve()
    if (writer.stoppedBy !== null) return Promise.reject(writer.stoppedBy)
    return new Promise((resolve, reject) => {
      this.#waiters.push({ ticket, resolve, reject })
    })
  }

  #onSettled(through: number): void {
    for (;;) {
      const waiter = this.#waiters.peek()
      if (waiter === undefined || waiter.ticket > through) break
      this.#waiters.shift()
      waiter.resolve()
    }
    this.#options.events.settled(through)
  }

  #onStopped(error: JournalStopped): void {
    this.#rejectWaiters(error)
    this.#options.events.stopped(error)
  }

  #rejectWaiters(error: JournalError): void {
    for (let waiter = this.#waiters.shift(); waiter !== undefined; waiter = this.#waiters.shift()) {
      waiter.reject(error)
    }
  }
}

/**
 * The memory engine: the same journal without a file. Settled means taken, a restart begins with
 * nothing, and only bodies that somebody refers to are kept.
 */
import { assert } from '../base/assert.ts'
import { EMPTY } from '../base/bytes.ts'
import type { Scheduler } from '../base/ports.ts'
import type { Engine, EngineEvents, Log, Snapshot, Store } from './engine.ts'
import { bodyOf, EntryCursor, type EntryView } from './entry-cursor.ts'
import { JournalError } from './errors.ts'
import { ENTRY_FLAG_BODY, ENTRY_FLAG_FRAGMENT, ENTRY_HEADER_SIZE } from './format.ts'
import type { OwnerOf } from './journal.ts'
import { checkedLimits, type JournalLimits } from './limits.ts'
import { MemoryChunk } from './memory-chunk.ts'
import type { JournalOwner, RecoveryReport } from './recovery.ts'
import type { Purpose } from './spare-files.ts'
import type { ClaimedSlot, EntryHead } from './tail.ts'
import type { Reservation } from './writer.ts'

export type MemoryOptions = {
  readonly scheduler: Scheduler
  readonly limits: Partial<JournalLimits>
  readonly events: EngineEvents
}

const NOTHING_RECOVERED: RecoveryReport = {
  created: true,
  snapshotTicket: 0,
  damagedSnapshots: [],
  entries: 0,
  cut: null,
}

export class MemoryEngine implements Engine {
  readonly log: Log
  readonly store: Store
  readonly report: RecoveryReport = NOTHING_RECOVERED
  /** There is nothing to recover from, so there is nothing to shorten. */
  readonly snapshotDue: boolean = false
  readonly #options: MemoryOptions
  readonly #limits: JournalLimits
  readonly #owner: JournalOwner
  /** Ascending by ticket; the last one is being filled. */
  readonly #chunks: MemoryChunk[] = []
  readonly #free: MemoryChunk[] = []
  readonly #cursor = new EntryCursor()
  #recent: MemoryChunk | null = null
  readonly #slot: ClaimedSlot = { bytes: EMPTY, at: 0 }
  /** Takes the bodies that nobody reads again. */
  #scratch: Uint8Array = EMPTY
  #nextTicket = 1
  #settledThrough = 0
  #bytes = 0
  #reserved = 0
  #planned = false
  #closed = false
  #waiting: (() => void)[] = []
  /** Those who wait for the end of the turn. */
  #turn: (() => void)[] = []

  constructor(options: MemoryOptions, ownerOf: OwnerOf) {
    this.#options = options
    this.#limits = checkedLimits(options.limits)
    this.log = this.#makeLog()
    this.store = this.#makeStore()
    this.#owner = ownerOf(this.store)
  }

  /** A snapshot that nobody will read: callers need not know the engine. */
  snapshot(): Snapshot {
    const ticket = this.#nextTicket - 1
    const done = (): Promise<void> => Promise.resolve()
    return { ticket, write: done, finish: done, abandon: done }
  }

  /** Copies the survivors of sparse chunks together. */
  tidy(): Promise<void> {
    for (let index = this.#chunks.length - 2; index > 0; index--) this.#merge(index)
    this.#dropDead()
    return Promise.resolve()
  }

  close(): Promise<void> {
    this.#closed = true
    this.#settle()
    this.#wake()
    return Promise.resolve()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #reserve(count: number, bodyBytes: number, purpose: Purpose): Reservation {
    assert(this.#reserved === 0, 'the group before was not written whole')
    if (this.#closed) return 'stopped'
    if (bodyBytes + count * ENTRY_HEADER_SIZE > this.#limits.commitBytes) return 'too-large'
    if (purpose !== 'relief' && this.#bytes + bodyBytes > this.#limits.memoryBytes) return 'full'
    this.#reserved = count
    return 'ok'
  }

  #claim(head: EntryHead, bodySize: number): number {
    assert(this.#reserved > 0, 'written without a reservation')
    assert(bodySize <= this.#limits.entryBytes, 'a large body comes in fragments')
    this.#reserved--
    const ticket = this.#nextTicket++
    // What carries no body is only a decision, and those are the owner's to remember.
    if ((head.flags & ENTRY_FLAG_BODY) !== 0) {
      const chunk = this.#room(bodySize)
      this.#slot.at = chunk.claim(ticket, head, bodySize)
      this.#slot.bytes = chunk.bytes
      if ((head.flags & ENTRY_FLAG_FRAGMENT) === 0) chunk.live++
    } else {
      if (this.#scratch.length < bodySize) this.#scratch = new Uint8Array(bodySize)
      this.#slot.bytes = this.#scratch
      this.#slot.at = 0
    }
    if (!this.#planned) {
      this.#planned = true
      this.#options.scheduler.soon(this.#settle)
    }
    return ticket
  }

  /** The chunk to write to, with room for a body of this size. */
  #room(size: number): MemoryChunk {
    const last = this.#chunks.at(-1)
    if (last?.has(size) === true) return last
    this.#dropDead()
    const bytes = Math.max(this.#limits.chunkBytes, size + ENTRY_HEADER_SIZE)
    const chunk = this.#free.pop() ?? new MemoryChunk(new Uint8Array(bytes))
    this.#chunks.push(chunk)
    this.#bytes += chunk.bytes.length
    return chunk
  }

  readonly #settle = (): void => {
    this.#planned = false
    const turn = this.#turn
    this.#turn = []
    const through = this.#nextTicket - 1
    if (through > this.#settledThrough) {
      this.#settledThrough = through
      this.#options.events.settled(through)
    }
    for (const resolve of turn) resolve()
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }

  #find(ticket: number): MemoryChunk | null {
    const recent = this.#recent
    if (recent?.holds(ticket) === true) return recent
    let low = 0
    let high = this.#chunks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#chunks[middle]!.firstTicket <= ticket) low = middle + 1
      else high = middle
    }
    const chunk = this.#chunks[low - 1]
    if (chunk?.holds(ticket) !== true) return null
    this.#recent = chunk
    return chunk
  }

  #mustFind(ticket: number): MemoryChunk {
    const chunk = this.#find(ticket)
    if (chunk !== null) return chunk
    throw new JournalError('JOURNAL_GONE', `ticket ${ticket}: nothing refers to it any more`)
  }

  #release(ticket: number, count: number): void {
    const chunk = this.#mustFind(ticket)
    chunk.live -= count
    assert(chunk.live >= 0, 'more releases than references', ticket)
    if (chunk.live === 0 && chunk !== this.#chunks.at(-1)) this.#dropDead()
  }

  /** Recycles chunks in which nothing lives, all but the one being filled. */
  #dropDead(): void {
    let kept = 0
    for (const [index, chunk] of this.#chunks.entries()) {
      const dead = chunk.live === 0 && chunk.held === 0 && index < this.#chunks.length - 1
      if (dead) this.#drop(chunk)
      else this.#chunks[kept++] = chunk
    }
    const before = this.#chunks.length
    this.#chunks.length = kept
    if (kept < before) this.#wake()
  }

  #drop(chunk: MemoryChunk): void {
    this.#bytes -= chunk.bytes.length
    if (this.#recent === chunk) this.#recent = null
    chunk.reset()
    const usual = chunk.bytes.length === this.#limits.chunkBytes
    if (usual && this.#free.length * chunk.bytes.length < this.#limits.hotBytes) {
      this.#free.push(chunk)
    }
  }

  /** Moves the survivors of a chunk and its elder neighbour into one, when few enough live. */
  #merge(index: number): void {
    const [left, right] = [this.#chunks[index - 1]!, this.#chunks[index]!]
    if (left.held > 0 || right.held > 0) return
    const share = (left.live + right.live) / (left.count + right.count)
    if (left.live + right.live === 0 || share >= this.#limits.cleanBelow) return
    const merged = new MemoryChunk(new Uint8Array(this.#limits.chunkBytes))
    for (const source of [left, right]) if (!this.#carry(source, merged)) return
    merged.live = left.live + right.live
    left.live = 0
    right.live = 0
    this.#chunks.splice(index - 1, 2, merged)
    this.#bytes += merged.bytes.length
    this.#drop(left)
    this.#drop(right)
    this.#wake()
  }

  #carry(source: MemoryChunk, target: MemoryChunk): boolean {
    const cursor = this.#cursor
    for (let row = 0; row < source.count; row++) {
      source.enterRow(row, cursor)
      if (!this.#owner.live(cursor)) continue
      if (!target.has(cursor.bodySize)) return false
      const at = target.claim(cursor.ticket, cursor, cursor.bodySize)
      target.bytes.set(bodyOf(cursor), at)
    }
    return true
  }

  #makeLog(): Log {
    const engine = this
    return {
      get nextTicket(): number {
        return engine.#nextTicket
      },
      get settledThrough(): number {
        return engine.#settledThrough
      },
      epoch: 1,
      reserve: (count, bodyBytes, purpose) => this.#reserve(count, bodyBytes, purpose),
      write: (head, body) => {
        const ticket = this.#claim(head, body.length)
        this.#slot.bytes.set(body, this.#slot.at)
        return ticket
      },
      claim: (head, bodySize) => this.#claim(head, bodySize),
      slot: this.#slot,
      isFull: false, // memory that is used up refuses nobody who frees some
      room: () => new Promise((resolve) => this.#waiting.push(resolve)),
      settled: (ticket) => {
        if (ticket <= this.#settledThrough) return Promise.resolve()
        return new Promise((resolve) => this.#turn.push(resolve))
      },
    }
  }

  #makeStore(): Store {
    const engine = this
    return {
      peek: (ticket): EntryView | null =>
        this.#find(ticket)?.enter(ticket, this.#cursor) === true ? this.#cursor : null,
      load: (ticket) => {
        this.#mustFind(ticket)
        return Promise.resolve()
      },
      read: (ticket) => {
        this.#mustFind(ticket).enter(ticket, this.#cursor)
        return Promise.resolve(bodyOf(this.#cursor).slice())
      },
      retain: (ticket, count) => {
        this.#mustFind(ticket).live += count
      },
      release: (ticket, count) => this.#release(ticket, count),
      hold: (ticket) => {
        this.#mustFind(ticket).held++
      },
      unhold: (ticket) => {
        const chunk = this.#mustFind(ticket)
        chunk.held--
        assert(chunk.held >= 0, 'held less than nothing', ticket)
        if (chunk.held === 0 && chunk.live === 0) this.#dropDead()
      },
      get references(): number {
        return engine.#chunks.reduce((sum, chunk) => sum + chunk.live, 0)
      },
    }
  }
}

/** A journal over a simulated disk with tiny files, and short words for what the tests do with it. */
import assert from 'node:assert/strict'
import type { Scheduler } from '../../src/base/ports.ts'
import { type Journal, openJournal } from '../../src/journal/journal.ts'
import type { JournalLimits } from '../../src/journal/limits.ts'
import type { Purpose } from '../../src/journal/spare-files.ts'
import type { Durability, Reservation } from '../../src/journal/writer.ts'
import type { CrashDisk } from '../sim/crash-disk.ts'
import { AckAudit } from './ack-audit.ts'
import type { Census } from './census.ts'
import { FrameWatch } from './frame-watch.ts'
import {
  bodyFlags,
  FRAGMENT,
  fragmentFlags,
  LARGE,
  LedgerOwner,
  NOTE,
  PUT,
  RELEASE,
  ticketBytes,
} from './ledger-owner.ts'

/** 4-KiB files, 512-byte sectors: rolling, recycling and cleaning happen all the time. */
export const tinyLimits: Partial<JournalLimits> = {
  sectorBytes: 512,
  fileBytesMin: 4096,
  fileBytesMax: 4096,
  frameBytes: 512,
  entryBytes: 1500,
  commitBytes: 2500,
  chunkBytes: 2048,
  unsyncedBytes: 16_384,
  fragmentBytes: 8192,
  hotBytes: 4096,
  rowStrideBytes: 256,
  readWindowBytes: 1024,
  readWindows: 4,
  openFiles: 4,
  recoveryBytes: 8192,
  readAheadBytes: 2048,
  snapshotBlockBytes: 128,
  snapshotAfterBytes: 8192,
  snapshotReferenceBytes: 48, // the ledger's owner writes words
  recycledBytes: 8192,
}

/** Wake-ups as microtasks and no timers: idle marks and retries do not happen unless a test wants them. */
export const microtasks: Scheduler = {
  soon(task) {
    void Promise.resolve().then(task)
  },
  after() {
    return { cancel: () => undefined }
  },
}

/** Chance that is always the same. */
function countingRandom(): { u32(): number } {
  let state = 0x9e3779b9
  return {
    u32: () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      return state
    },
  }
}

export type WorldOptions = {
  readonly durability?: Durability
  readonly limits?: Partial<JournalLimits>
  readonly scheduler?: Scheduler
  /** Counts what happens on this disk; a disk has one at most. */
  readonly census?: Census
}

export const DIRECTORY = 'data'

/** The journal had no room and said so: an answer, which a test may expect. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly answer: Reservation
  constructor(answer: Reservation) {
    super(`reserve answered ${answer}`)
    this.answer = answer
  }
}

/** One audit a disk: a journal that is opened again goes on with what the one before left un-synced. */
const audits = new WeakMap<CrashDisk, AckAudit>()

function auditOf(disk: CrashDisk, census: Census | undefined): AckAudit {
  let audit = audits.get(disk)
  if (audit === undefined) {
    audit = new AckAudit()
    audits.set(disk, audit)
    disk.observe(new FrameWatch(census === undefined ? [audit] : [audit, census]))
  }
  return audit
}

type WorldParts = Pick<JournalWorld, 'journal' | 'owner' | 'audit' | 'durability' | 'settledCalls'>

export class JournalWorld {
  readonly journal: Journal
  readonly owner: LedgerOwner
  readonly settledCalls: number[]
  readonly audit: AckAudit
  readonly durability: Durability
  stopped: Error | null = null
  /** Called in the turn in which a group was written, when the owner's state already shows it. */
  changed: () => void = () => undefined

  private constructor(parts: WorldParts) {
    this.journal = parts.journal
    this.owner = parts.owner
    this.audit = parts.audit
    this.durability = parts.durability
    this.settledCalls = parts.settledCalls
  }

  static async open(disk: CrashDisk, options: WorldOptions = {}): Promise<JournalWorld> {
    let owner: LedgerOwner | null = null
    let world: JournalWorld | null = null
    const settledCalls: number[] = []
    const durability = options.durability ?? 'fsync'
    const audit = auditOf(disk, options.census)
    const journal = await openJournal(
      {
        disk,
        scheduler: options.scheduler ?? microtasks,
        random: countingRandom(),
        directory: DIRECTORY,
        durability,
        limits: { ...tinyLimits, ...options.limits },
        events: {
          settled: (through) => {
            settledCalls.push(through)
            if (durability === 'fsync') audit.settled(through)
          },
          stopped: (error) => {
            if (world !== null) world.stopped = error
          },
        },
      },
      (store) => {
        owner = new LedgerOwner(store)
        return owner
      },
    )
    assert(owner !== null)
    world = new JournalWorld({ journal, owner, audit, durability, settledCalls })
    options.census?.recovered(journal.report)
    return world
  }

  /** Writes a group in the turn in which there is room for it. */
  async write<T>(
    count: number,
    bytes: number,
    write: () => T,
    purpose: Purpose = 'publish',
  ): Promise<T> {
    for (;;) {
      const answer = this.journal.log.reserve(count, bytes, purpose)
      if (answer === 'ok') {
        const written = write()
        if (purpose !== 'fragment') this.changed()
        return written
      }
      if (answer !== 'wait') throw new Refused(answer)
      await this.journal.log.room()
    }
  }

  /** Appends bodies of one log as one group; answers their tickets. Not settled yet. */
  async put(
    log: number,
    bodies: readonly Uint8Array[],
    durability: Durability = this.durability,
  ): Promise<number[]> {
    const size = bodies.reduce((sum, body) => sum + body.length, 0)
    return this.write(bodies.length, size, () =>
      bodies.map((body) => {
        const number = this.journal.log.nextTicket
        const head = { kind: PUT, flags: bodyFlags, log, number }
        const ticket = this.journal.log.write(head, body, durability)
        this.audit.asked(ticket, durability)
        this.owner.put({ ticket, log, number })
        return ticket
      }),
    )
  }

  async release(tickets: readonly number[]): Promise<number> {
    const release = (): number => {
      let last = 0
      for (const ticket of tickets) {
        const head = { kind: RELEASE, flags: 0, log: 0, number: ticket }
        last = this.journal.log.write(head, new Uint8Array(0))
        this.owner.release(ticket)
      }
      return last
    }
    return this.write(tickets.length, 0, release, 'relief')
  }

  async note(text: string, durability: Durability = this.durability): Promise<number> {
    const body = new TextEncoder().encode(text)
    return this.write(1, body.length, () => {
      this.owner.notes.push(text)
      const head = { kind: NOTE, flags: 0, log: 0, number: 0 }
      const ticket = this.journal.log.write(head, body, durability)
      this.audit.asked(ticket, durability)
      return ticket
    })
  }

  /** Pieces of a body that is still arriving; answers their tickets. */
  async fragments(pieces: readonly Uint8Array[]): Promise<number[]> {
    const { log, store } = this.journal
    const fragments: number[] = []
    for (const [number, piece] of pieces.entries()) {
      const append = (): void => {
        const ticket = log.write({ kind: FRAGMENT, flags: fragmentFlags, log: 0, number }, piece)
        store.hold(ticket)
        fragments.push(ticket)
      }
      await this.write(1, piece.length, append, 'fragment')
    }
    return fragments
  }

  /** A body in pieces, then the entry that refers to them; answers that entry's ticket. */
  async large(pieces: readonly Uint8Array[]): Promise<number> {
    const { log, store } = this.journal
    const fragments = await this.fragments(pieces)
    const body = ticketBytes(fragments)
    return this.write(1, body.length, () => {
      const ticket = log.write({ kind: LARGE, flags: 0, log: 0, number: 0 }, body)
      this.owner.refer(ticket, fragments)
      for (const fragment of fragments) store.unhold(fragment)
      return ticket
    })
  }

  async settled(): Promise<void> {
    await this.journal.log.settled(this.journal.log.nextTicket - 1)
    this.audit.assertHonest()
  }

  async snapshot(): Promise<void> {
    const snapshot = this.journal.snapshot()
    const state = this.owner.encode()
    for (let at = 0; at < state.length; at += 100)
      await snapshot.write(state.subarray(at, at + 100))
    await snapshot.finish()
  }
}

/** When what is appended is waited for. */
type Settling = 'each round' | 'at the end'

/**
 * Work for the cleaner: groups of two bodies in turn for four logs, of which one in twenty stays, in files that two
 * snapshots cover. Answers the tickets of those that stay; `scatteredBody` says what they are.
 */
export async function scatter(
  world: JournalWorld,
  rounds: number,
  settling: Settling,
): Promise<readonly number[]> {
  const kept: number[] = []
  for (let round = 0; round < rounds; round++) {
    const body = bodyOfSize(SCATTERED_BYTES, round)
    const tickets = await world.put(round % 4, [body, body])
    if (round % SCATTERED_EVERY === 0) kept.push(tickets.pop()!)
    await world.release(tickets)
    if (settling === 'each round') await world.settled()
  }
  await world.settled()
  await world.snapshot()
  await world.note('between')
  await world.snapshot()
  return kept
}

/** The body of the one of them with this index. */
export function scatteredBody(index: number): Uint8Array {
  return bodyOfSize(SCATTERED_BYTES, index * SCATTERED_EVERY)
}

const SCATTERED_BYTES = 300

const SCATTERED_EVERY = 10

/** A body that says what it is and can be told from every other of its size. */
export function bodyOfSize(size: number, mark: number): Uint8Array {
  const body = new Uint8Array(size)
  for (let index = 0; index < size; index++) body[index] = (mark * 31 + index * 7) & 0xff
  return body
}

/**
 * A journal on the real disk with an owner that behaves like a queue that drains: what is settled is
 * released in order, snapshots are taken when due, files are recycled. All of it is inside the
 * measured time, so zero-filling, snapshots and acks count as write amplification.
 */
import { join } from 'node:path'
import { assert } from '../../src/base/assert.ts'
import type { Disk, World } from '../../src/base/ports.ts'
import { ENTRY_FLAG_BODY } from '../../src/journal/format.ts'
import { type Journal, openJournal } from '../../src/journal/journal.ts'
import type { JournalLimits } from '../../src/journal/limits.ts'
import type { EntryHead } from '../../src/journal/tail.ts'
import { nodeWorld } from '../../src/node/world.ts'
import type { Stage } from '../stage.ts'

const BODY: EntryHead = { kind: 1, flags: ENTRY_FLAG_BODY, log: 1, number: 0 }
const ACK: EntryHead = { kind: 2, flags: 0, log: 1, number: 0 }
const ACK_BODY = new Uint8Array(16) // a range of tickets, as an acknowledgement entry carries
const STATE = new Uint8Array(64 * 1024) // the owner's state in a snapshot: a drained queue has little

export type RigOptions = {
  readonly limits?: Partial<JournalLimits>
  /** Stands in for the real disk: a slower one. */
  readonly disk?: Disk
  /** `drain` releases what is settled; `keep` lets it pile up. */
  readonly after?: 'drain' | 'keep'
  /** So many groups, the newest that are settled, are not released when it drains. Default 0. */
  readonly retainedGroups?: number
}

export class Rig {
  journal!: Journal
  readonly world: World = nodeWorld()
  readonly #after: 'drain' | 'keep'
  readonly #retainedGroups: number
  settledThrough = 0
  /** Everything before it is released. */
  #oldestTicket = 0
  /** Groups that are not released yet: first and last ticket, one behind the other. */
  #groups: number[] = []
  #released = 0
  #wake: (() => void) | null = null
  #snapshot: Promise<void> | null = null
  replayed = 0

  private constructor({ after = 'drain', retainedGroups = 0 }: RigOptions) {
    this.#after = after
    this.#retainedGroups = retainedGroups
  }

  static async open(stage: Stage, options: RigOptions = {}): Promise<Rig> {
    const rig = new Rig(options)
    await rig.#open(stage, options)
    return rig
  }

  async #open(stage: Stage, options: RigOptions): Promise<void> {
    const { disk, scheduler, random } = this.world
    this.journal = await openJournal(
      {
        disk: options.disk ?? disk,
        scheduler,
        random,
        directory: join(stage.directory, 'journal'),
        durability: 'fsync',
        limits: options.limits ?? {},
        events: {
          settled: (through) => {
            this.settledThrough = through
            this.#wake?.()
            this.#wake = null
          },
          stopped: (error) => {
            throw error
          },
        },
      },
      () => ({
        restore: async (blocks) => {
          for await (const block of blocks) assert(block.length > 0)
        },
        live: ({ ticket }) => ticket >= this.#oldestTicket,
        replay: () => {
          this.replayed++
        },
      }),
    )
    this.settledThrough = this.journal.log.settledThrough
  }

  /** Appends one group of equal bodies, waiting while there is no room; answers its last ticket. */
  async append(count: number, body: Uint8Array): Promise<number> {
    const { log } = this.journal
    while (log.reserve(count, count * body.length, 'publish') !== 'ok') {
      await log.room()
      this.#drain()
    }
    const first = log.nextTicket
    for (let index = 0; index < count; index++) log.write(BODY, body)
    const last = log.nextTicket - 1
    if (this.#after === 'drain') this.#groups.push(first, last)
    return last
  }

  /** Waits for the next commit to settle. */
  settledOnce(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  /** Waits until everything appended is settled. */
  async settled(): Promise<void> {
    await this.journal.log.settled(this.journal.log.nextTicket - 1)
    this.#drain()
  }

  async close(): Promise<void> {
    await this.#snapshot
    await this.journal.close()
    await this.world.disk.close()
  }

  #drain(): void {
    const { log, store } = this.journal
    const groups = this.#groups
    const from = this.#released
    const end = groups.length - 2 * this.#retainedGroups
    while (this.#released < end && groups[this.#released + 1]! <= this.settledThrough) {
      const [first, last] = [groups[this.#released]!, groups[this.#released + 1]!]
      store.release(first, last - first + 1)
      this.#oldestTicket = last + 1
      this.#released += 2
    }
    // One acknowledgement entry for all that was released, as a queue coalesces them.
    if (this.#released > from && log.reserve(1, ACK_BODY.length, 'relief') === 'ok') {
      log.write(ACK, ACK_BODY)
    }
    if (this.#released > 4096) {
      groups.splice(0, this.#released)
      this.#released = 0
    }
    if (this.journal.snapshotDue) this.#snapshot = this.#takeSnapshot()
  }

  async #takeSnapshot(): Promise<void> {
    const snapshot = this.journal.snapshot()
    await snapshot.write(STATE)
    await snapshot.finish()
    await this.journal.tidy()
  }
}

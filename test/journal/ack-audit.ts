/**
 * The audit that no acknowledgement leaves before its sync: it knows from the disk alone which frames are
 * durable, hears of every settled ticket, and keeps what it finds wrong until somebody asks.
 */
import assert from 'node:assert/strict'
import { FRAME_ENTRIES, FRAME_MARK } from '../../src/journal/format.ts'
import type { Durability } from '../../src/journal/writer.ts'
import type { FrameListener, WatchedFrame } from './frame-watch.ts'

/** What waits for the sync of its file. */
type Pending = {
  readonly what: 'frame' | 'footer'
  readonly path: string
  readonly position: number
  readonly ticket: number
  readonly endTicket: number
  readonly nextGeneration: number
}

export class AckAudit implements FrameListener {
  /** By file, in the order of writing. */
  readonly #pending = new Map<string, Pending[]>()
  /** How many of the pending the sync under way covers. */
  readonly #covered = new Map<string, number>()
  /** What a failed sync should have covered: no later one makes it durable, until it is written again. */
  #doubtful: readonly Pending[] = []
  /** Every ticket from the first one watched up to here was handed to the system whole. */
  #writtenThrough = -1
  /** Tickets that only asked to be given to the operating system. */
  readonly #weak = new Set<number>()
  readonly #findings: string[] = []
  /** Acknowledged tickets that were looked at. */
  audited = 0

  wrote(path: string, position: number, sizeBytes: number): void {
    const isOver = (old: Pending): boolean =>
      old.path === path && old.position >= position && old.position < position + sizeBytes
    this.#doubtful = this.#doubtful.filter((old) => !isOver(old))
  }

  frame({ path, position, generation, kind, ticket, count }: WatchedFrame): void {
    if (kind !== FRAME_ENTRIES && kind !== FRAME_MARK) return
    for (const pending of this.#all()) {
      if (pending.what === 'footer' && pending.nextGeneration === generation) {
        this.#findings.push(`generation ${generation} begins before the footer before it is synced`)
      }
    }
    if (kind === FRAME_MARK) return
    const endTicket = ticket + count
    this.#push({ what: 'frame', path, position, ticket, endTicket, nextGeneration: 0 })
    this.#writtenThrough = endTicket - 1
  }

  footer(path: string, nextGeneration: number): void {
    // Written again, it is as good as new once this one is synced.
    this.#doubtful = this.#doubtful.filter((old) => old.what !== 'footer' || old.path !== path)
    if (nextGeneration === 0) return
    const place = { path, position: Number.POSITIVE_INFINITY }
    this.#push({ what: 'footer', ...place, ticket: 0, endTicket: 0, nextGeneration })
  }

  syncing(path: string): void {
    this.#covered.set(path, this.#pending.get(path)?.length ?? 0)
  }

  synced(path: string): void {
    this.#pending.get(path)?.splice(0, this.#covered.get(path) ?? 0)
  }

  syncFailed(path: string): void {
    const lost = this.#pending.get(path)?.splice(0, this.#covered.get(path) ?? 0)
    this.#doubtful = [...this.#doubtful, ...(lost ?? [])]
  }

  /** What this ticket asked for; one that was cut after a crash may be given out again. */
  asked(ticket: number, durability: Durability): void {
    if (durability === 'os') this.#weak.add(ticket)
    else this.#weak.delete(ticket)
  }

  /** The journal says that everything up to here is settled. */
  settled(through: number): void {
    this.audited++
    if (this.#writtenThrough >= 0 && through > this.#writtenThrough) {
      this.#findings.push(
        `ticket ${through} was settled, ${this.#writtenThrough} is the last written`,
      )
    }
    for (const { what, ticket, endTicket } of this.#all()) {
      if (what === 'footer') continue
      for (let each = ticket; each < endTicket && each <= through; each++) {
        if (this.#weak.has(each)) continue
        this.#findings.push(`ticket ${each} was settled before its sync`)
        break
      }
    }
  }

  /** Throws what was found, if anything was. */
  assertHonest(): void {
    assert.deepEqual(this.#findings, [])
  }

  #push(pending: Pending): void {
    const list = this.#pending.get(pending.path)
    if (list === undefined) this.#pending.set(pending.path, [pending])
    else list.push(pending)
  }

  *#all(): Generator<Pending> {
    for (const list of this.#pending.values()) yield* list
    yield* this.#doubtful
  }
}

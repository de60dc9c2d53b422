/**
 * A journal for machines without one: entries in an array, bodies that are counted, and a machine made from any
 * stretch of them.
 */
import assert from 'node:assert/strict'
import {
  type Bodies,
  type EntryView,
  KIND_BATCH,
  KIND_FRAGMENT,
  KIND_LARGE,
  KIND_MESSAGE,
  RANGE_SIZE,
  setU32At,
  setU48At,
} from '../../src/machine/entry.ts'
import { Machine } from '../../src/machine/machine.ts'
import { restore } from '../../src/machine/restore.ts'
import { freeze } from '../../src/machine/snapshot.ts'
import { fullMark } from './full-mark.ts'

export type EntryPlace = { readonly kind: number; readonly log: number; readonly number: number }

/** Counts references as the store of a journal does. */
export class CountedBodies implements Bodies {
  readonly references: Map<number, number> = new Map()
  /** Born with none. */
  readonly #fragments = new Set<number>()

  born(ticket: number): void {
    this.references.set(ticket, 1)
  }

  bornDead(ticket: number): void {
    this.#fragments.add(ticket)
  }

  retain(ticket: number, count: number): void {
    const before = this.references.get(ticket) ?? (this.#fragments.has(ticket) ? 0 : undefined)
    assert(before !== undefined, `ticket ${ticket} has no body any more`)
    this.references.set(ticket, before + count)
  }

  release(ticket: number, count: number): void {
    const left = (this.references.get(ticket) ?? 0) - count
    assert(left >= 0, `ticket ${ticket} is released too often`)
    if (left === 0) this.references.delete(ticket)
    else this.references.set(ticket, left)
  }
}

export class EntryLog {
  readonly entries: EntryView[] = []

  get nextTicket(): number {
    return this.entries.length + 1
  }

  append(place: EntryPlace, body: Uint8Array = new Uint8Array(0)): number {
    const ticket = this.nextTicket
    // Not at the start of its memory, as in a journal: who forgets `bodyAt` is found out.
    const bytes = new Uint8Array(body.length + 6)
    bytes.set(body, 3)
    this.entries.push({ ticket, ...place, bytes, bodyAt: 3, bodySize: body.length })
    return ticket
  }

  /** A machine from a snapshot, or from nothing, and the entries behind it. */
  async recover(
    snapshot: TakenSnapshot,
    through: number,
  ): Promise<{ machine: Machine; bodies: CountedBodies }> {
    const bodies = new CountedBodies()
    const machine = new Machine(bodies)
    if (snapshot.ticket > 0) {
      await restore(machine, blocksOf(snapshot.bytes, snapshot.blockSize))
      // A journal's snapshot has the counts beside the state.
      for (const [ticket, count] of fullMark(machine)) bodies.references.set(ticket, count)
    }
    for (const { kind, ticket } of this.entries.slice(0, through)) {
      if (kind === KIND_FRAGMENT) bodies.bornDead(ticket)
    }
    for (const entry of this.entries.slice(snapshot.ticket, through)) {
      if (keepsBody(entry)) bodies.born(entry.ticket)
      machine.replay(entry)
    }
    return { machine, bodies }
  }
}

type TakenSnapshot = {
  readonly ticket: number
  readonly bytes: Uint8Array
  readonly blockSize: number
}

export const NO_SNAPSHOT: TakenSnapshot = { ticket: 0, bytes: new Uint8Array(0), blockSize: 1 }

function keepsBody(entry: EntryView): boolean {
  return [KIND_MESSAGE, KIND_LARGE, KIND_BATCH].includes(entry.kind)
}

async function* blocksOf(bytes: Uint8Array, blockSize: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += blockSize) {
    yield await Promise.resolve(bytes.subarray(at, at + blockSize))
  }
}

/** The whole durable state as bytes; equal states have equal ones. */
export function imageOf(machine: Machine): Uint8Array {
  const pieces = [...freeze(machine)()]
  machine.thaw()
  return new Uint8Array(Buffer.concat(pieces))
}

/** The body of a settled, returned or expired entry. */
export function rangesOf(ranges: readonly (readonly [from: number, count: number])[]): Uint8Array {
  const bytes = new Uint8Array(ranges.length * RANGE_SIZE)
  for (const [index, [from, count]] of ranges.entries()) {
    setU48At(bytes, index * RANGE_SIZE, from)
    setU32At(bytes, index * RANGE_SIZE + 6, count)
  }
  return bytes
}

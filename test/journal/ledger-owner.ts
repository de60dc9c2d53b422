/** A small owner of a journal for tests: it keeps which bodies live, releases them, and can say all it holds. */

import type { Store } from '../../src/journal/engine.ts'
import { bodyOf, type EntryView } from '../../src/journal/entry-cursor.ts'
import {
  ENTRY_FLAG_BODY,
  ENTRY_FLAG_FRAGMENT,
  ENTRY_FLAG_INDEXED,
} from '../../src/journal/format.ts'
import type { JournalOwner } from '../../src/journal/recovery.ts'

export const PUT = 1
export const RELEASE = 2
export const NOTE = 3
export const FRAGMENT = 4
export const LARGE = 5

/** What the owner knows of one living body. */
export type Held = { readonly ticket: number; readonly log: number; readonly number: number }

const encoder = new TextEncoder()
const decoder = new TextDecoder()

export class LedgerOwner implements JournalOwner {
  readonly #store: Store
  /** Living bodies by ticket. */
  held: Map<number, Held> = new Map()
  /** Large bodies by the ticket of the entry that refers to their fragments. */
  large: Map<number, readonly number[]> = new Map()
  /** Fragments that a large body refers to. */
  #fragments = new Set<number>()
  /** Notes carry no body that the store keeps: they live in the state alone. */
  notes: string[] = []
  restored = false

  constructor(store: Store) {
    this.#store = store
  }

  async restore(blocks: AsyncIterable<Uint8Array>): Promise<void> {
    let text = ''
    for await (const block of blocks) text += decoder.decode(block, { stream: true })
    const state = JSON.parse(text)
    this.held = new Map(state.held.map((held: Held) => [held.ticket, held]))
    this.large = new Map(state.large)
    this.#fragments = new Set([...this.large.values()].flat())
    this.notes = state.notes
    this.restored = true
  }

  replay(entry: EntryView): void {
    const { ticket, log, number } = entry
    if (entry.kind === PUT) this.put({ ticket, log, number })
    else if (entry.kind === RELEASE) this.release(number)
    else if (entry.kind === NOTE) this.notes.push(decoder.decode(bodyOf(entry).slice()))
    else if (entry.kind === LARGE) this.refer(ticket, ticketsIn(bodyOf(entry)))
  }

  live(entry: EntryView): boolean {
    return this.held.has(entry.ticket) || this.#fragments.has(entry.ticket)
  }

  put(held: Held): void {
    this.held.set(held.ticket, held)
  }

  release(ticket: number): void {
    const fragments = this.large.get(ticket)
    if (fragments !== undefined) {
      this.large.delete(ticket)
      for (const fragment of fragments) {
        this.#fragments.delete(fragment)
        this.#store.release(fragment, 1)
      }
      return
    }
    this.held.delete(ticket)
    this.#store.release(ticket, 1)
  }

  refer(ticket: number, fragments: readonly number[]): void {
    this.large.set(ticket, fragments)
    for (const fragment of fragments) {
      this.#fragments.add(fragment)
      this.#store.retain(fragment, 1)
    }
  }

  /** The state as it is now, as bytes for a snapshot. */
  encode(): Uint8Array {
    const state = { held: [...this.held.values()], large: [...this.large], notes: this.notes }
    return encoder.encode(JSON.stringify(state))
  }

  get references(): number {
    return this.held.size + this.#fragments.size
  }
}

function ticketsIn(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length: bytes.length / 8 }, (_, index) => view.getFloat64(index * 8, true))
}

export function ticketBytes(tickets: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(tickets.length * 8)
  const view = new DataView(bytes.buffer)
  tickets.forEach((ticket, index) => {
    view.setFloat64(index * 8, ticket, true)
  })
  return bytes
}

export const bodyFlags: number = ENTRY_FLAG_BODY | ENTRY_FLAG_INDEXED
export const fragmentFlags: number = ENTRY_FLAG_BODY | ENTRY_FLAG_FRAGMENT

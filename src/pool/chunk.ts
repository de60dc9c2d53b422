/**
 * A chunk is what goes to a worker at once: one call, or one call for each of several items. Whoever
 * asked for it learns its fate exactly once, by `settle` or by `fail`; the crew moves it in between.
 */
import { assert } from '../base/assert.ts'
import type { Transferable } from './transfer.ts'

/** `call`: the values are the arguments of one call. `items`: each value is the only argument of its own call. */
export type ChunkForm = 'call' | 'items'

//  new --submit--> waiting --give--> sent --answered, cancelled, lost--> settled
//                     ^---requeue-----'         (waiting --cancelled--> settled)
export type ChunkState = 'new' | 'waiting' | 'sent' | 'settled'

/** What a worker answers for one chunk. A call has one value, or one failure under index 0. */
export interface Answer {
  /** One for each call, in order; `undefined` where the call failed. */
  readonly values: readonly unknown[]
  /** What the calls threw, by index. */
  readonly failures: ReadonlyMap<number, unknown>
  /** How long the calls ran, by the worker's clock: no hop, no waiting. */
  readonly durationMs: number
  /** What the worker occupies; 0 unless it was told to look. */
  readonly memoryBytes: number
}

/** Shared by the many answers in which nothing failed. */
export const noFailures: ReadonlyMap<number, unknown> = new Map()

export interface ChunkTerms {
  readonly task: string
  readonly form: ChunkForm
  readonly values: readonly unknown[]
  readonly transfer: readonly Transferable[]
  /** Infinity: as long as it takes. */
  readonly timeoutMs: number
  /** How often it may be started before a lost worker fails it. */
  readonly attempts: number
  readonly signal: AbortSignal | null
}

export abstract class Chunk {
  readonly terms: ChunkTerms
  /** Invariant: above 0 until the chunk is settled. Moved by the crew when a worker is lost. */
  attemptsLeft: number
  state: ChunkState = 'new'
  /** Links within the one list that holds the chunk: the crew's queue or a member's hands. */
  list: ChunkList | null = null
  previous: Chunk | null = null
  next: Chunk | null = null

  constructor(terms: ChunkTerms) {
    assert(terms.attempts >= 1, 'a chunk may be started at least once')
    this.terms = terms
    this.attemptsLeft = terms.attempts
  }

  /**
   * Cutting this chunk short kills its worker, or its buffers are gone once it is sent: so no other chunk
   * may be in the same worker's hands, or it would suffer for this one.
   */
  get alone(): boolean {
    return this.terms.timeoutMs !== Infinity || this.terms.transfer.length > 0
  }

  abstract settle(answer: Answer): void
  abstract fail(error: unknown): void
}

/** Chunks in order, any of which can leave at once. A chunk is in one list at most. */
export class ChunkList {
  size = 0
  first: Chunk | null = null
  #last: Chunk | null = null

  push(chunk: Chunk): void {
    assert(chunk.list === null, 'a chunk is in one list at most')
    chunk.list = this
    chunk.previous = this.#last
    if (this.#last === null) this.first = chunk
    else this.#last.next = chunk
    this.#last = chunk
    this.size += 1
  }

  unshift(chunk: Chunk): void {
    assert(chunk.list === null, 'a chunk is in one list at most')
    chunk.list = this
    chunk.next = this.first
    if (this.first === null) this.#last = chunk
    else this.first.previous = chunk
    this.first = chunk
    this.size += 1
  }

  remove(chunk: Chunk): void {
    assert(chunk.list === this, 'the chunk is in another list')
    if (chunk.previous === null) this.first = chunk.next
    else chunk.previous.next = chunk.next
    if (chunk.next === null) this.#last = chunk.previous
    else chunk.next.previous = chunk.previous
    chunk.previous = null
    chunk.next = null
    chunk.list = null
    this.size -= 1
  }

  shift(): Chunk | null {
    const chunk = this.first
    if (chunk !== null) this.remove(chunk)
    return chunk
  }

  /** Takes the youngest: how a list is turned back into the front of another, in order. */
  pop(): Chunk | null {
    const chunk = this.#last
    if (chunk !== null) this.remove(chunk)
    return chunk
  }
}

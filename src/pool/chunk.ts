/**
 * A chunk is what goes to a worker at once: one call, or one call for each of several items. Whoever
 * asked for it learns its fate exactly once, by `settle` or by `fail`; the crew moves it in between.
 */
import { assert } from '../base/assert.ts'
import type { Linked } from '../base/list.ts'
import type { Transferable } from './transfer.ts'

/** `call`: the values are the arguments of one call. `items`: each value is the only argument of its own call. */
export type ChunkForm = 'call' | 'items'

//  new --submit--> waiting --give--> sent --answered, cancelled, lost--> settled
//                     ^---requeue-----'         (waiting --cancelled--> settled)
export type ChunkState = 'new' | 'waiting' | 'sent' | 'settled'

/** What a worker answers for one chunk. A call has one value, or one failure under index 0. */
export interface Answer {
  /** One for each call, in order; `undefined` where the call failed. The receiver's to keep. */
  readonly values: unknown[]
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

export abstract class Chunk implements Linked<Chunk> {
  readonly terms: ChunkTerms
  /** Invariant: above 0 until the chunk is settled. Moved by the crew when a worker is lost. */
  attemptsLeft: number
  state: ChunkState = 'new'
  /** Links within the one list that holds the chunk: the crew's queue or a member's hands. */
  list: object | null = null
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

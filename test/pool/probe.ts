/** A chunk whose fate a test can look at: settled with what, failed of what, and how often it was told. */
import { type Answer, Chunk, type ChunkTerms } from '../../src/pool/chunk.ts'
import type { Deed } from './sim-workers.ts'

export type Fate =
  | { readonly kind: 'open' }
  | { readonly kind: 'answered'; readonly answer: Answer }
  | { readonly kind: 'failed'; readonly error: unknown }

export class Probe extends Chunk {
  readonly name: string
  fate: Fate = { kind: 'open' }
  told = 0

  constructor(name: string, deed: Deed, terms: Partial<ChunkTerms> = {}) {
    super({
      task: 'deed',
      form: 'call',
      values: [deed],
      transfer: [],
      timeoutMs: Number.POSITIVE_INFINITY,
      attempts: 1,
      signal: null,
      ...terms,
    })
    this.name = name
  }

  settle(answer: Answer): void {
    this.told += 1
    this.fate = { kind: 'answered', answer }
  }

  fail(error: unknown): void {
    this.told += 1
    this.fate = { kind: 'failed', error }
  }

  /** The error it failed of, `null` if it did not fail. */
  get error(): unknown {
    return this.fate.kind === 'failed' ? this.fate.error : null
  }
}

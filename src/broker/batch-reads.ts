/** BatchReads brings the batches of streams into memory, each by one read however many want it, and shows them. */
import type { Store } from '../journal/engine.ts'
import { BatchView } from '../machine/batch.ts'

export class BatchReads {
  readonly #store: Store
  /** One object for all: what it shows is valid until the next look or turn. */
  readonly #view = new BatchView()
  /** Reads under way, by ticket. */
  readonly #loading = new Map<number, Promise<void>>()

  constructor(store: Store) {
    this.#store = store
  }

  /** The batch if it is in memory, else null. */
  peek(ticket: number): BatchView | null {
    const entry = this.#store.peek(ticket)
    if (entry === null) return null
    this.#view.enter(entry)
    return this.#view
  }

  /** Resolves in the turn in which `peek` answers it. */
  load(ticket: number): Promise<void> {
    let loading = this.#loading.get(ticket)
    if (loading === undefined) {
      loading = this.#store.load(ticket).finally(() => this.#loading.delete(ticket))
      this.#loading.set(ticket, loading)
    }
    return loading
  }
}

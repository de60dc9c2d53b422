/**
 * A Reading gives out a large body, one fragment after the other, so that nobody needs memory for all of it. Whoever
 * was handed it owns it and closes it; the fragments stay readable until then, whatever becomes of their message.
 */
import type { Store } from '../journal/engine.ts'
import type { EntryView } from '../machine/entry.ts'
import type { LargeBody } from '../machine/large-body.ts'

export class Reading {
  readonly sizeBytes: number
  readonly #store: Store
  readonly #fragments: readonly number[]
  /** The fragment that comes next. Those from here on are held. */
  #next = 0

  constructor(store: Store, body: LargeBody) {
    this.sizeBytes = body.sizeBytes
    this.#store = store
    this.#fragments = body.fragments
    for (const fragment of body.fragments) store.hold(fragment)
  }

  get isDone(): boolean {
    return this.#next === this.#fragments.length
  }

  /** The next fragment if it is in memory, else null: then `load` it. Valid until the next call or turn. */
  peek(): EntryView | null {
    return this.#store.peek(this.#fragments[this.#next]!)
  }

  /** Brings the next fragment into memory, so that `peek` in the same turn answers it. */
  load(): Promise<void> {
    return this.#store.load(this.#fragments[this.#next]!)
  }

  /** Goes on to the one behind it. */
  advance(): void {
    this.#store.unhold(this.#fragments[this.#next]!)
    this.#next++
  }

  /** Idempotent. */
  close(): void {
    while (!this.isDone) this.advance()
  }
}

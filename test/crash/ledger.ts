/**
 * What a workload tried and what it was promised, in order. The workload alone writes it; a check reads the
 * part that was written when the power went. Entries are the test's own.
 */
export class Ledger<Entry> {
  readonly #entries: Entry[] = []
  /** Calls up to this one are those of a shorter workload too. Moved by the workload. */
  ownFrom = 0

  get length(): number {
    return this.#entries.length
  }

  note(entry: Entry): void {
    this.#entries.push(entry)
  }

  /** The first `count` entries: what was known at a crash point whose mark is `count`. */
  until(count: number): readonly Entry[] {
    return this.#entries.slice(0, count)
  }
}

/** What a program has open on a broker and has not closed: ended with the broker, so that nobody waits for ever. */

export interface OpenEnd {
  /** The broker closes or failed: whoever waits is told, what is held goes back. */
  stop(error: Error): void
}

export class OpenEnds {
  readonly #ends = new Set<OpenEnd>()

  add(end: OpenEnd): void {
    this.#ends.add(end)
  }

  delete(end: OpenEnd): void {
    this.#ends.delete(end)
  }

  stop(error: Error): void {
    for (const end of [...this.#ends]) end.stop(error)
  }
}

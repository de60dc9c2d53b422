/** What a killed process said, folded: what has to be in the journal, what may be, and what must not be. */
import assert from 'node:assert/strict'

type Append =
  | { readonly kind: 'put'; readonly ticket: number; readonly log: number; readonly number: number }
  | { readonly kind: 'drop'; readonly ticket: number; readonly released: number }

/** One body that lives. */
export type Living = { readonly ticket: number; readonly log: number; readonly number: number }

export class KillLedger {
  /** In the order of their tickets, which is the order in which they were said. */
  #appends: Append[] = []
  /** Everything up to here was acknowledged. */
  acknowledged = 0

  /** Appends behind `after` that were acknowledged. */
  countAcknowledged(after: number): number {
    return this.#appends.filter(({ ticket }) => ticket > after && ticket <= this.acknowledged)
      .length
  }

  take(line: string): void {
    const [word = '', ...rest] = line.split(' ')
    const [first = 0, second = 0, third = 0] = rest.map(Number)
    if (word === 'put')
      this.#appends.push({ kind: 'put', ticket: first, log: second, number: third })
    else if (word === 'drop') this.#appends.push({ kind: 'drop', ticket: first, released: second })
    else if (word === 'settled') this.acknowledged = Math.max(this.acknowledged, first)
    else assert(word === 'open' || word === 'ready', `not a line of the child: ${line}`)
  }

  /** What lives after exactly the appends up to `ticket`, in order. */
  living(ticket: number): Living[] {
    const living = new Map<number, Living>()
    for (const append of this.#appends) {
      if (append.ticket > ticket) break
      if (append.kind === 'drop') living.delete(append.released)
      else living.set(append.ticket, { ...append })
    }
    return [...living.values()].map(({ ticket, log, number }) => ({ ticket, log, number }))
  }

  /** The journal ends at `ticket`: what was said to come behind it never happened. */
  endAt(ticket: number): void {
    this.#appends = this.#appends.filter((append) => append.ticket <= ticket)
  }
}

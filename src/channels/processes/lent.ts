/**
 * What a coordinator has lent to this process, from this process's side: asks for it, gives it back, and leaves
 * nothing behind where the asking was given up. The membership owns it.
 */
import type { WaitOptions } from '../contract.ts'
import type { CallOptions } from '../rpc-calls.ts'
import type { Client } from '../rpc-client.ts'
import type { Held } from '../sync-contract.ts'
import {
  ask,
  type Borrowing,
  type CoordinatorCalls,
  type Lending,
  type Loan,
} from './coordinator-calls.ts'

/** Something that is lent to this process. */
export interface Lent extends Held, AsyncDisposable {
  /** Fires when the coordinator is lost: from then on somebody else may have it. */
  readonly signal: AbortSignal
  /** Somebody died holding it, and you are the first to hold it since: what it protects may be half done. */
  readonly afterDeath: boolean
  /** Gives it back. Idempotent. */
  release(): Promise<void>
}

/** What the coordinator said, and the loan if there is one. */
export interface Borrowed<A> {
  readonly answer: A
  readonly lent: Lent
  readonly loan: Loan
}

export class Borrower {
  readonly #calls: Client<CoordinatorCalls>
  readonly #lost: AbortSignal
  #loans: Loan = 0

  constructor(calls: Client<CoordinatorCalls>, lost: AbortSignal) {
    this.#calls = calls
    this.#lost = lost
  }

  /** Waits until it is lent, for as long as the options allow. */
  async borrow<A extends Lending>(
    call: (borrowing: Borrowing, options: CallOptions) => Promise<A>,
    options: WaitOptions,
  ): Promise<Borrowed<A>> {
    const { signal, timeoutMs = null } = options
    const loan = ++this.#loans
    const given = signal === undefined ? {} : { signal }
    try {
      const answer = await ask(() => call({ loan, timeoutMs }, given), timeoutMs ?? 0)
      return { answer, lent: this.#lent(loan, answer), loan }
    } catch (error) {
      // The answer may be under way: then we hold it, and only here is known that nobody wants it.
      if (signal?.aborted === true) this.#abandon(loan)
      throw error
    }
  }

  /** Gives back what nobody knows that we hold, if we do; a lost coordinator has taken it back already. */
  #abandon(loan: Loan): void {
    this.#calls.abandon({ loan }).catch(() => undefined)
  }

  #lent(loan: Loan, { afterDeath }: Lending): Lent {
    let released: Promise<void> | null = null
    const giveBack = async (): Promise<void> => {
      // With the connection gone it has been given back already.
      if (!this.#lost.aborted) await ask(() => this.#calls.giveBack({ loan }))
    }
    const release = (): Promise<void> => {
      released ??= giveBack()
      return released
    }
    return { signal: this.#lost, afterDeath, release, [Symbol.asyncDispose]: release }
  }
}

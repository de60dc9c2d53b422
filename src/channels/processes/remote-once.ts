/**
 * Runs a task once for all processes of a coordinator; the others wait until it is done. If it fails or its process
 * dies, the next one runs it.
 */
import type { WaitOptions } from '../contract.ts'
import type { Client } from '../rpc-client.ts'
import type { AnyOnce } from '../sync-contract.ts'
import { ask, type CoordinatorCalls, type OnceId } from './coordinator-calls.ts'
import type { Borrower, Lent } from './lent.ts'

export class RemoteOnce implements AnyOnce {
  readonly #calls: Client<CoordinatorCalls>
  readonly #once: OnceId
  readonly #borrower: Borrower

  constructor(once: OnceId, calls: Client<CoordinatorCalls>, borrower: Borrower) {
    this.#once = once
    this.#calls = calls
    this.#borrower = borrower
  }

  /**
   * Resolves when the task has been run by somebody: `ran` if that was this call. The task gets its turn: whose
   * `signal` fires when the coordinator is lost, because then somebody else may run it, and whose `afterDeath` says
   * that somebody died running it.
   */
  async run(
    task: (turn: Lent) => void | Promise<void>,
    options: WaitOptions = {},
  ): Promise<'ran' | 'waited'> {
    const once = this.#once
    const { answer, lent, loan } = await this.#borrower.borrow(
      (borrowing, given) => this.#calls.claim({ ...borrowing, once }, given),
      options,
    )
    if (answer.done) return 'waited'
    try {
      await task(lent)
      await ask(() => this.#calls.finish({ once, loan }))
      return 'ran'
    } catch (error) {
      // What went wrong is the news; where the coordinator is gone as well there is nothing to give back.
      await lent.release().catch(() => undefined)
      throw error
    }
  }

  /** Forgets that it was done: calls that wait are refused with `SyncClosed`, and the name is free. Idempotent. */
  close(): Promise<void> {
    return ask(() => this.#calls.closeOnce({ once: this.#once }))
  }
}

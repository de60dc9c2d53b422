/**
 * The read-write lock that a coordinator keeps, as one process sees it: any number of readers, or one writer, in the
 * order of arrival. What a process held when it died comes free, and the next holder is told.
 */
import type { WaitOptions } from '../contract.ts'
import type { Client } from '../rpc-client.ts'
import type { AnyRwLock } from '../sync-contract.ts'
import { SyncTimeout } from '../sync-errors.ts'
import type { CoordinatorCalls, LockSide } from './coordinator-calls.ts'
import type { Borrower, Lent } from './lent.ts'

export class RemoteRwLock implements AnyRwLock {
  readonly name: string
  readonly #calls: Client<CoordinatorCalls>
  readonly #borrower: Borrower

  constructor(name: string, calls: Client<CoordinatorCalls>, borrower: Borrower) {
    this.name = name
    this.#calls = calls
    this.#borrower = borrower
  }

  read(options?: WaitOptions): Promise<Lent> {
    return this.#enter('read', options)
  }

  write(options?: WaitOptions): Promise<Lent> {
    return this.#enter('write', options)
  }

  /** Waits for the coordinator's answer, and for nobody who holds it. */
  tryRead(): Promise<Lent | undefined> {
    return this.#tryEnter('read')
  }

  tryWrite(): Promise<Lent | undefined> {
    return this.#tryEnter('write')
  }

  async #enter(side: LockSide, options: WaitOptions = {}): Promise<Lent> {
    const { name } = this
    const { lent } = await this.#borrower.borrow(
      (borrowing, given) => this.#calls.enter({ ...borrowing, name, side }, given),
      options,
    )
    return lent
  }

  async #tryEnter(side: LockSide): Promise<Lent | undefined> {
    try {
      return await this.#enter(side, { timeoutMs: 0 })
    } catch (error) {
      if (error instanceof SyncTimeout) return undefined
      throw error
    }
  }
}

/**
 * What a coordinator has lent to one member: permits, locks, leaderships, turns. The member's process numbers its
 * loans; this gives each back exactly once: when it says so, or when it is gone.
 */
import type { CallContext } from '../rpc-service.ts'
import { SyncMisuse } from '../sync-errors.ts'
import type { Agenda } from './agenda.ts'
import { timeOf, withEither } from './asked.ts'
import type { CoordinatorCalls, Lending, Loan } from './coordinator-calls.ts'

/** Loans of one member. */
const loansMax = 4_096 // more than it can have calls under way; a leak shall be told of

type Args<Name extends keyof CoordinatorCalls> = Parameters<CoordinatorCalls[Name]>[0]

/** Something that was granted just now. */
interface Grant {
  readonly loan: Loan
  /** Names it among all that can be lent, for its next holder. */
  readonly what: string
  readonly giveBack: () => void
}

interface Held {
  readonly grant: Grant
  readonly lending: Lending
}

export class Loans {
  readonly #agenda: Agenda
  readonly #held = new Map<Loan, Held>()
  /** Why nothing is lent any more; `null` while the member is there. */
  #gone: Error | null = null

  constructor(agenda: Agenda) {
    this.#agenda = agenda
  }

  async acquire(
    { name, total, permits, loan, timeoutMs }: Args<'acquire'>,
    { signal }: CallContext,
  ): Promise<Lending> {
    const semaphore = this.#agenda.semaphore(name, total)
    const left = (): void => this.#agenda.leftSemaphore(name)
    try {
      const guard = await semaphore.acquire({ permits, signal, ...timeOf(timeoutMs) })
      const giveBack = (): void => {
        guard.release()
        left()
      }
      return this.#lend({ loan, what: `semaphore ${name}`, giveBack }, signal)
    } finally {
      left()
    }
  }

  async enter(
    { name, side, loan, timeoutMs }: Args<'enter'>,
    { signal }: CallContext,
  ): Promise<Lending> {
    const lock = this.#agenda.lock(name)
    const left = (): void => this.#agenda.leftLock(name)
    try {
      const options = { signal, ...timeOf(timeoutMs) }
      const guard = await (side === 'read' ? lock.read(options) : lock.write(options))
      const giveBack = (): void => {
        guard.release()
        left()
      }
      return this.#lend({ loan, what: `lock ${name}`, giveBack }, signal)
    } finally {
      left()
    }
  }

  async campaign(
    { name, candidate, loan, timeoutMs }: Args<'campaign'>,
    { signal }: CallContext,
  ): Promise<Lending & { readonly term: number }> {
    const election = this.#agenda.election(name)
    const leadership = await election.campaign(candidate, { signal, ...timeOf(timeoutMs) })
    const giveBack = (): void => leadership.resign()
    const lending = this.#lend({ loan, what: `election ${name}`, giveBack }, signal)
    return { ...lending, term: leadership.term }
  }

  async claim(
    { once: id, loan, timeoutMs }: Args<'claim'>,
    { signal }: CallContext,
  ): Promise<Lending & { readonly done: boolean }> {
    const once = this.#agenda.onceOf(id)
    if (once.isDone) return { done: true, afterDeath: false }
    const guard = await withEither([signal, once.closed], (either) =>
      once.running.lock({ signal: either, ...timeOf(timeoutMs) }),
    )
    const giveBack = (): void => guard.release()
    if (once.isDone) {
      giveBack()
      return { done: true, afterDeath: false }
    }
    return { ...this.#lend({ loan, what: `once ${id}`, giveBack }, signal), done: false }
  }

  finish({ once: id, loan }: Args<'finish'>): void {
    // One that was closed meanwhile is nobody's business any more.
    const once = this.#agenda.onceOf(id)
    if (this.#held.get(loan)?.grant.what !== `once ${id}`)
      throw new SyncMisuse('it is not your turn')
    once.isDone = true
    this.giveBack(loan)
  }

  giveBack(loan: Loan): void {
    const held = this.#held.get(loan)
    this.#held.delete(loan)
    held?.grant.giveBack()
  }

  /** Its holder never heard that it was lent, nor of a death. */
  abandon(loan: Loan): void {
    const held = this.#held.get(loan)
    if (held?.lending.afterDeath === true) this.#agenda.leaveLegacy(held.grant.what)
    this.giveBack(loan)
  }

  /** The process is gone. */
  lost(cause: Error): void {
    this.#gone = cause
    for (const { grant } of this.#held.values()) {
      // Before it comes free: the next holder is to be told.
      this.#agenda.leaveLegacy(grant.what)
      grant.giveBack()
    }
    this.#held.clear()
  }

  #lend(grant: Grant, signal: AbortSignal): Lending {
    const refusal = this.#refusal(grant.loan, signal)
    if (refusal !== null) {
      grant.giveBack()
      throw refusal
    }
    const lending = { afterDeath: this.#agenda.takeLegacy(grant.what) }
    this.#held.set(grant.loan, { grant, lending })
    return lending
  }

  /** Why what was granted cannot be kept: who asked may have given up, or died, before it could be told. */
  #refusal(loan: Loan, signal: AbortSignal): Error | null {
    if (this.#gone !== null) return this.#gone
    if (signal.aborted) return signal.reason as Error
    if (this.#held.has(loan)) return new SyncMisuse(`there is a loan ${loan} already`)
    if (this.#held.size < loansMax) return null
    return new SyncMisuse(`this process holds ${loansMax} loans already`)
  }
}

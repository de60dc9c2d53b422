/**
 * Durable answers the calls of one turn with one promise: it resolves once the last of their tickets is
 * settled, so that a thousand sends cost one waiter.
 */
import { type Deferred, deferred } from '../base/deferred.ts'
import { Ring } from '../base/ring.ts'
import type { CommitWatcher } from '../broker/commits.ts'
import type { Runtime } from '../broker/runtime.ts'

type Round = { ticket: number; readonly answer: Deferred<void> }

export class Durable implements CommitWatcher {
  readonly #runtime: Runtime
  readonly #rounds = new Ring<Round>()
  /** The round of this turn, which more calls may join; null between two turns. */
  #open: Round | null = null

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  /** Resolves once the ticket is settled; rejects when that will never be. Tickets ascend. */
  after(ticket: number): Promise<void> {
    const { commits, failure, world } = this.#runtime
    if (failure !== null) return Promise.reject(failure)
    if (this.#open !== null) {
      this.#open.ticket = Math.max(this.#open.ticket, ticket)
      return this.#open.answer.promise
    }
    if (ticket <= commits.through) return DONE
    const round: Round = { ticket, answer: deferred() }
    this.#open = round
    this.#rounds.push(round)
    commits.watch(this)
    world.scheduler.soon(() => {
      this.#open = null
    })
    return round.answer.promise
  }

  settled(through: number): boolean {
    for (let round = this.#rounds.peek(); round !== undefined; round = this.#rounds.peek()) {
      if (round.ticket > through) break
      this.#rounds.shift()
      if (this.#open === round) this.#open = null
      round.answer.resolve()
    }
    return this.#rounds.size > 0
  }

  /** Nothing will be settled any more. */
  stop(error: Error): void {
    for (let round = this.#rounds.shift(); round !== undefined; round = this.#rounds.shift()) {
      round.answer.reject(error)
    }
  }
}

const DONE: Promise<void> = Promise.resolve()

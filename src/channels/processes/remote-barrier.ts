/**
 * A place at a barrier that a coordinator keeps. It behaves as a barrier of this process does; a lost coordinator
 * has broken it.
 */
import {
  type Arrival,
  type Barrier,
  BarrierBroken,
  BarrierMisuse,
  type BarrierState,
} from '../barrier-contract.ts'
import type { WaitOptions } from '../contract.ts'
import type { Client } from '../rpc-client.ts'
import { brokenOf, type CoordinatorCalls, errorOf, isLoss, type Seat } from './coordinator-calls.ts'

export class RemoteBarrier implements Barrier {
  readonly #calls: Client<CoordinatorCalls>
  readonly #seat: Seat
  readonly #onLeave: () => Promise<void> | void
  /** The newest round that was heard of. */
  #generation = 0
  #waiting = 0
  #left = false

  constructor(calls: Client<CoordinatorCalls>, seat: Seat, onLeave: () => Promise<void> | void) {
    this.#calls = calls
    this.#seat = seat
    this.#onLeave = onLeave
  }

  async wait(options: WaitOptions = {}): Promise<Arrival> {
    const { signal, timeoutMs = null } = options
    this.#waiting++
    try {
      const waiting = { seat: this.#seat, timeoutMs }
      return this.#heard(
        await this.#ask(() => this.#calls.wait(waiting, signal === undefined ? {} : { signal })),
      )
    } finally {
      this.#waiting--
    }
  }

  async arrive(): Promise<Arrival> {
    return this.#heard(await this.#ask(() => this.#calls.arrive({ seat: this.#seat })))
  }

  register(count = 1): Promise<void> {
    return this.#ask(() => this.#calls.register({ seat: this.#seat, count }))
  }

  deregister(): Promise<void> {
    return this.#ask(() => this.#calls.deregister({ seat: this.#seat }))
  }

  abort(reason?: unknown): Promise<void> {
    const text = reason instanceof Error ? reason.message : String(reason ?? 'no reason was given')
    return this.#ask(() => this.#calls.abort({ seat: this.#seat, reason: text }))
  }

  reset(): Promise<void> {
    return this.#ask(() => this.#calls.reset({ seat: this.#seat }))
  }

  close(): Promise<void> {
    return this.#ask(() => this.#calls.close({ seat: this.#seat }))
  }

  async state(): Promise<BarrierState> {
    const state = await this.#ask(() => this.#calls.state({ seat: this.#seat }))
    this.#generation = Math.max(this.#generation, state.generation)
    return { ...state, broken: state.broken === null ? null : brokenOf(state.broken) }
  }

  /**
   * Gives the place up in good order: the others do without this party from now on. Where it has already arrived,
   * that arrival still counts. Idempotent.
   */
  async leave(): Promise<void> {
    if (this.#left) return
    if (this.#waiting > 0)
      throw new BarrierMisuse('a party that waits cannot leave: abort the wait')
    this.#left = true
    try {
      await this.#ask(() => this.#calls.leave({ seat: this.#seat }))
    } finally {
      await this.#onLeave()
    }
  }

  /** Leaves. The barrier itself stays, for the others; a lost coordinator is left already. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.leave().catch((error: unknown) => {
      if (!(error instanceof BarrierBroken)) throw error
    })
  }

  #heard(arrival: Arrival): Arrival {
    this.#generation = Math.max(this.#generation, arrival.generation + 1)
    return arrival
  }

  async #ask<R>(call: () => Promise<R>): Promise<R> {
    try {
      return await call()
    } catch (error) {
      if (isLoss(error)) throw new BarrierBroken('lost', this.#generation, { cause: error })
      throw errorOf(error, 0)
    }
  }
}

/**
 * What a barrier is, wherever it runs: the one interface that the barrier in this process, the one
 * across threads and the one across processes and hosts all keep. Types and errors only.
 *
 * A round (or generation) is complete when as many arrivals have come as there are parties. Then the
 * action runs once, and then everyone who waits goes on. The next arrival belongs to the next round,
 * even while the action of this one still runs.
 *
 *   filling --last arrival--> acting --action done--> filling (generation + 1)
 *   filling, acting --timeout, abort, action failed, party lost, close--> broken
 *   filling, acting, broken --reset--> filling (generation + 1)         closed stays closed
 */
import type { WaitOptions } from './contract.ts'

/** Proof of having arrived. */
export interface Arrival {
  /** The round it counted for, from 0. */
  readonly generation: number
  /** Order of arrival in that round, from 0: never the same twice. Whoever has 0 is the round's leader. */
  readonly index: number
}

export interface BarrierState {
  /** How many arrivals complete a round. */
  readonly parties: number
  /** How many have come in this round. */
  readonly arrived: number
  readonly generation: number
  /** Why nobody passes, or `null` while all is well. */
  readonly broken: BarrierBroken | null
}

export interface Barrier extends AsyncDisposable {
  /**
   * Arrives, and resolves when all have. An abort or a timeout breaks the barrier for everyone, because an
   * arrival cannot be taken back: the aborted caller gets the signal's reason, all others `BarrierBroken`.
   */
  wait(options?: WaitOptions): Promise<Arrival>
  /** Arrives without waiting for the others. */
  arrive(): Promise<Arrival>
  /** So many parties more, from the round that is being filled on. */
  register(count?: number): Promise<void>
  /** One party that has not yet arrived leaves: this round and the later ones do without it, and may complete by it. */
  deregister(): Promise<void>
  /** Breaks the barrier: everyone who waits, and everyone who comes before `reset`, gets `BarrierBroken`. */
  abort(reason?: unknown): Promise<void>
  /** Starts a fresh round; whoever waits gets `BarrierBroken` with the reason `reset`. */
  reset(): Promise<void>
  /** Breaks the barrier for good. Idempotent. */
  close(): Promise<void>
  /** How things stand now (of a remote barrier: stood when the answer left). */
  state(): Promise<BarrierState>
}

/** The caller broke a rule: more parties leave than there are, or their number makes no sense. */
export class BarrierMisuse extends Error {
  override readonly name = 'BarrierMisuse'
  readonly code = 'BARRIER_MISUSE'
}

/** What broke a barrier. */
export type BrokenReason = 'timeout' | 'aborted' | 'action' | 'lost' | 'reset' | 'closed'

const brokenBecause: Readonly<Record<BrokenReason, string>> = {
  timeout: 'a party waited too long',
  aborted: 'a party gave up',
  action: 'the action failed',
  lost: 'a party died',
  reset: 'it was reset',
  closed: 'it was closed',
}

/** The round cannot complete; `reason` says why, `cause` carries the action's or the party's own error. */
export class BarrierBroken extends Error {
  override readonly name = 'BarrierBroken'
  readonly code = 'BARRIER_BROKEN'
  readonly reason: BrokenReason
  readonly generation: number
  constructor(reason: BrokenReason, generation: number, options?: ErrorOptions) {
    super(`the barrier broke in round ${generation}: ${brokenBecause[reason]}`, options)
    this.reason = reason
    this.generation = generation
  }
}

/**
 * The barrier between threads: the same as in one process, in shared memory. Make it in one thread, send its
 * `handle` to the others, and attach there. Each instance belongs to its thread; a thread that dies breaks it.
 *
 * Functions do not cross threads: where there is an action, every party attaches with it, and the one that comes
 * last in a round runs it there.
 */
import { type Deferred, deferred } from '../../base/deferred.ts'
import {
  type Arrival,
  type Barrier,
  BarrierBroken,
  BarrierMisuse,
  type BarrierState,
  type BrokenReason,
} from '../barrier-contract.ts'
import type { WaitOptions } from '../contract.ts'
import { done } from '../turn.ts'
import { Waiter } from '../waiter.ts'
import { Blocking, canRunAtOnce, checkBlocking } from './blocking.ts'
import { Desk, type Line, turn } from './desk.ts'
import { life, type Resident } from './life.ts'
import { threadLimits } from './limits.ts'
import { leave, READY, type Roster, type Seat } from './roster.ts'
import {
  ACTING,
  arrive,
  BROKEN,
  breakRoundOf,
  breakRounds,
  changeParties,
  fullMax,
  PASSED,
  partiesMax,
  partiesOf,
  REFUSED,
  Rounds,
  release,
  resetRounds,
  roundOf,
  roundsSet,
  settleDeaths,
  spinOn,
  standing,
  Ticket,
} from './rounds.ts'
import { type SharedHandle, takeAnySeat } from './seating.ts'
import { sleepUntilRung } from './sleep.ts'
import { Spin } from './spin.ts'

/** Runs once a round, in the thread that came last, before anybody goes on. */
export type RoundAction = (generation: number) => void | Promise<void>

export interface AttachBarrierOptions {
  /** The same for every party. What it throws breaks the barrier. */
  readonly action?: RoundAction
}

export interface ThreadBarrierOptions extends AttachBarrierOptions {
  /** How many arrivals complete a round, until `register` and `deregister` change it; 255 at most. */
  readonly parties: number
  /** How many threads may attach at a time; 32 unless told. */
  readonly seats?: number
  /** For people: errors name it. */
  readonly name?: string
}

export type ThreadBarrierHandle = SharedHandle<'naru/thread-barrier'>

/** One that waits for its round. If it stops waiting, everyone does: its arrival cannot be taken back. */
class RoundCall extends Waiter {
  readonly ticket: Ticket
  readonly answer: Deferred<Arrival> = deferred()
  readonly #giveUp: (call: RoundCall, why: GivingUp) => void

  constructor(ticket: Ticket, giveUp: (call: RoundCall, why: GivingUp) => void) {
    super()
    this.ticket = ticket
    this.#giveUp = giveUp
  }

  override lose(): void {
    this.#giveUp(this, { reason: 'timeout', error: null })
  }

  override aborted(error: unknown): void {
    this.leave()
    this.#giveUp(this, { reason: 'aborted', error })
  }
}

interface GivingUp {
  readonly reason: 'timeout' | 'aborted'
  /** What the caller gets instead of `BarrierBroken`, or `null`. */
  readonly error: unknown
}

/** The last of a round, which waits for the actions of earlier rounds. */
class ActCall extends Waiter {
  readonly ticket: Ticket

  constructor(ticket: Ticket) {
    super()
    this.ticket = ticket
  }

  override lose(): void {}
}

/** A barrier counts arrivals, and nobody holds one. */
const holdsNothing = (): boolean => false

function settlesDeaths(roster: Roster): boolean {
  settleDeaths(roster)
  return false
}

export class ThreadBarrier implements Barrier, Resident {
  readonly name: string
  readonly seat: Seat
  readonly #memory: SharedArrayBuffer
  readonly #action: RoundAction | null
  readonly #rounds: Rounds
  readonly #spin = new Spin()
  readonly #desk: Desk
  readonly #calls: Line<RoundCall>
  readonly #acts: Line<ActCall>
  /** Why the last action of this thread failed: the only cause that it can tell. */
  #cause: unknown = undefined
  #isRetired: boolean = false

  private constructor(handle: ThreadBarrierHandle, options: AttachBarrierOptions) {
    const seat = takeAnySeat(handle, { roles: 0, holds: settlesDeaths })
    this.name = handle.name
    this.seat = seat
    this.#memory = handle.memory
    this.#action = options.action ?? null
    this.#rounds = new Rounds(seat, { acts: this.#action !== null })
    this.#desk = new Desk(seat, () => life.sweep(seat.roster))
    this.#calls = this.#desk.line({ serve: (call) => this.#serveCall(call), keepsAlive: true })
    this.#acts = this.#desk.line({ serve: (call) => this.#serveAct(call), keepsAlive: true })
    life.watch(this, holdsNothing)
  }

  static create(options: ThreadBarrierOptions): ThreadBarrier {
    const { parties, seats = threadLimits.seats, name = 'thread barrier' } = options
    if (!Number.isSafeInteger(parties) || parties < 0 || parties > partiesMax) {
      throw new BarrierMisuse(
        `a number of parties is a whole number from 0 to ${partiesMax}, not ${parties}`,
      )
    }
    const memory = Rounds.allocate(parties, seats)
    return new ThreadBarrier({ kind: 'naru/thread-barrier', name, memory }, options)
  }

  /** Takes part in a barrier made elsewhere. */
  static attach(handle: ThreadBarrierHandle, options: AttachBarrierOptions = {}): ThreadBarrier {
    if (handle.kind !== 'naru/thread-barrier') throw new BarrierMisuse('this is no barrier handle')
    return new ThreadBarrier(handle, options)
  }

  /** What another thread attaches by. It may be sent any number of times. */
  get handle(): ThreadBarrierHandle {
    return { kind: 'naru/thread-barrier', name: this.name, memory: this.#memory }
  }

  wait(options?: WaitOptions): Promise<Arrival> {
    if (options?.signal?.aborted === true) return Promise.reject(options.signal.reason)
    if (this.#isRetired) return Promise.reject(this.#detached())
    const ticket = new Ticket()
    const result = arrive(this.#rounds, ticket)
    if (result === PASSED) return turn.with(arrivalOf(ticket))
    if (result === BROKEN || result === REFUSED)
      return Promise.reject(this.#refusal(result, ticket))
    const call = new RoundCall(ticket, (loser, why) => this.#giveUp(loser, why))
    if (result === ACTING) this.#act(ticket)
    this.#desk.enter(this.#calls, call, options)
    return call.answer.promise
  }

  /** Arrives, and blocks this thread, which must be a Worker, until all have. The action must not be asynchronous. */
  waitSync(options?: WaitOptions): Arrival {
    checkBlocking('wait', options)
    if (this.#isRetired) throw this.#detached()
    const ticket = new Ticket()
    let result = arrive(this.#rounds, ticket)
    if (result === roundsSet || result === ACTING) result = this.#sleepSync(ticket, options)
    if (result === ACTING) result = this.#actSync(ticket)
    if (result !== PASSED) throw this.#refusal(result, ticket)
    return arrivalOf(ticket)
  }

  arrive(): Promise<Arrival> {
    if (this.#isRetired) return Promise.reject(this.#detached())
    const ticket = new Ticket()
    const result = arrive(this.#rounds, ticket)
    if (result === BROKEN || result === REFUSED)
      return Promise.reject(this.#refusal(result, ticket))
    if (result === ACTING) this.#act(ticket)
    return turn.with(arrivalOf(ticket))
  }

  async register(count = 1): Promise<void> {
    if (!Number.isSafeInteger(count) || count < 0 || count > partiesMax) {
      throw new BarrierMisuse(`a number of parties is a whole number from 0, not ${count}`)
    }
    this.#changeParties(count)
  }

  async deregister(): Promise<void> {
    this.#changeParties(-1)
  }

  async abort(reason?: unknown): Promise<void> {
    if (breakRounds(this.#rounds, 'aborted')) this.#cause = reason
    this.#desk.refresh()
  }

  async reset(): Promise<void> {
    if (!resetRounds(this.#rounds)) throw this.#broken('closed', this.#rounds.generation)
    this.#desk.refresh()
  }

  async close(): Promise<void> {
    breakRounds(this.#rounds, 'closed')
    this.#desk.refresh()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async state(): Promise<BarrierState> {
    const { parties, arrived, generation, reason } = standing(this.#rounds)
    const broken = reason === null ? null : this.#broken(reason, generation)
    return { parties, arrived, generation, broken }
  }

  /**
   * Ends this thread's part; its calls that wait are given up, which breaks their round. Otherwise nothing breaks: a
   * party that is not coming back deregisters first. Idempotent.
   */
  detach(): void {
    for (const call of this.#calls.waiters.takeAll()) {
      this.#giveUp(call, { reason: 'aborted', error: this.#detached() })
    }
    this.retire()
  }

  /** Gives the seat back. */
  retire(): void {
    if (this.#isRetired) return
    this.#isRetired = true
    life.forget(this)
    leave(this.seat)
  }

  #changeParties(by: number): void {
    if (this.#isRetired) throw this.#detached()
    const ticket = new Ticket()
    const result = changeParties(this.#rounds, by, ticket)
    if (result === BROKEN) throw this.#broken(ticket.reason, ticket.generation)
    if (result === REFUSED) {
      throw new BarrierMisuse(
        by < 0 ? 'no party is left that could leave' : `more than ${partiesMax} parties`,
      )
    }
    if (result === ACTING) this.#act(ticket)
    this.#desk.refresh()
  }

  #serveCall(call: RoundCall): number {
    const result = roundOf(this.#rounds, call.ticket)
    if (result !== PASSED && result !== BROKEN) return roundsSet
    call.leave()
    this.#settle(call, result)
    return READY
  }

  #settle(call: RoundCall, result: number): void {
    if (result === PASSED) call.answer.resolve(arrivalOf(call.ticket))
    else call.answer.reject(this.#refusal(result, call.ticket))
  }

  #giveUp(call: RoundCall, { reason, error }: GivingUp): void {
    if (breakRoundOf(this.#rounds, call.ticket, reason)) {
      call.answer.reject(error ?? this.#broken(reason, call.ticket.generation))
      this.#desk.refresh()
    } else {
      // The others were faster: its round is over, one way or the other.
      this.#settle(call, roundOf(this.#rounds, call.ticket))
    }
  }

  /** Runs the action of a round when its turn has come. */
  #act(ticket: Ticket): void {
    this.#desk.enter(this.#acts, new ActCall(ticket), undefined)
  }

  #serveAct(call: ActCall): number {
    const result = roundOf(this.#rounds, call.ticket)
    if (result === roundsSet) return roundsSet
    call.leave()
    if (result === ACTING) this.#runAction(call.ticket)
    return READY
  }

  #runAction(ticket: Ticket): void {
    try {
      const action = this.#action?.(ticket.generation >>> 0)
      if (action instanceof Promise)
        action.then(
          () => this.#release(),
          (error) => this.#fail(ticket, error),
        )
      else this.#release()
    } catch (error) {
      this.#fail(ticket, error)
    }
  }

  #release(): void {
    release(this.#rounds)
    // The round's own call may be this thread's; it need not be woken from outside.
    void done.then(() => this.#desk.refresh())
  }

  #fail(ticket: Ticket, error: unknown): void {
    if (breakRoundOf(this.#rounds, ticket, 'action')) this.#cause = error
    void done.then(() => this.#desk.refresh())
  }

  #actSync(ticket: Ticket): number {
    try {
      const action = this.#action?.(ticket.generation >>> 0)
      if (action instanceof Promise) {
        action.catch(() => undefined)
        throw new BarrierMisuse('a thread that blocks cannot run an asynchronous action')
      }
    } catch (error) {
      if (breakRoundOf(this.#rounds, ticket, 'action')) this.#cause = error
      return roundOf(this.#rounds, ticket)
    }
    return release(this.#rounds) ? PASSED : roundOf(this.#rounds, ticket)
  }

  /** Until the round is over, or it is this thread's turn to act. */
  #sleepSync(ticket: Ticket, options: WaitOptions | undefined): number {
    const rounds = this.#rounds
    let result = this.#spinSync(ticket, options)
    if (result !== roundsSet) return result
    const attempt = (): number => {
      result = roundOf(rounds, ticket)
      return result === roundsSet ? roundsSet : READY
    }
    const patience = new Blocking(options, 0, () => life.sweep(rounds.roster))
    const isOver = sleepUntilRung(rounds.roster, { attempt }, patience)
    if (!isOver) {
      breakRoundOf(rounds, ticket, 'timeout')
      result = roundOf(rounds, ticket)
    }
    this.#desk.refresh()
    return result
  }

  /** The hot path of a round: allocates nothing, and asks nobody for the time. */
  #spinSync(ticket: Ticket, options: WaitOptions | undefined): number {
    const rounds = this.#rounds
    if (options?.timeoutMs === 0 || !canRunAtOnce(partiesOf(rounds))) return roundsSet
    const result = spinOn(rounds, ticket, this.#spin.turns)
    if (result === roundsSet) this.#spin.miss()
    else this.#spin.hit()
    return result
  }

  #detached(): BarrierMisuse {
    return new BarrierMisuse(`this thread has detached from ${this.name}`)
  }

  #refusal(result: number, ticket: Ticket): Error {
    if (result === BROKEN) return this.#broken(ticket.reason, ticket.generation)
    return new BarrierMisuse(`more than ${fullMax} rounds wait for their actions`)
  }

  #broken(reason: BrokenReason, generation: number): BarrierBroken {
    const isOwn = this.#cause !== undefined && (reason === 'action' || reason === 'aborted')
    return new BarrierBroken(reason, generation >>> 0, isOwn ? { cause: this.#cause } : {})
  }
}

function arrivalOf(ticket: Ticket): Arrival {
  return { generation: ticket.generation >>> 0, index: ticket.index }
}

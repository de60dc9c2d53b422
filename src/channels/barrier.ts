/**
 * The barrier of one process. It counts arrivals and knows no parties by name: who arrives twice in a round
 * counts twice. Rounds that are full act one after the other, in order, while later ones already fill.
 */
import { type Deferred, deferred } from '../base/deferred.ts'
import type { Scheduler } from '../base/ports.ts'
import { Ring } from '../base/ring.ts'
import {
  type Arrival,
  type Barrier,
  BarrierBroken,
  BarrierMisuse,
  type BarrierState,
  type BrokenReason,
} from './barrier-contract.ts'
import type { Ports, WaitOptions } from './contract.ts'
import { done, Turn } from './turn.ts'
import { Waiter, WaitList } from './waiter.ts'

export interface BarrierOptions {
  /** How many arrivals complete a round, until `register` and `deregister` change it. */
  readonly parties: number
  /** Runs once a round, when all have arrived and before anybody goes on. What it throws breaks the barrier. */
  readonly action?: (generation: number) => void | Promise<void>
}

/** Breaks the barrier for everyone, and answers with what everyone gets. */
type Break = (reason: BrokenReason, cause: unknown) => BarrierBroken

/** One party that waits. If it stops waiting, everyone does: its arrival cannot be taken back. */
class Party extends Waiter {
  readonly answer: Deferred<Arrival> = deferred()
  readonly arrival: Arrival
  readonly #break: Break

  constructor(arrival: Arrival, breakAll: Break) {
    super()
    this.arrival = arrival
    this.#break = breakAll
  }

  override aborted(reason: unknown): void {
    this.leave()
    this.#break('aborted', reason)
    this.answer.reject(reason)
  }

  override lose(): void {
    this.answer.reject(this.#break('timeout', undefined))
  }
}

class Round {
  readonly generation: number
  readonly waiting: WaitList<Party> = new WaitList()
  /** Invariant: never less than `waiting.size`. */
  arrived = 0
  /** Nobody passes by it any more; its action, if it still runs, means nothing. */
  broken: boolean = false

  constructor(generation: number) {
    this.generation = generation
  }
}

export class LocalBarrier implements Barrier {
  readonly #action: (generation: number) => unknown
  readonly #scheduler: Scheduler
  readonly #turn: Turn
  #parties: number
  #filling: Round = new Round(0)
  /** Rounds at which all have arrived and from which nobody has gone on; the first of them acts. */
  readonly #full: Ring<Round> = new Ring()
  /** `acting` from the start of an action to its end, even if the barrier breaks meanwhile: two never overlap. */
  #phase: 'filling' | 'acting' = 'filling'
  #broken: BarrierBroken | null = null

  constructor(options: BarrierOptions, ports: Ports) {
    this.#parties = checkCount(options.parties)
    this.#action = options.action ?? (() => null)
    this.#scheduler = ports.scheduler
    this.#turn = Turn.of(ports.scheduler)
  }

  /** The round that is being filled. */
  get generation(): number {
    return this.#filling.generation
  }

  wait(options?: WaitOptions): Promise<Arrival> {
    if (options?.signal?.aborted === true) return Promise.reject(options.signal.reason)
    if (this.#broken !== null) return Promise.reject(this.#broken)
    const round = this.#filling
    const party = new Party(this.#arrive(round), (reason, cause) => this.#break(reason, cause))
    round.waiting.push(party)
    this.#actIfFull()
    if (party.home !== null) party.arm(options, this.#scheduler)
    return party.answer.promise
  }

  arrive(): Promise<Arrival> {
    if (this.#broken !== null) return Promise.reject(this.#broken)
    const arrival = this.#arrive(this.#filling)
    this.#actIfFull()
    return this.#turn.with(arrival)
  }

  async register(count = 1): Promise<void> {
    this.#refuseClosed()
    this.#parties += checkCount(count)
  }

  async deregister(): Promise<void> {
    this.#refuseClosed()
    if (this.#parties === 0) throw new BarrierMisuse('no party is left that could leave')
    this.#parties -= 1
    this.#actIfFull()
  }

  async abort(reason?: unknown): Promise<void> {
    this.#break('aborted', reason)
  }

  /** A party is gone and will not arrive: breaks the barrier. For whoever watches over parties that live elsewhere. */
  lose(cause: unknown): void {
    this.#break('lost', cause)
  }

  async reset(): Promise<void> {
    this.#refuseClosed()
    if (this.#broken === null) this.#break('reset', undefined)
    this.#broken = null
    this.#filling = new Round(this.#filling.generation + 1)
  }

  async close(): Promise<void> {
    this.#break('closed', undefined)
    if (this.#broken?.reason === 'closed') return
    this.#broken = new BarrierBroken('closed', this.#filling.generation)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async state(): Promise<BarrierState> {
    const { arrived, generation } = this.#filling
    return { parties: this.#parties, arrived, generation, broken: this.#broken }
  }

  #arrive(round: Round): Arrival {
    const arrival = { generation: round.generation, index: round.arrived }
    round.arrived += 1
    return arrival
  }

  #actIfFull(): void {
    const round = this.#filling
    if (round.arrived === 0 || round.arrived < this.#parties) return
    this.#full.push(round)
    this.#filling = new Round(round.generation + 1)
    if (this.#phase === 'filling') this.#act()
  }

  /** Acts for every full round in turn. */
  #act(): void {
    this.#phase = 'acting'
    for (let round = this.#full.peek(); round !== undefined; round = this.#full.peek()) {
      const acting = round
      const action = this.#startAction(acting)
      if (action !== null) {
        void action.then(() => {
          this.#release(acting)
          this.#act()
        })
        return
      }
      this.#release(acting)
    }
    this.#phase = 'filling'
  }

  /** What the round has to wait for; `null` if it is over already. It never rejects. */
  #startAction(round: Round): Promise<void> | null {
    try {
      const action = this.#action(round.generation)
      if (action instanceof Promise) {
        return action.then(undefined, (error: unknown) => this.#fail(round, error))
      }
    } catch (error) {
      this.#fail(round, error)
    }
    const over = this.#turn.over()
    return over === done ? null : over
  }

  #fail(round: Round, error: unknown): void {
    if (!round.broken) this.#break('action', error)
  }

  #release(round: Round): void {
    if (round.broken) return
    this.#full.shift()
    for (const party of round.waiting.takeAll()) party.answer.resolve(party.arrival)
  }

  #break(reason: BrokenReason, cause: unknown): BarrierBroken {
    if (this.#broken !== null) return this.#broken
    const rounds = [...this.#full, this.#filling]
    const why = cause === undefined ? {} : { cause }
    const broken = new BarrierBroken(reason, rounds[0]!.generation, why)
    this.#broken = broken
    this.#full.clear()
    this.#filling = new Round(this.#filling.generation)
    for (const round of rounds) {
      round.broken = true
      for (const party of round.waiting.takeAll()) party.answer.reject(broken)
    }
    return broken
  }

  #refuseClosed(): void {
    if (this.#broken?.reason === 'closed') throw this.#broken
  }
}

function checkCount(count: number): number {
  if (Number.isSafeInteger(count) && count >= 0) return count
  throw new BarrierMisuse(`a number of parties is a whole number from 0, not ${count}`)
}

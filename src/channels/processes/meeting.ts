/**
 * A meeting is a barrier whose parties are in other processes: a barrier of this process, and the places of
 * those who take part. A party whose process is lost breaks it; one that leaves is done without.
 */
import { LocalBarrier } from '../barrier.ts'
import { type Arrival, BarrierBroken, BarrierMisuse } from '../barrier-contract.ts'
import type { Ports, WaitOptions } from '../contract.ts'
import { BrokenFault, brokenState, type LatePolicy, type RemoteState } from './coordinator-calls.ts'

/** Runs the action in the process that brought it. */
export type Act = (generation: number) => Promise<void>

/** One party. */
export class Place {
  readonly act: Act | null
  /** The round in which it has arrived without waiting, -1 before the first. */
  arrivedIn = -1
  /** It has left, but its arrival counts: only the rounds after that one do without it. */
  leaving = false

  constructor(act: Act | null) {
    this.act = act
  }
}

export interface JoinOptions {
  /** How many parties there are; `null`: as many as have joined. */
  readonly parties: number | null
  readonly late: LatePolicy
  readonly act: Act | null
}

export class Meeting {
  readonly #name: string
  readonly #asked: number | null
  readonly #barrier: LocalBarrier
  /** Who takes part, in the order of joining. */
  readonly #places = new Set<Place>()
  /** How many arrivals complete a round. Invariant: what the barrier has. */
  #parties: number

  constructor(name: string, parties: number | null, ports: Ports) {
    this.#name = name
    this.#asked = parties
    this.#parties = parties ?? 0
    this.#barrier = new LocalBarrier(
      { parties: this.#parties, action: (generation) => this.#act(generation) },
      ports,
    )
  }

  get empty(): boolean {
    return this.#places.size === 0
  }

  /** Gives the party a place. Throws BarrierMisuse where there is none, or where it means another meeting. */
  join({ parties, late, act }: JoinOptions): Place {
    if (parties !== this.#asked) {
      throw new BarrierMisuse(
        `'${this.#name}' has ${this.#asked ?? 'any'} parties, not ${parties ?? 'any'}`,
      )
    }
    if (this.#places.size >= this.#parties) {
      if (this.#asked !== null && late === 'refuse') {
        throw new BarrierMisuse(`'${this.#name}' has all of its ${this.#parties} parties`)
      }
      this.#grow(1)
    }
    const place = new Place(act)
    this.#places.add(place)
    return place
  }

  async wait(options: WaitOptions): Promise<Arrival> {
    try {
      return await this.#barrier.wait(options)
    } catch (error) {
      throw traveling(error)
    }
  }

  async arrive(place: Place): Promise<Arrival> {
    try {
      const arrival = await this.#barrier.arrive()
      place.arrivedIn = arrival.generation
      return arrival
    } catch (error) {
      throw traveling(error)
    }
  }

  async register(count: number): Promise<void> {
    try {
      await this.#barrier.register(count)
      this.#parties += count
    } catch (error) {
      throw traveling(error)
    }
  }

  async deregister(): Promise<void> {
    try {
      await this.#shrink()
    } catch (error) {
      throw traveling(error)
    }
  }

  abort(reason: string): Promise<void> {
    return this.#barrier.abort(new Error(reason))
  }

  async reset(): Promise<void> {
    try {
      await this.#barrier.reset()
    } catch (error) {
      throw traveling(error)
    }
  }

  close(): Promise<void> {
    return this.#barrier.close()
  }

  async state(): Promise<RemoteState> {
    const { parties, arrived, generation, broken } = await this.#barrier.state()
    return { parties, arrived, generation, broken: broken === null ? null : brokenState(broken) }
  }

  /** The party goes in good order: the others do without it. */
  leave(place: Place): void {
    if (place.arrivedIn === this.#barrier.generation) {
      place.leaving = true
      return
    }
    this.#remove(place)
  }

  /** The party's process is gone: the round cannot complete, nor the next one before somebody resets. */
  lose(place: Place, cause: Error): void {
    if (!this.#places.delete(place)) return
    this.#barrier.lose(cause)
    // A fixed number of parties keeps the place free for one who comes instead.
    if (this.#asked === null) this.#shrinkQuietly()
  }

  #act(generation: number): Promise<void> | undefined {
    for (const place of this.#places) if (place.leaving) this.#remove(place)
    for (const place of this.#places) if (place.act !== null) return place.act(generation)
    return undefined
  }

  #remove(place: Place): void {
    if (this.#places.delete(place)) this.#shrinkQuietly()
  }

  #grow(count: number): void {
    this.#parties += count
    this.#barrier.register(count).catch(ignoreClosed)
  }

  #shrinkQuietly(): void {
    this.#shrink().catch(ignoreClosed)
  }

  #shrink(): Promise<void> {
    if (this.#parties > 0) this.#parties--
    return this.#barrier.deregister()
  }
}

/** Of a barrier that is closed for good nobody can take leave, and nobody has to. */
function ignoreClosed(error: unknown): void {
  if (!(error instanceof BarrierBroken)) throw error
}

function traveling(error: unknown): unknown {
  return error instanceof BarrierBroken ? new BrokenFault(error) : error
}

/**
 * A coordinator keeps what several processes agree on: barriers, semaphores, elections, each by its name. Whoever
 * connects is a member for as long as it shows signs of life; when it is lost, so is its part in everything.
 */
import type { Address } from '../../base/ports.ts'
import { BarrierMisuse } from '../barrier-contract.ts'
import { Election } from '../election.ts'
import { Semaphore } from '../semaphore.ts'
import { SyncMisuse } from '../sync-errors.ts'
import { Meeting } from './meeting.ts'
import { Member } from './member.ts'
import { RpcListener } from './rpc-wire.ts'
import type { ProcessWorld } from './world.ts'

/** Names of each kind. */
const namesMax = 4_096 // a typing error in a loop shall end in an error and not in all memory

/** How long a member may be silent. */
export const leaseMsDefault = 10_000 // a stage that computes without a pause for longer should say so

export interface CoordinatorOptions {
  /** A member that has been silent for so long is lost: 10 seconds unless told. */
  readonly leaseMs?: number
  /** A secret that members must know. Needed where other machines can connect. */
  readonly token?: string
  readonly membersMax?: number
}

/** What both sides must mean. */
export const PURPOSE = 'coordinator'

/** What members share, by name. */
export class Agenda {
  readonly #world: ProcessWorld
  readonly #meetings = new Map<string, Meeting>()
  readonly #semaphores = new Map<string, Semaphore>()
  readonly #elections = new Map<string, Election>()

  constructor(world: ProcessWorld) {
    this.#world = world
  }

  /** The meeting of that name, made if there is none. */
  meeting(name: string, parties: number | null): Meeting {
    const known = this.#meetings.get(name)
    if (known !== undefined) return known
    if (this.#meetings.size >= namesMax) throw new BarrierMisuse(`there are ${namesMax} barriers`)
    const meeting = new Meeting(name, parties, this.#world)
    this.#meetings.set(name, meeting)
    return meeting
  }

  /** A meeting that nobody takes part in is forgotten, broken or not: the next one starts afresh. */
  forget(name: string): void {
    if (this.#meetings.get(name)?.empty === true) this.#meetings.delete(name)
  }

  semaphore(name: string, total: number): Semaphore {
    const known = this.#semaphores.get(name)
    if (known !== undefined) {
      if (known.permits === total) return known
      throw new SyncMisuse(`'${name}' has ${known.permits} permits, not ${total}`)
    }
    if (this.#semaphores.size >= namesMax) throw new SyncMisuse(`there are ${namesMax} semaphores`)
    const semaphore = new Semaphore(total, this.#world)
    this.#semaphores.set(name, semaphore)
    return semaphore
  }

  /** Kept for ever, because terms must grow: who lost the leadership long ago must still be told apart. */
  election(name: string): Election {
    const known = this.#elections.get(name)
    if (known !== undefined) return known
    if (this.#elections.size >= namesMax) throw new SyncMisuse(`there are ${namesMax} elections`)
    const election = new Election(this.#world)
    this.#elections.set(name, election)
    return election
  }

  /** A semaphore that is not in use is forgotten. */
  returned(name: string): void {
    const semaphore = this.#semaphores.get(name)
    if (semaphore === undefined) return
    if (semaphore.available === semaphore.permits) this.#semaphores.delete(name)
  }

  async close(): Promise<void> {
    for (const election of this.#elections.values()) election.close()
    await Promise.all([...this.#meetings.values()].map((meeting) => meeting.close()))
  }
}

export class Coordinator implements AsyncDisposable {
  readonly #listener: RpcListener
  readonly #agenda: Agenda

  private constructor(listener: RpcListener, agenda: Agenda) {
    this.#listener = listener
    this.#agenda = agenda
  }

  static async open(
    address: Address,
    options: CoordinatorOptions,
    world: ProcessWorld,
  ): Promise<Coordinator> {
    const agenda = new Agenda(world)
    const { leaseMs = leaseMsDefault, token = '', membersMax } = options
    const listener = await RpcListener.open(
      address,
      {
        purpose: PURPOSE,
        token,
        silenceMs: leaseMs,
        ...(membersMax === undefined ? {} : { peersMax: membersMax }),
        onCaller: ({ peer, channel }) => {
          const member = new Member(agenda, peer)
          void channel.gone().then((failure) => member.lost(failure, channel.name))
        },
      },
      world,
    )
    return new Coordinator(listener, agenda)
  }

  /** Where it really listens. */
  get address(): Address {
    return this.#listener.address
  }

  get memberCount(): number {
    return this.#listener.callers.length
  }

  /** Breaks all barriers for good, ends all elections, and lets the members go. Idempotent. */
  async close(): Promise<void> {
    await this.#agenda.close()
    await this.#listener.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/**
 * A coordinator keeps what several processes agree on: barriers, latches, locks, elections, each by its name. Whoever
 * connects is a member for as long as it shows signs of life; when it is lost, so is its part in everything.
 */
import type { Address } from '../../base/ports.ts'
import { Agenda } from './agenda.ts'
import { Member } from './member.ts'
import { RpcListener } from './rpc-wire.ts'
import type { ProcessWorld } from './world.ts'

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

  /** Breaks all barriers for good, ends all elections, latches and onces, and lets the members go. Idempotent. */
  async close(): Promise<void> {
    await this.#agenda.close()
    await this.#listener.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

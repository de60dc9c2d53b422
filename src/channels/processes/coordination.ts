/**
 * A process's membership with a coordinator: barriers, semaphores, locks and elections shared with other
 * processes. It owns the connection; when that is lost, everything that came of it is, and says so.
 */
import type { Address } from '../../base/ports.ts'
import type { WaitOptions } from '../contract.ts'
import type { RpcPeer } from '../rpc.ts'
import { type Client, client } from '../rpc-client.ts'
import { SyncClosed } from '../sync-errors.ts'
import { leaseMsDefault, PURPOSE } from './coordinator.ts'
import {
  type CoordinatorCalls,
  errorOf,
  isLoss,
  type LatePolicy,
  type LeaderState,
  type Loan,
  type MemberCalls,
  type Seat,
} from './coordinator-calls.ts'
import type { ProcessChannel } from './process-channel.ts'
import { RemoteBarrier } from './remote-barrier.ts'
import { type Caller, connectRpc } from './rpc-wire.ts'
import type { ProcessWorld } from './world.ts'

export interface CoordinationOptions extends WaitOptions {
  /** A coordinator that has been silent for so long is lost: 10 seconds unless told. */
  readonly leaseMs?: number
  readonly token?: string
  /** How long to try again while there is no coordinator yet. 0 unless told. */
  readonly patienceMs?: number
}

export interface JoinBarrierOptions {
  /** How many parties meet; all must say the same. As many as have joined unless told. */
  readonly parties?: number
  /** What becomes of one who comes when all parties are there: `refuse` unless told. */
  readonly late?: LatePolicy
  /**
   * Runs once a round before anybody goes on. If several parties bring one, that of the party which joined first
   * and is still there runs.
   */
  readonly action?: (generation: number) => void | Promise<void>
}

/** Something that is lent to this process. */
export interface Lent extends AsyncDisposable {
  /** Fires when the coordinator is lost: from then on somebody else may have it. */
  readonly signal: AbortSignal
  /** Gives it back. Idempotent. */
  release(): Promise<void>
}

export interface Office extends Lent {
  readonly candidate: string
  /** Grows with every leader: what comes with an older term is from one that was replaced. */
  readonly term: number
}

export interface AcquireManyOptions extends WaitOptions {
  readonly permits?: number
}

export class Coordination implements AsyncDisposable {
  readonly #peer: RpcPeer
  readonly #channel: ProcessChannel<never>
  readonly #calls: Client<CoordinatorCalls>
  readonly #actions = new Map<Seat, (generation: number) => void | Promise<void>>()
  readonly #lost = new AbortController()

  private constructor({ peer, channel }: Caller) {
    this.#peer = peer
    this.#channel = channel as unknown as ProcessChannel<never>
    this.#calls = client<CoordinatorCalls>(peer)
    peer.serveAll<MemberCalls>({
      act: async ({ seat, generation }) => await this.#actions.get(seat)?.(generation),
    })
    void channel.gone().then((failure) => {
      this.#lost.abort(failure ?? new SyncClosed('the coordinator has been left'))
    })
  }

  /** Becomes a member of the coordinator at `address`. */
  static async connect(
    address: Address,
    options: CoordinationOptions,
    world: ProcessWorld,
  ): Promise<Coordination> {
    const { leaseMs = leaseMsDefault, ...others } = options
    return new Coordination(
      await connectRpc(address, { purpose: PURPOSE, silenceMs: leaseMs, ...others }, world),
    )
  }

  /** A place at one barrier, over a connection of its own that ends when the place is left. */
  static async join(
    address: Address,
    { name, ...options }: CoordinationOptions & JoinBarrierOptions & { readonly name: string },
    world: ProcessWorld,
  ): Promise<RemoteBarrier> {
    const coordination = await Coordination.connect(address, options, world)
    try {
      return await coordination.#join(name, options, () => coordination.close())
    } catch (error) {
      await coordination.close()
      throw error
    }
  }

  /** Fires when the coordinator is lost or has been left. */
  get signal(): AbortSignal {
    return this.#lost.signal
  }

  /** Takes a place at the barrier of that name. Each join is one party. */
  barrier(name: string, options: JoinBarrierOptions = {}): Promise<RemoteBarrier> {
    return this.#join(name, options, () => {})
  }

  async #join(
    name: string,
    options: JoinBarrierOptions,
    onLeft: () => Promise<void> | void,
  ): Promise<RemoteBarrier> {
    const { parties = null, late = 'refuse', action } = options
    const asked = { name, parties, late, acts: action !== undefined }
    const seat = await this.#ask(() => this.#calls.join(asked))
    if (action !== undefined) this.#actions.set(seat, action)
    return new RemoteBarrier(this.#calls, seat, () => {
      this.#actions.delete(seat)
      return onLeft()
    })
  }

  /** Permits of the semaphore of that name, which has `total` of them; all who use it must say the same. */
  async acquire(name: string, total: number, options: AcquireManyOptions = {}): Promise<Lent> {
    const { permits = 1, signal, timeoutMs = null } = options
    const asked = { name, total, permits, timeoutMs }
    const loan = await this.#ask(
      () => this.#calls.acquire(asked, signal === undefined ? {} : { signal }),
      timeoutMs ?? 0,
    )
    return this.#lent(loan)
  }

  /** The lock of that name: a semaphore with one permit. */
  lock(name: string, options: WaitOptions = {}): Promise<Lent> {
    return this.acquire(name, 1, options)
  }

  /** Resolves when this candidate leads. */
  async campaign(name: string, candidate: string, options: WaitOptions = {}): Promise<Office> {
    const { signal, timeoutMs = null } = options
    const { loan, term } = await this.#ask(
      () =>
        this.#calls.campaign(
          { name, candidate, timeoutMs },
          signal === undefined ? {} : { signal },
        ),
      timeoutMs ?? 0,
    )
    return Object.assign(this.#lent(loan), { candidate, term })
  }

  /** Who leads now, if anybody does. */
  leader(name: string): Promise<LeaderState | null> {
    return this.#ask(() => this.#calls.leader({ name }))
  }

  /** Leaves the coordinator. Places that were not left before are lost to the others. Idempotent. */
  async close(): Promise<void> {
    await this.#peer.close()
    await this.#channel.gone()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #lent(loan: Loan): Lent {
    let released = false
    const release = async (): Promise<void> => {
      if (released) return
      released = true
      // With the connection gone it has been given back already.
      if (!this.#lost.signal.aborted) await this.#ask(() => this.#calls.giveBack({ loan }))
    }
    return { signal: this.#lost.signal, release, [Symbol.asyncDispose]: release }
  }

  async #ask<R>(call: () => Promise<R>, timeoutMs = 0): Promise<R> {
    try {
      return await call()
    } catch (error) {
      if (isLoss(error)) throw new SyncClosed('the coordinator is gone', { cause: error })
      throw errorOf(error, timeoutMs)
    }
  }
}

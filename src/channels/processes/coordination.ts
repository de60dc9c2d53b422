/**
 * A process's membership with a coordinator: barriers, latches, locks and elections shared with other
 * processes. It owns the connection; when that is lost, everything that came of it is, and says so.
 */
import type { Address } from '../../base/ports.ts'
import type { WaitOptions } from '../contract.ts'
import type { RpcPeer } from '../rpc.ts'
import { type Client, client } from '../rpc-client.ts'
import { SyncClosed } from '../sync-errors.ts'
import { leaseMsDefault, PURPOSE } from './coordinator.ts'
import {
  ask,
  type CoordinatorCalls,
  type LatePolicy,
  type LeaderState,
  type MemberCalls,
  type Seat,
} from './coordinator-calls.ts'
import { Borrower, type Lent } from './lent.ts'
import type { ProcessChannel } from './process-channel.ts'
import { RemoteBarrier } from './remote-barrier.ts'
import { RemoteLatch } from './remote-latch.ts'
import { RemoteOnce } from './remote-once.ts'
import { RemoteRwLock } from './remote-rw-lock.ts'
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
  readonly #borrower: Borrower

  private constructor({ peer, channel }: Caller) {
    this.#peer = peer
    this.#channel = channel as unknown as ProcessChannel<never>
    this.#calls = client<CoordinatorCalls>(peer)
    this.#borrower = new Borrower(this.#calls, this.#lost.signal)
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
    const seat = await ask(() => this.#calls.join(asked))
    if (action !== undefined) this.#actions.set(seat, action)
    return new RemoteBarrier(this.#calls, seat, () => {
      this.#actions.delete(seat)
      return onLeft()
    })
  }

  /** Permits of the semaphore of that name, which has `total` of them; all who use it must say the same. */
  async acquire(
    name: string,
    total: number,
    { permits = 1, ...options }: AcquireManyOptions = {},
  ): Promise<Lent> {
    const { lent } = await this.#borrower.borrow(
      (borrowing, given) => this.#calls.acquire({ ...borrowing, name, total, permits }, given),
      options,
    )
    return lent
  }

  /** The lock of that name: a semaphore with one permit. */
  lock(name: string, options: WaitOptions = {}): Promise<Lent> {
    return this.acquire(name, 1, options)
  }

  /** The read-write lock of that name. */
  rwLock(name: string): RemoteRwLock {
    return new RemoteRwLock(name, this.#calls, this.#borrower)
  }

  /** The latch of that name, which counts down from `count`; all who use it must say the same. Kept until closed. */
  async latch(name: string, count: number): Promise<RemoteLatch> {
    return new RemoteLatch(await ask(() => this.#calls.latch({ name, count })), this.#calls)
  }

  /** What is to happen once under that name. Kept until closed. */
  async once(name: string): Promise<RemoteOnce> {
    const once = await ask(() => this.#calls.once({ name }))
    return new RemoteOnce(once, this.#calls, this.#borrower)
  }

  /** Resolves when this candidate leads. */
  async campaign(name: string, candidate: string, options: WaitOptions = {}): Promise<Office> {
    const { answer, lent } = await this.#borrower.borrow(
      (borrowing, given) => this.#calls.campaign({ ...borrowing, name, candidate }, given),
      options,
    )
    return Object.assign(lent, { candidate, term: answer.term })
  }

  /** Who leads now, if anybody does. */
  leader(name: string): Promise<LeaderState | null> {
    return ask(() => this.#calls.leader({ name }))
  }

  /** Leaves the coordinator. Places that were not left before are lost to the others. Idempotent. */
  async close(): Promise<void> {
    await this.#peer.close()
    await this.#channel.gone()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

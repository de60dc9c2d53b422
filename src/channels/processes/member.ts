/**
 * A member is one process that takes part in what a coordinator keeps: its places at barriers, and what is lent
 * to it. It answers that process's calls, and gives everything back when the process is gone.
 */
import { ChannelPeerLost } from '../contract.ts'
import type { RpcPeer } from '../rpc.ts'
import { client } from '../rpc-client.ts'
import { RpcError } from '../rpc-errors.ts'
import type { CallContext, Handlers } from '../rpc-service.ts'
import { SyncMisuse } from '../sync-errors.ts'
import type { Agenda } from './coordinator.ts'
import type { CoordinatorCalls, Loan, MemberCalls, Seat } from './coordinator-calls.ts'
import type { Meeting, Place } from './meeting.ts'

/** Places and loans of one member. */
const holdingsMax = 4_096 // more than it can have calls under way; a leak shall be told of

interface Seated {
  readonly name: string
  readonly meeting: Meeting
  readonly place: Place
}

export class Member {
  readonly #agenda: Agenda
  readonly #peer: RpcPeer
  readonly #seats = new Map<Seat, Seated>()
  readonly #loans = new Map<Loan, () => void>()
  #numbers = 0
  #gone: Error | null = null

  constructor(agenda: Agenda, peer: RpcPeer) {
    this.#agenda = agenda
    this.#peer = peer
    peer.serveAll<CoordinatorCalls>(this.#handlers())
  }

  /** The process is gone: whatever it took part in hears of it. */
  lost(failure: Error | null, who: string): void {
    const cause = failure ?? new ChannelPeerLost(`${who} has gone`)
    this.#gone = cause
    for (const { name, meeting, place } of this.#seats.values()) {
      meeting.lose(place, cause)
      this.#agenda.forget(name)
    }
    this.#seats.clear()
    for (const giveBack of this.#loans.values()) giveBack()
    this.#loans.clear()
  }

  #handlers(): Handlers<CoordinatorCalls> {
    return {
      join: (args) => this.#join(args),
      wait: (args, context) => this.#wait(args, context),
      arrive: ({ seat }) => this.#meeting(seat).arrive(this.#seated(seat).place),
      register: ({ seat, count }) => this.#meeting(seat).register(count),
      deregister: ({ seat }) => this.#meeting(seat).deregister(),
      abort: ({ seat, reason }) => this.#meeting(seat).abort(reason),
      reset: ({ seat }) => this.#meeting(seat).reset(),
      close: ({ seat }) => this.#meeting(seat).close(),
      state: ({ seat }) => this.#meeting(seat).state(),
      leave: ({ seat }) => this.#leave(seat),
      acquire: (args, context) => this.#acquire(args, context),
      campaign: (args, context) => this.#campaign(args, context),
      leader: ({ name }) => this.#leader(name),
      giveBack: ({ loan }) => this.#giveBack(loan),
    }
  }

  #join({ name, parties, late, acts }: Parameters<CoordinatorCalls['join']>[0]): Seat {
    const seat = this.#number()
    const meeting = this.#agenda.meeting(name, parties)
    try {
      const act = acts ? (generation: number) => this.#act(seat, generation) : null
      this.#seats.set(seat, { name, meeting, place: meeting.join({ parties, late, act }) })
      return seat
    } finally {
      this.#agenda.forget(name)
    }
  }

  async #act(seat: Seat, generation: number): Promise<void> {
    try {
      await client<MemberCalls>(this.#peer).act({ seat, generation })
    } catch (error) {
      // Lost in the middle of the action: the barrier breaks because of that and not because the action failed.
      const seated = this.#seats.get(seat)
      if (error instanceof RpcError && error.code === 'RPC_CLOSED') {
        seated?.meeting.lose(seated.place, error)
      }
      throw error
    }
  }

  async #wait(
    { seat, timeoutMs }: Parameters<CoordinatorCalls['wait']>[0],
    { signal }: CallContext,
  ): ReturnType<CoordinatorCalls['wait']> {
    const { meeting, place } = this.#seated(seat)
    const controller = new AbortController()
    const onAbort = (): void => {
      const { reason } = signal
      // A caller that gave up breaks the barrier in its own name; one that is gone has been lost.
      if (reason instanceof RpcError && reason.code === 'RPC_CANCELLED') controller.abort(reason)
      else meeting.lose(place, reason as Error)
    }
    signal.addEventListener('abort', onAbort)
    try {
      return await meeting.wait({ signal: controller.signal, ...timeOf(timeoutMs) })
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  #leave(seat: Seat): void {
    const { name, meeting, place } = this.#seated(seat)
    this.#seats.delete(seat)
    meeting.leave(place)
    this.#agenda.forget(name)
  }

  async #acquire(
    { name, total, permits, timeoutMs }: Parameters<CoordinatorCalls['acquire']>[0],
    { signal }: CallContext,
  ): Promise<Loan> {
    const semaphore = this.#agenda.semaphore(name, total)
    const guard = await semaphore.acquire({ permits, signal, ...timeOf(timeoutMs) })
    return this.#lend(() => {
      guard.release()
      this.#agenda.returned(name)
    })
  }

  async #campaign(
    { name, candidate, timeoutMs }: Parameters<CoordinatorCalls['campaign']>[0],
    { signal }: CallContext,
  ): ReturnType<CoordinatorCalls['campaign']> {
    const election = this.#agenda.election(name)
    const leadership = await election.campaign(candidate, { signal, ...timeOf(timeoutMs) })
    return { loan: this.#lend(() => leadership.resign()), term: leadership.term }
  }

  #leader(name: string): Awaited<ReturnType<CoordinatorCalls['leader']>> {
    const { leader } = this.#agenda.election(name)
    return leader === null ? null : { candidate: leader.candidate, term: leader.term }
  }

  #lend(giveBack: () => void): Loan {
    if (this.#gone !== null) {
      giveBack()
      throw this.#gone
    }
    const loan = this.#number()
    this.#loans.set(loan, giveBack)
    return loan
  }

  #giveBack(loan: Loan): void {
    const giveBack = this.#loans.get(loan)
    this.#loans.delete(loan)
    giveBack?.()
  }

  #number(): number {
    if (this.#seats.size + this.#loans.size >= holdingsMax) {
      throw new SyncMisuse(`this process holds ${holdingsMax} places and loans already`)
    }
    this.#numbers++
    return this.#numbers
  }

  #meeting(seat: Seat): Meeting {
    return this.#seated(seat).meeting
  }

  #seated(seat: Seat): Seated {
    const seated = this.#seats.get(seat)
    if (seated === undefined) throw new SyncMisuse(`there is no place ${seat}: it was left`)
    return seated
  }
}

function timeOf(timeoutMs: number | null): { timeoutMs?: number } {
  return timeoutMs === null ? {} : { timeoutMs }
}

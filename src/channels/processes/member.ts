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
import type { Agenda } from './agenda.ts'
import { timeOf, withEither } from './asked.ts'
import type {
  BarrierCalls,
  CoordinatorCalls,
  LatchCalls,
  LeaderState,
  LoanCalls,
  MemberCalls,
  Seat,
} from './coordinator-calls.ts'
import { Loans } from './loans.ts'
import type { Meeting, Place } from './meeting.ts'

/** Places of one member. */
const placesMax = 4_096 // more than it can have calls under way; a leak shall be told of

interface Seated {
  readonly name: string
  readonly meeting: Meeting
  readonly place: Place
}

export class Member {
  readonly #agenda: Agenda
  readonly #peer: RpcPeer
  readonly #seats = new Map<Seat, Seated>()
  readonly #loans: Loans
  #numbers = 0

  constructor(agenda: Agenda, peer: RpcPeer) {
    this.#agenda = agenda
    this.#peer = peer
    this.#loans = new Loans(agenda)
    peer.serveAll<CoordinatorCalls>(this.#handlers())
  }

  /** The process is gone: whatever it took part in hears of it. */
  lost(failure: Error | null, who: string): void {
    const cause = failure ?? new ChannelPeerLost(`${who} has gone`)
    for (const { name, meeting, place } of this.#seats.values()) {
      meeting.lose(place, cause)
      this.#agenda.leftMeeting(name)
    }
    this.#seats.clear()
    this.#loans.lost(cause)
  }

  #handlers(): Handlers<CoordinatorCalls> {
    return { ...this.#barrierHandlers(), ...this.#loanHandlers(), ...this.#latchHandlers() }
  }

  #barrierHandlers(): Handlers<BarrierCalls> {
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
    }
  }

  #loanHandlers(): Handlers<LoanCalls> {
    const loans = this.#loans
    const agenda = this.#agenda
    return {
      acquire: (args, context) => loans.acquire(args, context),
      enter: (args, context) => loans.enter(args, context),
      campaign: (args, context) => loans.campaign(args, context),
      leader: ({ name }) => leaderOf(agenda, name),
      giveBack: ({ loan }) => loans.giveBack(loan),
      abandon: ({ loan }) => loans.abandon(loan),
      once: ({ name }) => agenda.once(name).id,
      claim: (args, context) => loans.claim(args, context),
      finish: (args) => loans.finish(args),
      closeOnce: ({ once }) => agenda.closeLasting(once),
    }
  }

  #latchHandlers(): Handlers<LatchCalls> {
    const agenda = this.#agenda
    return {
      latch: ({ name, count }) => agenda.latch(name, count).id,
      countDown: ({ latch, by }) => agenda.latchOf(latch).latch.countDown(by),
      pass: ({ latch: id, timeoutMs }, { signal }) => {
        const { latch, closed } = agenda.latchOf(id)
        return withEither([signal, closed], (either) =>
          latch.wait({ signal: either, ...timeOf(timeoutMs) }),
        )
      },
      countOf: ({ latch }) => agenda.latchOf(latch).latch.count,
      closeLatch: ({ latch }) => agenda.closeLasting(latch),
    }
  }

  #join({ name, parties, late, acts }: Parameters<BarrierCalls['join']>[0]): Seat {
    const seat = this.#number()
    const meeting = this.#agenda.meeting(name, parties)
    try {
      const act = acts ? (generation: number) => this.#act(seat, generation) : null
      this.#seats.set(seat, { name, meeting, place: meeting.join({ parties, late, act }) })
      return seat
    } finally {
      this.#agenda.leftMeeting(name)
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
    { seat, timeoutMs }: Parameters<BarrierCalls['wait']>[0],
    { signal }: CallContext,
  ): ReturnType<BarrierCalls['wait']> {
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
    this.#agenda.leftMeeting(name)
  }

  #number(): number {
    if (this.#seats.size >= placesMax) {
      throw new SyncMisuse(`this process holds ${placesMax} places already`)
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

function leaderOf(agenda: Agenda, name: string): LeaderState | null {
  const { leader } = agenda.election(name)
  return leader === null ? null : { candidate: leader.candidate, term: leader.term }
}

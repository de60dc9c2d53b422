/** What crosses the border between threads when a channel does, and how a party takes its place there. */
import { threadId } from 'node:worker_threads'
import { checkWhenFull, type WhenFull } from '../channel-options.ts'
import { ChannelMisuse, type DuplexStats } from '../contract.ts'
import { threadLimits } from './limits.ts'
import { ringHolds } from './ring.ts'
import { type Role, roleBits } from './roles.ts'
import { join, Roster, type Seat, seatState, sitDown } from './roster.ts'
import { type SharedHandle, takeAnySeat } from './seating.ts'
import type { Trace } from './trace.ts'

/** As in one process. What came last may be somebody else's here, so that there is no `conflate`. */
export type ThreadWhenFull = Exclude<WhenFull, 'conflate'>

const threadPolicies: readonly ThreadWhenFull[] = ['block', 'reject', 'drop-newest', 'drop-oldest']

export interface PartyOptions {
  /** What `put` and `offer` of this party do when the channel is full. `block` unless told. */
  readonly whenFull?: ThreadWhenFull
  /**
   * What becomes of the channel when this party detaches or its thread ends well. `stays` unless told: the others go
   * on. With `closes` it is closed for all, as `close` does; so that whoever waits for this party hears of its end.
   */
  readonly leaving?: 'stays' | 'closes'
  /** Called after every event of this party, in order. It must not throw; what it throws is thrown again on its own. */
  readonly trace?: Trace
}

export interface ThreadChannelOptions extends PartyOptions {
  /** Size of the ring, a power of two; 256 KiB unless told. A value up to half of it goes through in one piece. */
  readonly ringBytes?: number
  /** How many values fit at most, from 1; as many as there is room for unless told. */
  readonly capacity?: number
  /** How many parties there may be at a time; 32 unless told. */
  readonly seats?: number
  /** For people: errors name it. */
  readonly name?: string
}

export interface AttachOptions extends PartyOptions {
  /**
   * What this party will do. It decides who is missed: when all senders have died, receivers hear of it. Unless
   * told, that is learned from what each party does, and one that has done nothing yet counts as both.
   */
  readonly role?: Role
}

/** A channel on its way to another thread. */
export interface ThreadChannelHandle extends SharedHandle<'naru/thread-channel'> {
  /** A seat kept for the receiver of this handle, or `null` for any. */
  readonly seat: number | null
}

/** A place at a channel for a thread that is still to be made. */
export interface KeptPlace {
  readonly handle: ThreadChannelHandle
  /** Says which thread it became. */
  isFor(thread: number): void
}

/** What it counts, this party did: of values put in by others, and thrown away by others, it says nothing. */
export interface ThreadChannelStats extends DuplexStats {
  /** Values that this party got and that are not done. */
  readonly undone: number
}

/** Throws where the options of a party make no sense. */
export function checkParty({ whenFull = 'block' }: PartyOptions): void {
  checkWhenFull(whenFull, threadPolicies)
}

/** Throws where the options make no sense. */
export function checkShape(options: ThreadChannelOptions): {
  ringBytes: number
  capacity: number
  seats: number
} {
  const { ringBytes = threadLimits.ringBytes, seats = threadLimits.seats } = options
  const { capacity = Number.POSITIVE_INFINITY } = options
  const { ringBytesMin, ringBytesMax, seatsMax } = threadLimits
  const isPower = Number.isSafeInteger(ringBytes) && (ringBytes & (ringBytes - 1)) === 0
  if (!isPower || ringBytes < ringBytesMin || ringBytes > ringBytesMax) {
    throw new ChannelMisuse(
      `ringBytes must be a power of two from ${ringBytesMin} to ${ringBytesMax}, not ${ringBytes}`,
    )
  }
  if (!Number.isSafeInteger(seats) || seats < 1 || seats > seatsMax) {
    throw new ChannelMisuse(`seats must be a whole number from 1 to ${seatsMax}, not ${seats}`)
  }
  // A rendezvous would need the receiver's consent before the value crosses: that is a call, see RPC.
  const countable = Number.isSafeInteger(capacity) && capacity >= 1 && capacity < 2 ** 31
  if (!countable && capacity !== Number.POSITIVE_INFINITY) {
    throw new ChannelMisuse(
      `capacity must be a whole number from 1, or Infinity, not ${capacity}: there is no rendezvous across threads`,
    )
  }
  return { ringBytes, seats, capacity: countable ? capacity : 0 }
}

const roles: readonly Role[] = ['sender', 'receiver', 'both']

/** The seat of a party that comes by this handle. */
export function takeSeat(handle: ThreadChannelHandle, role: Role | undefined): Seat {
  if (role !== undefined && !roles.includes(role)) {
    throw new ChannelMisuse(`a role is ${roles.join(', ')}, not ${String(role)}`)
  }
  if (handle.seat === null) {
    return takeAnySeat(handle, { roles: roleBits(role), holds: ringHolds })
  }
  const seat = sitDown(new Roster(handle.memory), handle.seat, threadId)
  if (seat !== null) return seat
  throw new ChannelMisuse(`the seat of this handle of ${handle.name} has been taken before`)
}

/** Keeps a seat for a thread that is still to be made. It is missed when it dies, even before it sits down. */
export function keepSeat(roster: Roster, role: Role): Seat {
  const guest = { thread: 0, roles: roleBits(role), state: seatState.reserved }
  const seat = join(roster, guest, (index) => ringHolds(roster, index))
  if (seat === null) throw new ChannelMisuse(`all ${roster.seats} seats are taken: raise \`seats\``)
  return seat
}

/** How a party takes its place at something that threads share, and what crosses the border to let another do so. */
import { threadId } from 'node:worker_threads'
import { ChannelMisuse } from '../contract.ts'
import { join, Roster, type Seat, seatState } from './roster.ts'

/** Plain data and shared memory, for `workerData` and `postMessage`. */
export interface SharedHandle<Kind extends string> {
  readonly kind: Kind
  readonly name: string
  readonly memory: SharedArrayBuffer
}

export interface Guest {
  readonly roles: number
  /** Whether a word that a dead party left names this seat. */
  readonly holds: (roster: Roster, seat: number) => boolean
}

/** Any free seat, for this thread. */
export function takeAnySeat(handle: SharedHandle<string>, guest: Guest): Seat {
  const roster = new Roster(handle.memory)
  const { roles, holds } = guest
  const newcomer = { thread: threadId, roles, state: seatState.live }
  const seat = join(roster, newcomer, (index) => holds(roster, index))
  if (seat !== null) return seat
  throw new ChannelMisuse(
    `all ${roster.seats} seats of ${handle.name} are taken: raise \`seats\` where it is made`,
  )
}

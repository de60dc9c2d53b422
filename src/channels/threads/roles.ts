/** What parties do at a channel, and whether anybody is left to do it. Learned from what they have been seen to do. */
import {
  addRoles,
  type Roster,
  rolesOf,
  type Seat,
  seatState,
  stateOf,
  threadOf,
} from './roster.ts'

export type Role = 'sender' | 'receiver' | 'both'

/** `looksOn` has no part: it made the channel, and may never use it. */
export const roleBit = { sends: 1, receives: 2, looksOn: 4 } as const

export function roleBits(role: Role | undefined): number {
  if (role === undefined) return 0
  if (role === 'both') return roleBit.sends | roleBit.receives
  return role === 'sender' ? roleBit.sends : roleBit.receives
}

/**
 * The thread of a dead party whose part nobody else plays: `null` while somebody does or may, or nobody died.
 * A party that has done nothing yet may do anything.
 */
export function lostThread(seat: Seat, role: number): number | null {
  const { roster } = seat
  let lost: number | null = null
  for (let other = 0; other < roster.seats; other++) {
    if (other === seat.index || !mayPlay(roster, other, role)) continue
    const state = stateOf(roster, other)
    if (state === seatState.live || state === seatState.reserved) return null
    if (state === seatState.dead) lost = threadOf(roster, other)
  }
  return lost
}

function mayPlay(roster: Roster, seat: number, role: number): boolean {
  const roles = rolesOf(roster, seat)
  return roles === 0 || (roles & role) !== 0
}

/** Says what this party does, once it has begun to. */
export function playRole(seat: Seat, role: number): void {
  addRoles(seat.roster, seat.index, role)
}

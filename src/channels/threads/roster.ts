/**
 * The roster opens every piece of memory that threads share: who takes part, who is asleep and what
 * for, who has died. It belongs to the object behind it (a ring, a barrier, a lock); it never knows
 * what the object means, holds no value and never calls back.
 *
 *   word 0        mark    written once, before anybody else can see the memory
 *        1        seats   how many parties fit
 *        2        sets    how many reasons there are to sleep
 *   line 1   16   news    changes whenever a fast path must look again: an end, a death
 *   line 2   32   bell    bit 0: somebody sleeps on it, or is about to; above: how often it has been rung
 *   line 3   48   set 0   one bit per seat: "I am asleep, or about to be, for reason 0"
 *                 set 1   ...                                         (as many lines as they need)
 *   a line per    state   free -> joining -> live | reserved -> live -> free | dead -> joining ...
 *   seat          thread  the id of the thread that sits there
 *                 roles   what it said it will do, and what it has been seen to do
 *                 epoch   the word its thread sleeps on: every wake-up adds one
 *                 beat    moves while the party holds something and lives
 *                 share   two words that only the party itself writes: see share.ts
 *                 tally   five more of that kind: see tally.ts
 *   then          what the object itself keeps
 *
 * A line is 64 bytes, what two cores fight over; words that different threads write are apart.
 *
 * Sleeping and waking. A sleeper (S1) reads its epoch, (S2) sets its bit, (S3) looks once more, and
 * (S4) sleeps unless the epoch has moved. A waker (W1) makes the change the sleeper waits for, (W2)
 * reads the bits, (W3) clears one, and only if it was still set (W4) moves that seat's epoch and
 * notifies. All are sequentially consistent, so either S3 sees the change of W1 or W2 sees the bit of
 * S2; and since S1 comes first, a wake-up between S2 and S4 makes S4 return at once. Clearing the bit
 * is the hand-over: one change wakes one sleeper, and whoever was woken and does not use it wakes the
 * next (`passOn`). While nobody sleeps, a change costs its maker one read.
 *
 * Where all who sleep are always woken together, each with a word of its own would be as many calls as sleepers;
 * they sleep on the bell. The sleeper (S1, S2) sets its low bit, and remembers the word; (S3) and (S4) are the
 * same. The waker (W1) makes the change, (W2) reads the bell, and only if the bit is set (W3) clears it and counts
 * in one step, then (W4) notifies all.
 *
 * A death may fall between any two of these steps; so `bury` wakes everybody, and everybody looks again.
 */
import { assert } from '../../base/assert.ts'
import { roundUp } from '../../base/bytes.ts'
import { threadLimits } from './limits.ts'

const mark = 0x6e617275 // 'naru'

const at = { mark: 0, seats: 1, sets: 2, news: 16, bell: 32, firstSet: 48 } as const
const lineWords = 16
/** Words of a seat. */
const seatAt = { state: 0, thread: 1, roles: 2, epoch: 3, beat: 4, share: 5, tally: 7 } as const

export const seatState = { free: 0, live: 1, dead: 2, reserved: 3, joining: 4 } as const

/** What an attempt answers that need not wait; anything from 0 is the set to sleep in. */
export const READY = -1
/** No set at all. */
export const NONE = -3

/** One thread's view of a roster. It keeps no state of its own but where its last wake-up went. */
export class Roster {
  readonly words: Int32Array
  readonly seats: number
  readonly maskWords: number
  readonly seatsAt: number
  readonly bellAt: number = at.bell
  /** The first word of what the object itself keeps. */
  readonly ownAt: number
  /** Whom `wakeOne` asks first: the one after the last. */
  cursor: number

  constructor(memory: SharedArrayBuffer) {
    this.words = new Int32Array(memory)
    assert(this.words[at.mark] === mark, 'this memory was not made by a roster')
    this.seats = this.words[at.seats]!
    this.maskWords = (this.seats + 31) >> 5
    this.seatsAt = rosterSeatsAt(this.seats, this.words[at.sets]!)
    this.ownAt = this.seatsAt + this.seats * lineWords
    this.cursor = 0
  }

  /** Memory with an empty roster, and as many bytes of zeros behind it. */
  static allocate(shape: { seats: number; sets: number; ownBytes: number }): SharedArrayBuffer {
    const { seats, sets, ownBytes } = shape
    assert(seats > 0 && seats <= threadLimits.seatsMax, 'seats out of range')
    const ownAt = rosterSeatsAt(seats, sets) + seats * lineWords
    const memory = new SharedArrayBuffer(roundUp(ownAt * 4 + ownBytes, 64))
    const words = new Int32Array(memory)
    words[at.seats] = seats
    words[at.sets] = sets
    words[at.mark] = mark
    return memory
  }
}

function rosterSeatsAt(seats: number, sets: number): number {
  return at.firstSet + roundUp(((seats + 31) >> 5) * sets, lineWords)
}

/** One party's place, as its own thread sees it. */
export class Seat {
  readonly roster: Roster
  readonly index: number
  /** What this party writes into a word to say "mine". */
  readonly owner: number
  readonly epochAt: number
  readonly bit: number
  /** The mask word of set 0 that holds its bit. */
  readonly maskAt: number

  constructor(roster: Roster, index: number) {
    this.roster = roster
    this.index = index
    this.owner = index + 1
    this.epochAt = roster.seatsAt + index * lineWords + seatAt.epoch
    this.bit = 1 << (index & 31)
    this.maskAt = at.firstSet + (index >> 5)
  }
}

function seatWord(roster: Roster, index: number, word: number): number {
  return roster.seatsAt + index * lineWords + word
}

/** S2: whoever makes the change that this set waits for will wake this party. */
export function announce(seat: Seat, set: number): void {
  const { words, maskWords } = seat.roster
  Atomics.or(words, seat.maskAt + set * maskWords, seat.bit)
}

/** Takes the announcement back. True when a waker was faster: a change is then this party's to use or pass on. */
export function retract(seat: Seat, set: number): boolean {
  const { words, maskWords } = seat.roster
  return (Atomics.and(words, seat.maskAt + set * maskWords, ~seat.bit) & seat.bit) === 0
}

/** W2 to W4: wakes one of those who sleep for this reason. */
export function wakeOne(roster: Roster, set: number): void {
  const { words, maskWords } = roster
  const maskAt = at.firstSet + set * maskWords
  for (let word = 0; word < maskWords; word++) {
    let mask = Atomics.load(words, maskAt + word)
    while (mask !== 0) {
      const seat = wakeOnePick(roster, mask)
      const before = Atomics.and(words, maskAt + word, ~(1 << seat))
      if ((before & (1 << seat)) !== 0) {
        rouse(roster, word * 32 + seat)
        return
      }
      mask = before & ~(1 << seat)
    }
  }
}

/** The first set bit from the cursor on, so that all sleepers get their turn. */
function wakeOnePick(roster: Roster, mask: number): number {
  const above = mask & (-1 << roster.cursor)
  const seat = 31 - Math.clz32((above === 0 ? mask : above) & -(above === 0 ? mask : above))
  roster.cursor = (seat + 1) & 31
  return seat
}

/** Wakes all who sleep for this reason. */
export function wakeAll(roster: Roster, set: number): void {
  const { words, maskWords } = roster
  const maskAt = at.firstSet + set * maskWords
  for (let word = 0; word < maskWords; word++) {
    if (Atomics.load(words, maskAt + word) === 0) continue
    const mask = Atomics.exchange(words, maskAt + word, 0)
    for (let seat = 0; seat < 32; seat++) {
      if ((mask & (1 << seat)) !== 0) rouse(roster, word * 32 + seat)
    }
  }
}

/** S1 and S2 for those who are woken together: what the bell says as long as nobody rings it. */
export function listen({ words, bellAt }: Roster): number {
  for (;;) {
    const bell = Atomics.load(words, bellAt)
    if ((bell & 1) === 1) return bell
    if (Atomics.compareExchange(words, bellAt, bell, bell | 1) === bell) return bell | 1
  }
}

/** W2 to W4: wakes all who sleep on the bell. */
export function ringBell({ words, bellAt }: Roster): void {
  for (;;) {
    const bell = Atomics.load(words, bellAt)
    if ((bell & 1) === 0) return
    if (Atomics.compareExchange(words, bellAt, bell, (bell + 1) | 0) !== bell) continue
    Atomics.notify(words, bellAt)
    return
  }
}

/** Whether anybody sleeps for this reason, or is about to. */
export function isAwaited(roster: Roster, set: number): boolean {
  const { words, maskWords } = roster
  const maskAt = at.firstSet + set * maskWords
  for (let word = 0; word < maskWords; word++) {
    if (Atomics.load(words, maskAt + word) !== 0) return true
  }
  return false
}

/** Wakes every party, asleep or about to sleep, for whatever reason. */
export function wakeEverybody(roster: Roster): void {
  // Also where the bit is clear: who cleared it may have died before it could notify.
  Atomics.add(roster.words, roster.bellAt, 2)
  Atomics.notify(roster.words, roster.bellAt)
  for (let seat = 0; seat < roster.seats; seat++) {
    if (stateOf(roster, seat) !== seatState.free) rouse(roster, seat)
  }
}

/** W4. All waiters of the word are of one thread: one that blocks, and one that awaits. */
function rouse(roster: Roster, seat: number): void {
  const epochAt = seatWord(roster, seat, seatAt.epoch)
  Atomics.add(roster.words, epochAt, 1)
  Atomics.notify(roster.words, epochAt)
}

/** Says that a fast path must look again. */
export function spreadNews(roster: Roster): void {
  Atomics.add(roster.words, at.news, 1)
}

/** Compared with an earlier answer by fast paths; equal means that nobody died and nothing ended. */
export function news(roster: Roster): number {
  return roster.words[at.news]!
}

export function stateOf(roster: Roster, seat: number): number {
  return Atomics.load(roster.words, seatWord(roster, seat, seatAt.state))
}

/** Whether the party that wrote this owner word is still there to take it back. */
export function ownerLives(roster: Roster, owner: number): boolean {
  return stateOf(roster, owner - 1) === seatState.live
}

/** The thread that sits there, or sat there when it died. */
export function threadOf(roster: Roster, seat: number): number {
  return roster.words[seatWord(roster, seat, seatAt.thread)]!
}

/** Says that a party which holds something lives. */
export function beat(seat: Seat): void {
  Atomics.add(seat.roster.words, seatWord(seat.roster, seat.index, seatAt.beat), 1)
}

export function beatOf(roster: Roster, seat: number): number {
  return Atomics.load(roster.words, seatWord(roster, seat, seatAt.beat))
}

/** The first of the words that say what a party got, and whether it waits. */
export function shareAt(roster: Roster, seat: number): number {
  return seatWord(roster, seat, seatAt.share)
}

/** The first of the words that say what a party took, and what became of it. */
export function tallyAt(roster: Roster, seat: number): number {
  return seatWord(roster, seat, seatAt.tally)
}

/** Adds to what a party is known to do. */
export function addRoles(roster: Roster, seat: number, roles: number): void {
  Atomics.or(roster.words, seatWord(roster, seat, seatAt.roles), roles)
}

export function rolesOf(roster: Roster, seat: number): number {
  return Atomics.load(roster.words, seatWord(roster, seat, seatAt.roles))
}

/** Takes a seat out of one state and into another, if it is in the one. */
function change(roster: Roster, seat: number, states: { from: number; to: number }): boolean {
  const stateAt = seatWord(roster, seat, seatAt.state)
  return Atomics.compareExchange(roster.words, stateAt, states.from, states.to) === states.from
}

/**
 * Takes a free seat, or `null` when there is none. A dead party's seat is used again only when no other
 * is left and `holds` says that nothing names it any more: a word that does would seem to be ours.
 */
export function join(
  roster: Roster,
  guest: { thread: number; roles: number; state: number },
  holds: (seat: number) => boolean,
): Seat | null {
  // Free ones once more: to ask whether a dead party's may be used can have made it free.
  for (const from of [seatState.free, seatState.dead, seatState.free]) {
    for (let seat = 0; seat < roster.seats; seat++) {
      if (stateOf(roster, seat) !== from) continue
      if (from === seatState.dead && holds(seat)) continue
      // Not live at once: whoever buries the former guest's thread would bury this party with it.
      if (!change(roster, seat, { from, to: seatState.joining })) continue
      Atomics.store(roster.words, seatWord(roster, seat, seatAt.thread), guest.thread)
      Atomics.store(roster.words, seatWord(roster, seat, seatAt.roles), guest.roles)
      change(roster, seat, { from: seatState.joining, to: guest.state })
      return new Seat(roster, seat)
    }
  }
  return null
}

/** Sits down on a seat that was reserved for this thread; `null` if it has been buried meanwhile. */
export function sitDown(roster: Roster, seat: number, thread: number): Seat | null {
  Atomics.store(roster.words, seatWord(roster, seat, seatAt.thread), thread)
  const taken = change(roster, seat, { from: seatState.reserved, to: seatState.live })
  return taken ? new Seat(roster, seat) : null
}

/** For whom a seat is reserved, once that is known. */
export function reserveFor(seat: Seat, thread: number): void {
  Atomics.store(seat.roster.words, seatWord(seat.roster, seat.index, seatAt.thread), thread)
}

/** Gives the seat back. The party must hold nothing; one that does is buried instead. */
export function leave(seat: Seat): void {
  for (let set = 0; set < seat.roster.words[at.sets]!; set++) retract(seat, set)
  change(seat.roster, seat.index, { from: seatState.live, to: seatState.free })
}

/** Marks a party that will never act again, and lets everybody look at what it left. Idempotent. */
export function bury(roster: Roster, seat: number): void {
  const died =
    change(roster, seat, { from: seatState.live, to: seatState.dead }) ||
    change(roster, seat, { from: seatState.reserved, to: seatState.dead })
  if (!died) return
  const dead = new Seat(roster, seat)
  for (let set = 0; set < roster.words[at.sets]!; set++) retract(dead, set)
  spreadNews(roster)
  wakeEverybody(roster)
}

/** Frees the seat of a dead party once its death has had its consequences. */
export function unbury(roster: Roster, seat: number): void {
  change(roster, seat, { from: seatState.dead, to: seatState.free })
}

/**
 * The rounds of a barrier in shared memory: who has arrived, which round is being filled, what broke it. It
 * never sleeps and runs no action; thread-barrier.ts does. After the roster come
 *
 *   state        reason (3 bits) generation (8) full (5) parties (8) arrived (8)
 *   generation   the round being filled, or one shortly before it, all 32 bits
 *   resets       how many there have been
 *   records      of the latest broken stretches of rounds: last, first, reason
 *
 * Whatever decides is one compare-and-exchange of the state, so that arrivals, time-outs, breaks and resets of
 * all threads have one order:
 *
 *   B1 arrive    arrived + 1; the last arrival of a round makes arrived 0 and generation + 1, and full + 1 if an
 *                action has to run before anybody goes on. The next arrival is then one for the next round.
 *   B2 release   full - 1, when the action of the oldest full round has run
 *   B3 break     reason, when it was 0: the full rounds and the one being filled are broken
 *   B4 reset     reason 0, arrived 0, full 0, generation + 1. What was broken is recorded before, and counted.
 *
 * A round is passed when it is neither full nor being filled any more, and no reset lies between. Whoever waits
 * for one sees all that from the state, and looks at records only when the number of resets has changed.
 *
 * A party that dies in the middle of any of this leaves a state that means something; and its death breaks the
 * barrier, whatever it was doing.
 */
import { assert } from '../../base/assert.ts'
import type { BrokenReason } from '../barrier-contract.ts'
import { news, Roster, ringBell, Seat, seatState, stateOf, unbury, wakeAll } from './roster.ts'

/** The only reason to sleep here: a round that is not over. */
export const roundsSet = 0

/** Arrivals that a round can count, and with it parties. */
export const partiesMax = 255
/** Full rounds whose actions have not run yet; whoever would be one round more ahead of them is refused. */
export const fullMax = 30
/** Broken stretches that are remembered: somebody would have to sleep through as many resets to miss its own. */
const recordsKept = 64

const shift = { parties: 8, full: 16, generation: 21, reason: 29 } as const
const PARTIES = 255 << shift.parties
const FULL = 31 << shift.full
const GENERATION = 255 << shift.generation
const RECORD = { last: 0, first: 1, reason: 2, words: 3 } as const
const own = { state: 0, generation: 16, resets: 17, records: 18 } as const

const reasons: readonly (BrokenReason | null)[] = [
  null,
  'timeout',
  'aborted',
  'action',
  'lost',
  'reset',
  'closed',
]

/** What `arrive` and `roundOf` answer beside a set to sleep in: see there. */
export const PASSED = -10
export const ACTING = -11
export const BROKEN = -12
/** There are limits: see `partiesMax` and `fullMax`. */
export const REFUSED = -13

/** One party's view of the rounds. */
export class Rounds {
  readonly seat: Seat
  readonly roster: Roster
  readonly words: Int32Array
  readonly stateAt: number
  readonly generationAt: number
  readonly resetsAt: number
  readonly recordsAt: number
  /** Whether an action has to run between the last arrival of a round and its release. */
  readonly acts: boolean
  /** The news at which nobody was dead. */
  news: number
  /** The round being filled, as of the last look. */
  generation: number

  constructor(seat: Seat, { acts }: { readonly acts: boolean }) {
    const { roster } = seat
    this.seat = seat
    this.roster = roster
    this.words = roster.words
    this.stateAt = roster.ownAt + own.state
    this.generationAt = roster.ownAt + own.generation
    this.resetsAt = roster.ownAt + own.resets
    this.recordsAt = roster.ownAt + own.records
    this.acts = acts
    this.news = 0
    this.generation = 0
  }

  static allocate(parties: number, seats: number): SharedArrayBuffer {
    const ownBytes = (own.records + recordsKept * RECORD.words) * 4
    const memory = Roster.allocate({ seats, sets: 1, ownBytes })
    const { words, ownAt } = new Roster(memory)
    words[ownAt + own.state] = parties << shift.parties
    return memory
  }
}

/** An arrival, and what must be known to find out what became of its round. */
export class Ticket {
  generation = 0
  index = 0
  /** Resets there had been. */
  resets = 0
  /** The last arrival of its round, which has an action to run. */
  acts: boolean = false
  /** What broke the round. */
  reason: BrokenReason = 'aborted'
}

function reasonOf(state: number): number {
  return state >>> shift.reason
}

function fullOf(state: number): number {
  return (state & FULL) >>> shift.full
}

/**
 * Reads the state, and into `rounds.generation` the round that was being filled in it, all 32 bits. The word of
 * the generation follows the state by so many rounds at most as there are threads between the two. So a state
 * read between two readings of the word that are close together has no other generation than the one next to them.
 */
function look(rounds: Rounds): number {
  const { words, stateAt, generationAt } = rounds
  for (;;) {
    const known = Atomics.load(words, generationAt)
    const state = Atomics.load(words, stateAt)
    const moved = (Atomics.load(words, generationAt) - known) | 0
    if (moved < 0 || moved >= 64) continue
    rounds.generation = (known + (((state >>> shift.generation) - known) & 255)) | 0
    return state
  }
}

/** Those who block sleep on the bell, those who await each for itself. */
function wakeParties({ roster }: Rounds): void {
  ringBell(roster)
  wakeAll(roster, roundsSet)
}

/** The oldest round that is not over, as of the last look at this state. */
function oldestOf(rounds: Rounds, state: number): number {
  return (rounds.generation - fullOf(state)) | 0
}

/** The state once the round being filled is complete. */
function completed(state: number, acting: 0 | 1): number {
  const generation = (state + (1 << shift.generation)) & GENERATION
  const full = (state & FULL) + (acting << shift.full)
  return generation | full | (state & PARTIES)
}

/** Lets the word follow the state. Never back, where another was faster. */
function advanceGeneration(rounds: Rounds, generation: number): void {
  const { words, generationAt } = rounds
  for (;;) {
    const known = Atomics.load(words, generationAt)
    if (((generation - known) | 0) <= 0) return
    if (Atomics.compareExchange(words, generationAt, known, generation) === known) return
  }
}

/**
 * B1. `PASSED`: it was the last of its round, and all are free to go. `ACTING`: it was the last, and an action has
 * to run. `BROKEN` and `REFUSED`: it did not count. `roundsSet`: it counts, and others are missing.
 */
export function arrive(rounds: Rounds, ticket: Ticket): number {
  const { words, stateAt } = rounds
  breakIfDead(rounds)
  for (;;) {
    ticket.resets = Atomics.load(words, rounds.resetsAt)
    const state = look(rounds)
    ticket.generation = rounds.generation
    if (reasonOf(state) !== 0) return brokenBy(ticket, state)
    if (fullOf(state) >= fullMax) return REFUSED
    const arrived = state & 255
    const isLast = arrived + 1 >= (state & PARTIES) >>> shift.parties
    // Rounds act in order: where one is full already, even a round without an action of its own has to queue.
    const acts = isLast && (rounds.acts || fullOf(state) > 0)
    const next = isLast ? completed(state, acts ? 1 : 0) : state + 1
    if (Atomics.compareExchange(words, stateAt, state, next) !== state) continue
    ticket.index = arrived
    ticket.acts = acts
    if (!isLast) return roundsSet
    advanceGeneration(rounds, (ticket.generation + 1) | 0)
    if (acts) return ACTING
    wakeParties(rounds)
    return PASSED
  }
}

/**
 * What has become of the round of an arrival: `PASSED`, `BROKEN`, `ACTING` when it is this one's turn to run the
 * action, or `roundsSet` to sleep.
 */
export function roundOf(rounds: Rounds, ticket: Ticket): number {
  breakIfDead(rounds)
  const state = look(rounds)
  const ahead = (ticket.generation - oldestOf(rounds, state)) | 0
  if (ahead < 0) return wasReset(rounds, ticket) ? BROKEN : PASSED
  if (reasonOf(state) !== 0) return brokenBy(ticket, state)
  return ahead === 0 && ticket.acts ? ACTING : roundsSet
}

/** `roundOf`, so many times or until it has something to say. */
export function spinOn(rounds: Rounds, ticket: Ticket, turns: number): number {
  for (let turn = 0; turn < turns; turn++) {
    const result = roundOf(rounds, ticket)
    if (result !== roundsSet) return result
  }
  return roundsSet
}

export function partiesOf({ words, stateAt }: Rounds): number {
  return (Atomics.load(words, stateAt) & PARTIES) >>> shift.parties
}

/** B2: the action has run. False when the round has been broken meanwhile. */
export function release(rounds: Rounds): boolean {
  const { words, stateAt } = rounds
  for (;;) {
    const state = Atomics.load(words, stateAt)
    if (reasonOf(state) !== 0) return false
    assert(fullOf(state) > 0, 'a round is released once')
    if (Atomics.compareExchange(words, stateAt, state, state - (1 << shift.full)) !== state)
      continue
    wakeParties(rounds)
    return true
  }
}

/** B3. False when it was broken already; but closing overrules. */
export function breakRounds(rounds: Rounds, reason: BrokenReason): boolean {
  const { words, stateAt } = rounds
  const code = reasons.indexOf(reason)
  for (;;) {
    const state = Atomics.load(words, stateAt)
    const before = reasons[reasonOf(state)] ?? null
    if (before === 'closed' || (before !== null && reason !== 'closed')) return false
    const next = (state & ~(7 << shift.reason)) | (code << shift.reason)
    if (Atomics.compareExchange(words, stateAt, state, next) !== state) continue
    wakeParties(rounds)
    return true
  }
}

/** B3 for one arrival: only while its round is not over. False when it is: then `roundOf` tells how. */
export function breakRoundOf(rounds: Rounds, ticket: Ticket, reason: BrokenReason): boolean {
  const { words, stateAt } = rounds
  const code = reasons.indexOf(reason)
  for (;;) {
    const state = look(rounds)
    const isOver = ((ticket.generation - oldestOf(rounds, state)) | 0) < 0
    if (isOver || reasonOf(state) !== 0) return false
    const next = state | (code << shift.reason)
    if (Atomics.compareExchange(words, stateAt, state, next) !== state) continue
    wakeParties(rounds)
    return true
  }
}

/** B4. False when it has been closed. */
export function resetRounds(rounds: Rounds): boolean {
  const { words, stateAt } = rounds
  breakRounds(rounds, 'reset')
  for (;;) {
    const state = look(rounds)
    const reason = reasonOf(state)
    if (reasons[reason] === 'closed') return false
    if (reason === 0) return true // another reset was faster
    const last = rounds.generation
    record(rounds, { last, first: oldestOf(rounds, state), reason })
    Atomics.add(words, rounds.resetsAt, 1)
    const generation = (state + (1 << shift.generation)) & GENERATION
    if (Atomics.compareExchange(words, stateAt, state, generation | (state & PARTIES)) !== state)
      continue
    advanceGeneration(rounds, (last + 1) | 0)
    wakeParties(rounds)
    return true
  }
}

/** Remembers a broken stretch. Two that reset at once write the same. */
function record(rounds: Rounds, what: { last: number; first: number; reason: number }): void {
  const at = rounds.recordsAt + (what.last & (recordsKept - 1)) * RECORD.words
  Atomics.store(rounds.words, at + RECORD.first, what.first)
  Atomics.store(rounds.words, at + RECORD.reason, what.reason)
  Atomics.store(rounds.words, at + RECORD.last, what.last)
}

/** Whether the round was not passed but reset; sets the ticket's reason. */
function wasReset(rounds: Rounds, ticket: Ticket): boolean {
  const { words, recordsAt } = rounds
  const resets = (Atomics.load(words, rounds.resetsAt) - ticket.resets) | 0
  if (resets === 0) return false
  for (let index = 0; index < recordsKept; index++) {
    const at = recordsAt + index * RECORD.words
    const reason = reasons[Atomics.load(words, at + RECORD.reason)] ?? null
    const after = (Atomics.load(words, at + RECORD.last) - ticket.generation) | 0
    const before = (ticket.generation - Atomics.load(words, at + RECORD.first)) | 0
    if (reason === null || after < 0 || before < 0) continue
    ticket.reason = reason
    return true
  }
  // Slept through more resets than are remembered: nobody can say that the round was passed.
  ticket.reason = 'reset'
  return resets > recordsKept
}

function brokenBy(ticket: Ticket, state: number): number {
  ticket.reason = reasons[reasonOf(state)] ?? 'aborted'
  return BROKEN
}

/** A party that died breaks the barrier, once. */
function breakIfDead(rounds: Rounds): void {
  const { roster } = rounds
  const now = news(roster)
  if (now === rounds.news) return
  for (let seat = 0; seat < roster.seats; seat++) {
    if (stateOf(roster, seat) !== seatState.dead) continue
    breakRounds(rounds, 'lost')
    // Only now: if this thread dies before, another one finds the dead.
    unbury(roster, seat)
  }
  rounds.news = now
}

/** For a newcomer, who would otherwise take a dead party's seat before anybody has seen its death. */
export function settleDeaths(roster: Roster): void {
  breakIfDead(new Rounds(new Seat(roster, 0), { acts: false }))
}

/** So many parties more or less. `PASSED`, or `ACTING` when a round is complete by it; `BROKEN` when closed. */
export function changeParties(rounds: Rounds, by: number, ticket: Ticket): number {
  const { words, stateAt } = rounds
  for (;;) {
    const state = look(rounds)
    ticket.generation = rounds.generation
    if (reasons[reasonOf(state)] === 'closed') return brokenBy(ticket, state)
    const parties = ((state & PARTIES) >>> shift.parties) + by
    if (parties < 0 || parties > partiesMax) return REFUSED
    const changed = (state & ~PARTIES) | (parties << shift.parties)
    const arrived = state & 255
    const isFull = arrived > 0 && arrived >= parties && reasonOf(state) === 0
    if (isFull && fullOf(state) >= fullMax) return REFUSED
    const acts = isFull && (rounds.acts || fullOf(state) > 0)
    const next = isFull ? completed(changed, acts ? 1 : 0) : changed
    if (Atomics.compareExchange(words, stateAt, state, next) !== state) continue
    ticket.acts = acts
    if (!isFull) return PASSED
    advanceGeneration(rounds, (ticket.generation + 1) | 0)
    if (acts) return ACTING
    wakeParties(rounds)
    return PASSED
  }
}

/** How things stand at some moment of the call. */
export function standing(rounds: Rounds): {
  parties: number
  arrived: number
  generation: number
  reason: BrokenReason | null
} {
  breakIfDead(rounds)
  const state = look(rounds)
  return {
    parties: (state & PARTIES) >>> shift.parties,
    arrived: reasonOf(state) === 0 ? state & 255 : 0,
    generation: rounds.generation >>> 0,
    reason: reasons[reasonOf(state)] ?? null,
  }
}

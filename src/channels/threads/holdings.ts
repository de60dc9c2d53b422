/**
 * Who holds how much of something that threads share: permits, the right to read or to write, the lead. Every
 * seat has a word that says what its party holds, and nothing else says it: so what a dead party held comes free
 * by clearing one word, and can be neither lost nor given out twice. What may be held beside what is for a
 * `Claim` to say; this file sleeps for nobody.
 *
 *   lock     the owner of what follows, for as long as it takes to look through it
 *   legacy   1 when somebody died while holding, until the next holder is told
 *   count    for the object's own use
 *   held     a word for each seat; raised by its party under the lock, lowered by it at any time
 *   wanted   a word for each seat; not 0 while its party waits for something that others should make room for
 *
 * H1 take the lock, from the dead if need be; H2 clear what the dead held; H3 look, and raise one's own word; H4
 * give the lock back and wake whoever wants it. H5 lower one's own word and wake those who wait for what came
 * free. A party that dies between any two of these leaves words that mean what they say, and a lock to take.
 */
import { threadLimits } from './limits.ts'
import {
  news,
  ownerLives,
  READY,
  Roster,
  type Seat,
  seatState,
  stateOf,
  unbury,
  wakeAll,
  wakeOne,
} from './roster.ts'

/** The reasons to sleep: others hold it, or others look. */
export const holdingSets = { held: 0, turn: 1 } as const

const own = { lock: 0, legacy: 1, count: 2, words: 16 } as const

/** One party's view of the holdings. */
export class Holdings {
  readonly seat: Seat
  readonly roster: Roster
  readonly words: Int32Array
  readonly lockAt: number
  readonly legacyAt: number
  readonly countAt: number
  readonly heldAt: number
  readonly wantedAt: number
  /** The news at which nobody was dead. */
  news: number

  constructor(seat: Seat) {
    const { roster } = seat
    this.seat = seat
    this.roster = roster
    this.words = roster.words
    this.lockAt = roster.ownAt + own.lock
    this.legacyAt = roster.ownAt + own.legacy
    this.countAt = roster.ownAt + own.count
    this.heldAt = roster.ownAt + own.words
    this.wantedAt = this.heldAt + roster.seats
    this.news = 0
  }

  static allocate(shape: { seats: number; count: number }): SharedArrayBuffer {
    const ownBytes = (own.words + 2 * shape.seats) * 4
    const memory = Roster.allocate({ seats: shape.seats, sets: 2, ownBytes })
    const { words, ownAt } = new Roster(memory)
    words[ownAt + own.count] = shape.count
    return memory
  }
}

/** What somebody wants to hold. */
export interface Claim {
  /** What its party's word becomes, having looked through all; `null`: not now. Called under the lock. */
  claim(holdings: Holdings): number | null
}

/** H1 to H4. `READY` when it is held now, else the set to sleep in. */
export function hold(holdings: Holdings, wanted: Claim): number {
  const { words, heldAt, seat } = holdings
  if (!lockHoldings(holdings)) return holdingSets.turn
  clearDead(holdings)
  const claimed = wanted.claim(holdings)
  if (claimed !== null) Atomics.store(words, heldAt + seat.index, claimed) // H3
  unlockHoldings(holdings)
  return claimed === null ? holdingSets.held : READY
}

/** H5. This party holds so much from now on, which is less than before. */
export function letGo(holdings: Holdings, held: number, waking: 'one' | 'all'): void {
  const { words, heldAt, seat, roster } = holdings
  Atomics.store(words, heldAt + seat.index, held)
  if (waking === 'one') wakeOne(roster, holdingSets.held)
  else wakeAll(roster, holdingSets.held)
}

/** Whether this seat is named by a word that its party left behind. */
export function holdingsName(roster: Roster, seat: number): boolean {
  const { words, ownAt, seats } = roster
  const heldAt = ownAt + own.words + seat
  const isHeld = Atomics.load(words, heldAt) !== 0 || Atomics.load(words, heldAt + seats) !== 0
  return isHeld || Atomics.load(words, ownAt + own.lock) === seat + 1
}

/** What this party holds. */
export function ownHeld(holdings: Holdings): number {
  return holdings.words[holdings.heldAt + holdings.seat.index]!
}

/** Says, or says no longer, that others should make room for this party. */
export function want(holdings: Holdings, wanted: number): void {
  const { words, wantedAt, seat } = holdings
  Atomics.store(words, wantedAt + seat.index, wanted)
}

/** Whether somebody died holding it since anybody was told. Called under the lock by the one who is told. */
export function takeLegacy(holdings: Holdings): boolean {
  const { words, legacyAt } = holdings
  const isLegacy = words[legacyAt] === 1
  if (isLegacy) words[legacyAt] = 0
  return isLegacy
}

/** H1. False when others look for longer than it is worth to try. */
function lockHoldings(holdings: Holdings): boolean {
  const { words, lockAt, roster, seat } = holdings
  for (let tries = 0; tries < threadLimits.lockTries; tries++) {
    const before = Atomics.compareExchange(words, lockAt, 0, seat.owner)
    if (before === 0) return true
    if (before !== seat.owner && ownerLives(roster, before)) continue
    if (Atomics.compareExchange(words, lockAt, before, seat.owner) === before) return true
  }
  return false
}

/** H4. */
function unlockHoldings(holdings: Holdings): void {
  Atomics.store(holdings.words, holdings.lockAt, 0)
  wakeOne(holdings.roster, holdingSets.turn)
}

/** H2. */
function clearDead(holdings: Holdings): void {
  const { roster, words, heldAt, wantedAt, legacyAt } = holdings
  const now = news(roster)
  if (now === holdings.news) return
  for (let seat = 0; seat < roster.seats; seat++) {
    if (stateOf(roster, seat) !== seatState.dead) continue
    if (words[heldAt + seat] !== 0) words[legacyAt] = 1
    words[heldAt + seat] = 0
    words[wantedAt + seat] = 0
    // Only now: if this thread dies before, another one finds the dead.
    unbury(roster, seat)
  }
  holdings.news = now
}

/**
 * The tally says whether all that went into a ring is done. Each party counts in words of its own seat, which only it
 * writes, and nobody keeps a sum: whoever wants to know adds up. It belongs to the ring; it holds no party up, and
 * knows nothing of values.
 *
 *   begun    messages that this party has set about to take
 *   taken    messages that it took: the same, but in the midst of taking one
 *   done     messages of those that are done: nobody need know of them any more
 *   lost     messages of those that never will be: what former guests of the seat left behind, and what was skipped
 *   held     1 while the one taken last waits here for somebody to ask for it
 *
 * The first three are never reset, whoever sits there, and wrap. (T1) `begun` moves, (G4) the head does, (T2) `taken`
 * moves. What was put is counted with the tail, before anybody can take it: so what is done was put, in whatever order
 * one reads.
 *
 * Nothing is unfinished when as many are done as were put. Dones are read first, puts second: both only grow, so that
 * they are equal now only if there was a moment between at which they were.
 *
 * Something is lost when a party is gone that took more than it said is done. Where a death fell between T1 and T2,
 * nobody knows whether the message was taken; but when the ring is empty, and no party that lives has anything in
 * hand, what is missing then went with the dead.
 *
 * After an end that throws away what is inside, the head is moved to the tail, so that whoever is about to take
 * something takes nothing; then all is done when nobody has anything in hand. What is held is thrown away too: its
 * party looks for such an end after it has said that it holds nothing any more.
 *
 * Who wakes those who join: a death, an end, a loss, a claim in vain, always. A taking never, since its message is
 * still to be done. A done, if its party finds that there is something to be told: all this is sequentially
 * consistent, so the last of those who look has what all have done before its eyes.
 */
import {
  ending,
  endingOf,
  isEmpty,
  messagesPut,
  type Ring,
  sets,
  tallied,
  writersDone,
} from './ring.ts'
import {
  isAwaited,
  leave,
  ownerLives,
  READY,
  seatState,
  stateOf,
  tallyAt,
  threadOf,
  wakeAll,
} from './roster.ts'

/** Something that went in will never be done. */
export const LOST = -7

/** For a party that has just sat down: what its seat's former guests took and did not do is nobody's any more. */
export function takeOver(ring: Ring): void {
  const { words, tallyAt: at, taken, roster } = ring
  Atomics.store(words, at + tallied.begun, taken)
  Atomics.store(words, at + tallied.held, 0)
  const lost = (taken - words[at + tallied.done]!) | 0
  if (lost === words[at + tallied.lost]!) return
  Atomics.store(words, at + tallied.lost, lost)
  wakeAll(roster, sets.joined)
}

/** Gives the seat back. What its party has in hand is lost. */
export function standUp(ring: Ring): void {
  const { words, tallyAt: at, taken, roster, seat } = ring
  const inHand = (taken - words[at + tallied.done]! - words[at + tallied.lost]!) | 0
  leave(seat)
  if (inHand !== 0) wakeAll(roster, sets.joined)
}

/** One more of the messages that this party took is done. */
export function countDone(ring: Ring): void {
  const { words, tallyAt: at, roster } = ring
  Atomics.store(words, at + tallied.done, words[at + tallied.done]! + 1)
  if (!isAwaited(roster, sets.joined)) return
  if (endingOf(ring) >= ending.now || (isEmpty(ring) && addUp(ring) !== sets.joined)) {
    wakeAll(roster, sets.joined)
  }
}

/** The message that this party took last will never be done: its beginning went with somebody else. */
export function forgo(ring: Ring): void {
  const { words, tallyAt: at, roster } = ring
  Atomics.store(words, at + tallied.lost, words[at + tallied.lost]! + 1)
  wakeAll(roster, sets.joined)
}

/** The message that this party took last waits here until somebody asks for it. */
export function keepTaken(ring: Ring): void {
  Atomics.store(ring.words, ring.tallyAt + tallied.held, 1)
  if (endingOf(ring) >= ending.now) wakeAll(ring.roster, sets.joined)
}

/** Somebody asks for it. False when it has been thrown away meanwhile. */
export function releaseTaken(ring: Ring): boolean {
  Atomics.store(ring.words, ring.tallyAt + tallied.held, 0)
  if (endingOf(ring) < ending.now) return true
  countDone(ring)
  return false
}

/** `READY` when nothing is unfinished, `LOST` when something always will be, else the set to sleep in. */
export function addUp(ring: Ring): number {
  if (endingOf(ring) >= ending.now) return lookAfterEnd(ring)
  if (unfinished(ring) === 0) return READY
  if (lostValues(ring) > 0) return LOST
  if (!isAdrift(ring)) return sets.joined
  // What is missing may just have been thrown away.
  return endingOf(ring) >= ending.now ? lookAfterEnd(ring) : LOST
}

function lookAfterEnd(ring: Ring): number {
  if (!writersDone(ring)) return sets.joined
  const swept = sweep(ring)
  if (swept !== READY) return swept
  if (lostValues(ring) > 0) return LOST
  return isNothingInHand(ring) ? READY : sets.joined
}

/** Messages that were put and are not done. */
export function unfinished(ring: Ring): number {
  const done = doneInAll(ring)
  return (messagesPut(ring) - done) | 0
}

/** Messages that went with those who took them. */
export function lostValues(ring: Ring): number {
  let sum = 0
  for (let seat = 0; seat < ring.roster.seats; seat++) sum += lostAt(ring, seat)
  return sum
}

/** A thread that ended with something in hand, or `null` where its seat has been given to another. */
export function loser(ring: Ring): number | null {
  const { roster } = ring
  for (let seat = 0; seat < roster.seats; seat++) {
    const hasDied = stateOf(roster, seat) === seatState.dead
    if (hasDied && lostAt(ring, seat) > 0) return threadOf(roster, seat)
  }
  return null
}

function lostAt(ring: Ring, seat: number): number {
  const { words, roster } = ring
  const at = tallyAt(roster, seat)
  for (;;) {
    const state = stateOf(roster, seat)
    if (state === seatState.live) return Atomics.load(words, at + tallied.lost)
    const taken = Atomics.load(words, at + tallied.taken)
    const done = Atomics.load(words, at + tallied.done)
    // Or somebody else has sat there meanwhile.
    const isSame = stateOf(roster, seat) === state
    if (isSame && Atomics.load(words, at + tallied.done) === done) return (taken - done) | 0
  }
}

/** Whether something is missing that is not inside and that nobody has. The order matters. */
function isAdrift(ring: Ring): boolean {
  const put = messagesPut(ring)
  if (!isEmpty(ring) || !isNothingInHand(ring)) return false
  return ((put - doneInAll(ring)) | 0) > 0
}

function doneInAll(ring: Ring): number {
  let sum = 0
  for (let seat = 0; seat < ring.roster.seats; seat++) {
    sum = (sum + Atomics.load(ring.words, tallyAt(ring.roster, seat) + tallied.done)) | 0
  }
  return sum
}

/** Whether no party that lives took anything that is not done. */
function isNothingInHand(ring: Ring): boolean {
  const { words, roster } = ring
  const isEnded = endingOf(ring) >= ending.now
  for (let seat = 0; seat < roster.seats; seat++) {
    if (stateOf(roster, seat) !== seatState.live) continue
    const at = tallyAt(roster, seat)
    const held = isEnded ? Atomics.load(words, at + tallied.held) : 0
    const taken = Atomics.load(words, at + tallied.taken)
    if (Atomics.load(words, at + tallied.begun) !== taken) return false
    const over = Atomics.load(words, at + tallied.done) + Atomics.load(words, at + tallied.lost)
    if (((taken - over - held) | 0) !== 0) return false
  }
  return true
}

/** Throws away what is inside; nobody writes any more. `READY`, or the set to sleep in: somebody takes parts. */
function sweep(ring: Ring): number {
  const { words, headAt, tailAt, readerAt, owner, roster } = ring
  for (;;) {
    const reader = Atomics.load(words, readerAt)
    if (reader !== 0 && reader !== owner && ownerLives(roster, reader)) return sets.reader
    if (Atomics.compareExchange(words, readerAt, reader, owner) === reader) break
  }
  const tail = Atomics.load(words, tailAt)
  for (;;) {
    const head = Atomics.load(words, headAt)
    if (head === tail || Atomics.compareExchange(words, headAt, head, tail) === head) break
  }
  if (Atomics.compareExchange(words, readerAt, owner, 0) === owner) wakeAll(roster, sets.reader)
  return READY
}

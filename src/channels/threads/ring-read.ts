/** Reading from a ring: steps G1 to G5 of ring.ts. Nothing is held between them; a copy counts only after `claim`. */
import { assert } from '../../base/assert.ts'
import { headerAt, kind, NOTHING, PART, type Ring, SIZE, sets, tallied } from './ring.ts'
import { READY, wakeAll, wakeOne } from './roster.ts'

/**
 * G1 and G2: finds the oldest frame and answers its payload's size, or `NOTHING`, or `PART`. A size is a guess until
 * `claim` or `isStillOldest` has confirmed it: where a pad was that another reader has passed, anything may stand.
 */
export function peek(ring: Ring): number {
  const { words, headAt } = ring
  for (;;) {
    const head = Atomics.load(words, headAt)
    // What was seen of the tail bounds reading as long as no other reader came between.
    if (head === ring.tailSeen || head !== ring.headMine) {
      ring.tailSeen = Atomics.load(words, ring.tailAt)
      ring.headMine = head
      if (head === ring.tailSeen) return NOTHING
    }
    const found = peekAt(ring, head)
    if (found >= 0 || found === PART) return found
  }
}

/** What the header at this head says; `NOTHING` to look again, because another reader was faster or a pad is behind. */
function peekAt(ring: Ring, head: number): number {
  const { words, headAt, granules } = ring
  const at = head & (granules - 1)
  const word = words[headerAt(ring, head)]! // G2
  const size = word & SIZE
  ring.peeked = head
  ring.place = (at << 3) + 8
  ring.size = size
  ring.tag = word >>> 28
  const what = (word >>> 25) & 7
  if (what === kind.whole && ring.place + size <= granules << 3) return size
  if (Atomics.load(words, headAt) !== head) return NOTHING
  if (what === kind.pad) {
    Atomics.compareExchange(words, headAt, head, (head + granules - at) | 0)
    return NOTHING
  }
  assert(what >= kind.last && what <= kind.middle, 'what the head names is a frame')
  assert(ring.place + size <= granules << 3, 'a frame ends inside its ring')
  return PART
}

/** Whether what `peek` found is the oldest frame still, so that what it said was so. */
export function isStillOldest(ring: Ring): boolean {
  return Atomics.load(ring.words, ring.headAt) === ring.peeked
}

/** Takes copies of payloads that may turn out to be void. */
export interface Copier {
  copy(from: Ring): void
}

/** G1 to G5. `READY` when the copy made last is a message of this party's own, else `NOTHING` or `PART`. */
export function readWhole(ring: Ring, into: Copier): number {
  for (;;) {
    const found = peek(ring)
    if (found < 0) return found
    into.copy(ring) // G3
    if (claim(ring)) return READY
  }
}

/**
 * G4: makes the message that `peek` found this party's own, and counts it (T1 and T2 of tally.ts). False when another
 * reader was faster: the copy is void.
 */
export function claim(ring: Ring): boolean {
  const { words, tallyAt, taken } = ring
  words[tallyAt + tallied.begun] = taken + 1 // T1
  if (!pass(ring)) {
    Atomics.store(words, tallyAt + tallied.begun, taken)
    wakeAll(ring.roster, sets.joined)
    return false
  }
  ring.taken = (taken + 1) | 0
  words[tallyAt + tallied.taken] = ring.taken // T2
  wakeOne(ring.roster, sets.space) // G5
  return true
}

/** Moves the head past the frame that `peek` found. False when another was faster. */
export function pass(ring: Ring): boolean {
  const { peeked } = ring
  const next = (peeked + ((ring.size + 15) >> 3)) | 0
  if (Atomics.compareExchange(ring.words, ring.headAt, peeked, next) !== peeked) return false
  ring.headMine = next
  return true
}

/**
 * Writing to a ring: steps P1 to P6 of ring.ts. Whoever calls holds the writer word for
 * microseconds, or is `parts`.
 */
import { threadLimits } from './limits.ts'
import {
  besideTail,
  CLOSED,
  countAt,
  ENDED,
  headerAt,
  kind,
  messages,
  NOTHING,
  type Ring,
  sets,
} from './ring.ts'
import { ownerLives, READY, wakeAll, wakeOne } from './roster.ts'

/** The message does not fit in one frame; it must go in parts. */
export const LARGE = -6

/** Bytes of payload that fit in one frame: with its pad it fits an empty ring, wherever that starts. */
export function wholeMax(ring: Ring): number {
  return ring.granules * 4 - 8
}

/** P1: `READY` when this party is the writer now, the set to sleep in when another is, `ENDED` when closed. */
export function lockWriter(ring: Ring): number {
  const { words, writerAt, owner } = ring
  for (let tries = 0; tries < threadLimits.lockTries; tries++) {
    const before = Atomics.compareExchange(words, writerAt, 0, owner)
    if (before === 0) return READY
    if ((before & CLOSED) !== 0) return ENDED
    if (before !== owner && ownerLives(ring.roster, before)) continue
    // P1', from a dead writer, or from this very party when an error tore it from its work.
    if (Atomics.compareExchange(words, writerAt, before, owner) === before) return READY
  }
  return sets.turn
}

/** P5: what was published stays, what was not never was. */
export function unlockWriter(ring: Ring): void {
  const before = Atomics.and(ring.words, ring.writerAt, CLOSED)
  // Who found CLOSED and a writer at work waits for its last message, or to hear that there is none.
  if (before !== ring.owner) {
    wakeAll(ring.roster, sets.items)
    wakeAll(ring.roster, sets.joined)
  }
  wakeOne(ring.roster, sets.turn)
}

/** Whether one more message may go in, as far as their number goes. */
export function admits(ring: Ring): boolean {
  return ring.capacity === 0 || messages(ring) < ring.capacity
}

/** Whether a frame with so much payload surely finds no room: what a writer asks before it takes the writer word. */
export function isFull(ring: Ring, size: number): boolean {
  const { words, tailAt, granules } = ring
  const needed = (size + 15) >> 3
  // Both may be old and of different age, which is why a room that seems free is asked for again by `reserve`.
  if (((words[tailAt]! - words[tailAt + besideTail.headSeen]!) | 0) + needed <= granules)
    return false
  // The tail first: then there was a moment when both were so.
  const tail = Atomics.load(words, tailAt)
  return ((tail - Atomics.load(words, ring.headAt)) | 0) + needed > granules
}

/** P2: a place for a frame with so much payload, as an offset in `bytes`; `NOTHING` if it is not free. */
export function reserve(ring: Ring, size: number): number {
  const { words, tailAt, granules } = ring
  const needed = (size + 15) >> 3
  const tail = words[tailAt]!
  const at = tail & (granules - 1)
  const pad = at + needed > granules ? granules - at : 0
  // Counters are modulo 2^32; a difference cut to 32 bits is right.
  if (((tail - words[tailAt + besideTail.headSeen]!) | 0) + pad + needed > granules) {
    const head = Atomics.load(words, ring.headAt)
    words[tailAt + besideTail.headSeen] = head
    if (((tail - head) | 0) + pad + needed > granules) return NOTHING
  }
  if (pad !== 0) writeHeader(ring, tail, frameOf(kind.pad, 0))
  ring.reserved = (tail + pad) | 0
  return ((ring.reserved & (granules - 1)) << 3) + 8
}

/** What a frame is, as `publish` takes it. */
export function frameOf(what: number, tag: number): number {
  return (what << 25) | (tag << 28)
}

/** The end of P3, and P4: the frame is there, with so much of what was reserved. */
export function publish(ring: Ring, size: number, frame: number): void {
  const { words, tailAt, reserved } = ring
  const now = countAt(ring, words[tailAt]!)
  const next = 2 * tailAt + besideTail.count + besideTail.otherCount - now // the other of the two
  writeHeader(ring, reserved, size | frame)
  const tail = (reserved + ((size + 15) >> 3)) | 0
  words[next] = ((frame >>> 25) & 7) <= kind.last ? words[now]! + 1 : words[now]! // C1
  words[next + 1] = tail // C2
  Atomics.store(words, tailAt, tail)
}

/** A frame's header: its word, and the number of messages put before it. */
function writeHeader(ring: Ring, granule: number, word: number): void {
  const { words, tailAt } = ring
  const at = headerAt(ring, granule)
  words[at] = word
  words[at + 1] = words[countAt(ring, words[tailAt]!)]!
}

/** A message for one frame. */
export interface Filling {
  /** Bytes of payload to reserve before trying. May change when `fill` answers that they will not do. */
  readonly room: number
  readonly tag: number
  /** Writes the payload at a place with `room` bytes and answers its size; negative: ask for the room again. */
  fill(into: Buffer, place: number): number
}

/** P1 to P6. `READY` when the message is in, `ENDED`, `LARGE`, or the set to sleep in. */
export function writeWhole(ring: Ring, message: Filling): number {
  const { room } = message
  if (room > wholeMax(ring)) return LARGE
  if (isFull(ring, room)) return sets.space
  const lock = lockWriter(ring)
  if (lock !== READY) return lock
  let result: number
  try {
    result = admits(ring) ? writeLocked(ring, message) : sets.space
  } finally {
    unlockWriter(ring)
  }
  if (result === READY) wakeOne(ring.roster, sets.items) // P6
  return result
}

function writeLocked(ring: Ring, message: Filling): number {
  for (;;) {
    const place = reserve(ring, message.room)
    if (place === NOTHING) return sets.space
    const size = message.fill(ring.bytes, place) // P3
    if (size >= 0) {
      publish(ring, size, frameOf(kind.whole, message.tag))
      return READY
    }
    if (message.room > wholeMax(ring)) return LARGE
  }
}

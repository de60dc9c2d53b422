/**
 * The ring carries frames of bytes from any number of threads to any number of threads, first in first
 * out, through memory that they share. It knows frames and who holds what; it never knows a value's
 * meaning, never sleeps, and never hands out a view of itself.
 *
 * After the roster come, each on a line of its own:
 *
 *   const    granules (a power of two; a granule is 8 bytes), capacity in messages (0: any number)
 *   head     where the next frame to read starts          counted in granules, modulo 2^32, never reset
 *   tail     where the next frame to write starts         | head seen | two counts of messages put
 *   writer   who writes: owner, or CLOSED, or both        ^ these belong to whoever is the writer
 *   reader   who puts a message of several frames together
 *   data     granules * 8 bytes
 *
 *            head                  tail
 *   ----------+-------+------+------+----------      a frame is a header of one granule and a payload,
 *    free     | frame | frame| frame|   free         rounded up to granules; it never wraps: a pad
 *   ----------+-------+------+------+----------      frame fills the rest of the ring before it
 *
 *   header = size (25 bits) kind (3) tag (4), then the number of the message (32)
 *
 * Writing. (P1) Take the writer word, 0 -> owner. (P2) If the room counted with the head seen last does
 * not do, read the head. (P3) Write payload and header, plainly. (P4) Store the tail: sequentially
 * consistent, hence after all of P3 for everybody who reads it. (P5) Give the writer word back, (P6) wake
 * a reader. Whatever lies beyond the tail does not exist: a writer that dies before P4 leaves nothing but
 * its name in the writer word, and the next one takes it from the dead (P1'). No frame is ever half there.
 *
 * Counting. How many messages there have been must change with the tail, in one step, and is another word. So
 * there are two counts, each with the tail that it goes with. The one whose tail is the tail is right; a writer
 * overwrites the other, (C1) its count, then (C2) its tail, and P4 makes it the right one.
 *
 * Reading. (G1) Read head, then tail: with no frame between, there is none. (G2) Read the header and
 * (G3) copy the payload, both plainly. (G4) Move the head past the frame by compare-and-exchange. Only now
 * is the copy worth anything: if the head has not moved since G1, no writer can have touched the frame,
 * because the room was not free. If it has, another reader took the frame, and this one starts again. So a
 * reader holds nothing, and may die anywhere: before G4 the frame is still there, after it the message was
 * its own. (G5) Wake a writer that waits for room.
 *
 * That head comes round to the same 32 bits takes 32 GiB through the ring during one copy.
 *
 * Closing sets CLOSED in the writer word, so that P1 fails from then on; whoever is writing finishes. Readers
 * are at the end when CLOSED is set, nobody writes, and then still no frame is there.
 */
import { assert } from '../../base/assert.ts'
import { roundUp } from '../../base/bytes.ts'
import { threadLimits } from './limits.ts'
import { ownerLives, Roster, type Seat, spreadNews, tallyAt, wakeEverybody } from './roster.ts'

/**
 * The reasons to sleep: no frame to read, no room to write, somebody else writes, somebody else puts a message
 * together, something is not done. The fourth is no case of the first: only the reader can use a part, so that it
 * must be the one to wake.
 */
export const sets = { items: 0, space: 1, turn: 2, reader: 3, joined: 4 } as const
/** The channel takes nothing any more. */
export const ENDED = -2
/** `peek` found a part of a larger message. */
export const PART = -4
/** `peek` found no frame, `reserve` no room. */
export const NOTHING = -5

/**
 * A message in one frame, or in several; and what fills the ring's end. Up to `last`, a frame
 * completes a message.
 */
export const kind = { whole: 1, last: 2, first: 3, middle: 4, pad: 5 } as const

/** Bit of the writer word: nobody becomes the writer any more. */
export const CLOSED: number = 1 << 30
export const SIZE: number = (1 << 25) - 1

const ownLine = { constants: 0, head: 16, tail: 32, writer: 48, reader: 64, data: 80 } as const
/** How it ended. `broken`: nothing inside can be trusted to move again. A later number overrules an earlier. */
export const ending = { open: 0, drain: 1, now: 2, broken: 3 } as const

/** One party's view of a ring. What it remembers is about its own last step. */
export class Ring {
  readonly roster: Roster
  readonly seat: Seat
  readonly words: Int32Array
  /** The data, byte by byte; once with Node's methods and once without. */
  readonly bytes: Buffer
  readonly plain: Uint8Array
  readonly granules: number
  /** Messages that fit, or 0 for as many as there is room for. */
  readonly capacity: number
  readonly owner: number
  readonly endingAt: number
  readonly headAt: number
  readonly tailAt: number
  readonly writerAt: number
  readonly readerAt: number
  readonly dataAt: number
  /** The first of the words of tally.ts at this party's seat. */
  readonly tallyAt: number
  /** Messages that were taken at this seat: what the word there says, and nobody else writes. */
  taken: number
  /** Where the frame being written starts, past its pad. Set by `reserve`. */
  reserved: number
  /** Head as of the last `peek`; when it is still so, `tailSeen` still bounds what may be read. */
  headMine: number
  tailSeen: number
  /** The frame found by `peek`: where it starts, its payload's place, size and tag. */
  peeked: number
  place: number
  size: number
  tag: number

  constructor(memory: SharedArrayBuffer, seat: Seat) {
    const { roster } = seat
    const own = roster.ownAt
    this.roster = roster
    this.seat = seat
    this.words = roster.words
    this.granules = this.words[own]!
    this.capacity = this.words[own + 1]!
    this.owner = seat.owner
    this.endingAt = own + 2
    this.headAt = own + ownLine.head
    this.tailAt = own + ownLine.tail
    this.writerAt = own + ownLine.writer
    this.readerAt = own + ownLine.reader
    this.dataAt = own + ownLine.data
    this.tallyAt = tallyAt(roster, seat.index)
    this.taken = this.words[this.tallyAt + tallied.taken]!
    this.bytes = Buffer.from(memory, this.dataAt * 4, this.granules * 8)
    this.plain = new Uint8Array(memory, this.dataAt * 4, this.granules * 8)
    this.reserved = 0
    this.headMine = 0
    this.tailSeen = 0
    this.peeked = 0
    this.place = 0
    this.size = 0
    this.tag = 0
  }

  static allocate(shape: {
    ringBytes: number
    capacity: number
    seats: number
  }): SharedArrayBuffer {
    const { ringBytes, capacity, seats } = shape
    assert((ringBytes & (ringBytes - 1)) === 0, 'a ring is a power of two')
    assert(ringBytes >= threadLimits.ringBytesMin && ringBytes <= threadLimits.ringBytesMax)
    const ownBytes = ownLine.data * 4 + roundUp(ringBytes, 64)
    const memory = Roster.allocate({ seats, sets: 5, ownBytes })
    const { words, ownAt } = new Roster(memory)
    words[ownAt] = ringBytes / 8
    words[ownAt + 1] = capacity
    return memory
  }
}

/** The head as a writer saw it last, and the two counts of messages put. */
export const besideTail = { headSeen: 1, count: 2, otherCount: 4 } as const

/** A seat's words of tally.ts. */
export const tallied = { begun: 0, taken: 1, done: 2, lost: 3, held: 4 } as const

/** Where the count is that goes with this tail; its own tail stands behind it. Both may, before the first message. */
export function countAt(ring: Ring, tail: number): number {
  const { words, tailAt } = ring
  const first = tailAt + besideTail.count
  return words[first + 1] === tail ? first : tailAt + besideTail.otherCount
}

/** Messages put up to some moment during the call. */
export function messagesPut(ring: Ring): number {
  const { words, tailAt } = ring
  for (;;) {
    const tail = Atomics.load(words, tailAt)
    const at = countAt(ring, tail)
    const count = Atomics.load(words, at)
    // The count of a tail is overwritten only once there is another tail.
    if (Atomics.load(words, tailAt) === tail) return count
  }
}

/** The first of a frame's two header words. */
export function headerAt(ring: Ring, granule: number): number {
  return ring.dataAt + ((granule & (ring.granules - 1)) << 1)
}

/** Messages inside, as of some moment during the call. */
export function messages(ring: Ring): number {
  const { words, headAt, tailAt } = ring
  for (;;) {
    const head = Atomics.load(words, headAt)
    if (head === Atomics.load(words, tailAt)) return 0
    const before = words[headerAt(ring, head) + 1]!
    const count = messagesPut(ring)
    // A reader was faster: what the header said may be something else by now.
    if (head === Atomics.load(words, headAt)) return (count - before) | 0
  }
}

/** Lets nobody become the writer any more, and wakes all. Idempotent; a later, harsher ending overrules. */
export function endRing(ring: Ring, how: number): void {
  const { words, writerAt, endingAt, roster } = ring
  Atomics.or(words, writerAt, CLOSED)
  for (;;) {
    const before = Atomics.load(words, endingAt)
    if (before >= how) return
    if (Atomics.compareExchange(words, endingAt, before, how) === before) break
  }
  spreadNews(roster)
  wakeEverybody(roster)
}

export function endingOf(ring: Ring): number {
  return Atomics.load(ring.words, ring.endingAt)
}

/** Whether nothing will be written any more: the ring is closed, and whoever was writing is through or dead. */
export function writersDone(ring: Ring): boolean {
  const writer = Atomics.load(ring.words, ring.writerAt)
  if ((writer & CLOSED) === 0) return false
  const owner = writer & ~CLOSED
  return owner === 0 || !ownerLives(ring.roster, owner)
}

/**
 * Whether nothing is inside. Not the same as `peek` finding nothing, which may be a message that
 * another puts together.
 */
export function isEmpty(ring: Ring): boolean {
  const head = Atomics.load(ring.words, ring.headAt)
  return head === Atomics.load(ring.words, ring.tailAt)
}

/** The owner of the writer or the reader word, 0 for nobody. */
export function heldBy(roster: Roster, word: 'writer' | 'reader'): number {
  return Atomics.load(roster.words, roster.ownAt + ownLine[word]) & ~CLOSED
}

/** Whether this seat is named by a word that its party's death left behind. */
export function ringHolds(roster: Roster, seat: number): boolean {
  return heldBy(roster, 'writer') === seat + 1 || heldBy(roster, 'reader') === seat + 1
}

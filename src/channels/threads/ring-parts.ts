/**
 * Messages larger than half a ring go through it in parts, as room comes free. The sender stays the writer
 * until the last part is in, so that parts of one message follow one another with nothing between; the
 * receiver of the first part becomes the reader, and only the reader may take parts.
 *
 *   first (total size, then bytes)   middle ...   last
 *
 * A sender that gives up or dies just stops being the writer: the reader sees another message begin, and drops
 * what it has; that other message is for whoever is first. A reader that dies is followed by whoever finds a
 * part at the head: it skips what is left. A message is taken with its last part.
 */
import { assert } from '../../base/assert.ts'
import { EMPTY } from '../../base/bytes.ts'
import { threadLimits } from './limits.ts'
import { ENDED, ending, endingOf, headerAt, kind, NOTHING, PART, type Ring, sets } from './ring.ts'
import { claim, isStillOldest, pass, peek } from './ring-read.ts'
import { admits, frameOf, lockWriter, publish, reserve, unlockWriter } from './ring-write.ts'
import { beat, ownerLives, READY, wakeAll, wakeOne } from './roster.ts'
import { forgo } from './tally.ts'

/** What the first part begins with: the size of the whole message. */
const firstBytes = 8

/** A message under way into the ring. */
export class Parcel {
  readonly bytes: Uint8Array
  readonly tag: number
  /** How many bytes have gone in. */
  sent: number
  /** Whether its sender is the writer. */
  held: boolean

  constructor(bytes: Uint8Array, tag: number) {
    assert(bytes.length <= threadLimits.messageBytes, 'the size was checked before')
    this.bytes = bytes
    this.tag = tag
    this.sent = 0
    this.held = false
  }
}

/**
 * Sends as much as there is room for. `READY` when all is in, `ENDED` when it never will be, else
 * the set to sleep in.
 */
export function writeParts(ring: Ring, parcel: Parcel): number {
  if (!parcel.held) {
    const lock = lockWriter(ring)
    if (lock !== READY) return lock
    parcel.held = true
    if (!admits(ring)) {
      dropParcel(ring, parcel)
      return sets.space
    }
  }
  beat(ring.seat)
  while (parcel.sent < parcel.bytes.length) {
    if (endingOf(ring) > ending.drain) {
      dropParcel(ring, parcel)
      return ENDED
    }
    if (!writePart(ring, parcel)) return sets.space
    wakeOne(ring.roster, sets.items)
  }
  dropParcel(ring, parcel)
  return READY
}

/** Stops being the writer, wherever the parcel is. Idempotent. */
export function dropParcel(ring: Ring, parcel: Parcel): void {
  if (!parcel.held) return
  parcel.held = false
  unlockWriter(ring)
}

function writePart(ring: Ring, parcel: Parcel): boolean {
  const { bytes, tag, sent } = parcel
  const extra = sent === 0 ? firstBytes : 0
  // A quarter of the ring: the reader copies one part while the next one is written.
  const size = Math.min(bytes.length - sent, ring.granules * 2 - firstBytes)
  const place = reserve(ring, size + extra)
  if (place === NOTHING) return false
  if (extra !== 0) ring.bytes.writeUInt32LE(bytes.length, place)
  ring.bytes.set(bytes.subarray(sent, sent + size), place + extra)
  const isLast = sent + size === bytes.length
  const what = isLast ? kind.last : sent === 0 ? kind.first : kind.middle
  publish(ring, size + extra, frameOf(what, tag))
  parcel.sent = sent + size
  return true
}

/** A message under way out of the ring. */
export class Assembly {
  /** All of it, as far as it has come; nobody's between messages. */
  bytes: Uint8Array = EMPTY
  tag = 0
  received = 0
  active: boolean = false

  /** Lets go of the bytes: they are somebody's value now. */
  forget(): void {
    this.bytes = EMPTY
  }
}

/**
 * Takes parts of one message, after `peek` found one or with one begun. `READY` when it is whole in the assembly,
 * `NOTHING` to peek again, else the set to sleep in: somebody else puts it together, or more has to come.
 */
export function readParts(ring: Ring, assembly: Assembly): number {
  const { words, readerAt, owner } = ring
  const reader = Atomics.load(words, readerAt)
  if (reader !== owner) {
    if (reader !== 0 && ownerLives(ring.roster, reader)) return sets.reader
    if (Atomics.compareExchange(words, readerAt, reader, owner) !== reader) return NOTHING
  }
  beat(ring.seat)
  for (;;) {
    const found = peek(ring)
    if (found === NOTHING && assembly.active) return sets.items
    if (found !== PART || (assembly.active && kindFound(ring) === kind.first)) {
      // Another message: the sender of this one has given up, unless it only looked so where a pad was.
      if (assembly.active && !isStillOldest(ring)) continue
      stopReading(ring, assembly)
      return NOTHING
    }
    if (readPart(ring, assembly)) {
      stopReading(ring, assembly)
      return READY
    }
  }
}

/** Lets others read parts. What was received of an unfinished message is gone. Idempotent. */
export function stopReading(ring: Ring, assembly: Assembly): void {
  assembly.active = false
  const { words, readerAt, owner } = ring
  if (Atomics.compareExchange(words, readerAt, owner, 0) === owner)
    wakeAll(ring.roster, sets.reader)
}

/** What the frame is that `peek` found. */
function kindFound(ring: Ring): number {
  return (ring.words[headerAt(ring, ring.peeked)]! >>> 25) & 7
}

/** Takes one part; true when it was the last of its message. Nobody but the reader moves the head past a part. */
function readPart(ring: Ring, assembly: Assembly): boolean {
  const what = kindFound(ring)
  const begins = what === kind.first
  if (begins) {
    const total = ring.bytes.readUInt32LE(ring.place)
    assert(total <= threadLimits.messageBytes, 'a message keeps the limit')
    assembly.bytes = new Uint8Array(total)
    assembly.tag = ring.tag
    assembly.received = 0
    assembly.active = true
  }
  // What a dead reader left of its message is skipped.
  const wanted = assembly.active
  if (wanted) {
    const part = ring.bytes.subarray(ring.place + (begins ? firstBytes : 0), ring.place + ring.size)
    assembly.bytes.set(part, assembly.received)
    assembly.received += part.length
  }
  const isLast = what === kind.last
  assert(isLast ? claim(ring) : pass(ring), 'only the reader takes parts')
  if (!isLast) wakeOne(ring.roster, sets.space)
  if (isLast && !wanted) forgo(ring)
  if (!wanted || !isLast) return false
  assert(assembly.received === assembly.bytes.length, 'the parts make the whole')
  return true
}

/**
 * What has arrived on a link and waits to be received: whole value frames, still encoded, in the order of
 * arrival. Frames that are not values are handed on at once. It checks every size before it waits for the
 * bytes; how much may wait here is the link's to say.
 */
import { assert } from '../../base/assert.ts'
import { Fault } from '../../base/fault.ts'
import { Ring } from '../../base/ring.ts'
import { ValueMalformed, ValueReader } from '../codec/value.ts'
import type { Sendable } from '../contract.ts'
import { FRAME, HEAD_SIZE, readU32, SIZE_SIZE, TYPE_SIZE } from './frame.ts'
import { segmentBytesMax, segmentBytesMin, segmentsKept } from './limits.ts'

/** Gets a frame that is no value. The body is a view, good for this call only. */
export type OnControl = (type: number, body: Buffer) => void

const NONE = Buffer.alloc(0)

/** A stretch of what arrived. Only the newest one may end with a frame that is not whole. */
class Segment {
  bytes: Buffer
  /** Whole frames from here on have not been received. Invariant: head <= whole <= fill <= bytes.length. */
  head = 0
  /** Whole frames end here. */
  whole = 0
  /** What arrived ends here. */
  fill = 0

  constructor(size: number) {
    this.bytes = Buffer.allocUnsafeSlow(size)
  }
}

export class Inbox {
  /** Whole values that wait. */
  ready = 0
  /** Frame bytes of all values that ever arrived whole, and of those that were received. */
  arrivedBytes = 0
  takenBytes = 0
  /** Values that were thrown away. */
  discarded = 0
  readonly #reader = new ValueReader()
  readonly #onControl: OnControl
  #frameBytesMax: number
  /** Oldest first; the last one takes what arrives. Never empty. */
  readonly #segments = new Ring<Segment>()
  #oldest: Segment
  #newest: Segment
  readonly #spare: Segment[] = []
  #segmentBytes = segmentBytesMin
  /** Values that arrive are not kept. */
  #discarding = false
  /** No value may follow. */
  #ended = false
  /** Nothing is read any more. */
  #shut = false

  constructor(frameBytesMax: number, onControl: OnControl) {
    this.#frameBytesMax = frameBytesMax
    this.#onControl = onControl
    this.#newest = new Segment(segmentBytesMin)
    this.#oldest = this.#newest
  }

  /** Bytes of body and type that a frame may have from now on. */
  allow(frameBytesMax: number): void {
    this.#frameBytesMax = frameBytesMax
  }

  /** Takes in what arrived: values are kept, other frames are told. Throws a Fault on a frame that cannot be. */
  add(chunk: Uint8Array): void {
    if (this.#shut) return
    const segment = this.#roomFor(chunk.length)
    segment.bytes.set(chunk, segment.fill)
    segment.fill += chunk.length
    this.#scan(segment)
  }

  /** The oldest value; there is one. Throws ValueMalformed where its bytes are none. */
  shift(): Sendable {
    assert(this.ready > 0, 'a value from an empty inbox')
    for (;;) {
      const segment = this.#oldest
      while (segment.head < segment.whole) {
        const at = segment.head
        const end = at + SIZE_SIZE + readU32(segment.bytes, at)
        segment.head = end
        if (segment.bytes[at + SIZE_SIZE] !== FRAME.value) continue
        this.ready--
        this.takenBytes += end - at
        const value = this.#reader.read(segment.bytes, at + HEAD_SIZE, end)
        if (segment.bytes.length > segmentBytesMax) release(segment)
        return value
      }
      this.#next()
    }
  }

  /** The oldest value, if there is one. Where its bytes are none, all that waits is thrown away. */
  take(malformed: (error: ValueMalformed) => void): Sendable | undefined {
    if (this.ready === 0) return undefined
    try {
      return this.shift()
    } catch (error) {
      if (!(error instanceof ValueMalformed)) throw error
      this.discard()
      malformed(error)
      return undefined
    }
  }

  /** Throws away what waits, and what will arrive. */
  discard(): void {
    this.#discarding = true
    this.discarded += this.ready
    this.ready = 0
    this.takenBytes = this.arrivedBytes
    while (this.#oldest !== this.#newest) this.#next()
    this.#oldest.head = this.#oldest.whole
  }

  /** The other side has said that no value follows: one that does is a fault. */
  end(): void {
    this.#ended = true
  }

  /** Reads nothing any more; what arrived whole can still be received. */
  shut(): void {
    this.#shut = true
  }

  #scan(segment: Segment): void {
    const { bytes, fill } = segment
    let at = segment.whole
    while (fill - at >= SIZE_SIZE) {
      const size = readU32(bytes, at)
      if (size < TYPE_SIZE || size > this.#frameBytesMax) {
        throw new Fault('frame-size', `a frame of ${size} bytes: 1 to ${this.#frameBytesMax}`)
      }
      const end = at + SIZE_SIZE + size
      if (end > fill) break
      const type = bytes[at + SIZE_SIZE]!
      // Only values wait: whatever else stands before the first of them is done with.
      if (type !== FRAME.value && segment.head === at) segment.head = end
      segment.whole = end
      at = end
      if (type === FRAME.value) {
        this.#arrived(segment, size + SIZE_SIZE)
        continue
      }
      this.#onControl(type, bytes.subarray(end - size + TYPE_SIZE, end))
      if (this.#shut) return
    }
  }

  #arrived(segment: Segment, size: number): void {
    if (this.#ended) throw new Fault('end', 'a value after the end')
    this.arrivedBytes += size
    if (this.#discarding) {
      this.discarded++
      this.takenBytes += size
      segment.head = segment.whole
    } else {
      this.ready++
    }
  }

  /** The segment that takes `size` bytes more: the newest, or a new one with the frame that is not whole moved over. */
  #roomFor(size: number): Segment {
    const newest = this.#newest
    if (newest.head === newest.fill) {
      newest.head = 0
      newest.whole = 0
      newest.fill = 0
    }
    if (newest.fill + size <= newest.bytes.length) return newest
    const partSize = newest.fill - newest.whole
    const next = this.#segment(partSize + size)
    newest.bytes.copy(next.bytes, 0, newest.whole, newest.fill)
    next.fill = partSize
    newest.fill = newest.whole
    if (newest.head === newest.whole && newest === this.#oldest) {
      // Nothing in it is waiting: it goes, and the new one takes its place.
      this.#oldest = next
      this.#keep(newest)
    } else {
      this.#segments.push(next)
    }
    this.#newest = next
    return next
  }

  #segment(sizeMin: number): Segment {
    const spare = this.#spare.at(-1)
    if (spare !== undefined && spare.bytes.length >= sizeMin) {
      this.#spare.pop()
      return spare
    }
    // Doubling while one large frame arrives, so that it is copied about twice and not once a read.
    const size = sizeMin <= this.#segmentBytes ? this.#segmentBytes : 2 * sizeMin
    this.#segmentBytes = Math.min(2 * this.#segmentBytes, segmentBytesMax)
    return new Segment(size)
  }

  /** Leaves the oldest segment, which has been received. */
  #next(): void {
    const done = this.#oldest
    const next = this.#segments.shift()
    assert(next !== undefined, 'values are counted that are not there')
    this.#oldest = next
    this.#keep(done)
  }

  #keep(segment: Segment): void {
    const usual = segment.bytes.length === segmentBytesMax
    if (!usual || this.#spare.length >= segmentsKept) return
    segment.head = 0
    segment.whole = 0
    segment.fill = 0
    this.#spare.push(segment)
  }
}

/** Gives back the memory of a large frame once it has been received. */
function release(segment: Segment): void {
  if (segment.head < segment.fill) return
  segment.bytes = NONE
  segment.head = 0
  segment.whole = 0
  segment.fill = 0
}

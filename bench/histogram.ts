/**
 * A latency recorder: a log-linear histogram over typed arrays. Whoever measures owns one; recording
 * allocates nothing, and a quantile is never reported smaller than it was.
 */
import { assert } from '../src/base/assert.ts'

// A bucket is named by the exponent and the first bits of the fraction of the value as a 64-bit float,
// so finding it is one store, one load and one shift, for any value from MIN_MS to MAX_MS:
//
//   sign 1 bit | exponent 11 bits | fraction: 7 bits used | 45 bits dropped
//
const FRACTION_BITS = 7 // 128 buckets an octave: no quantile is more than 1/128 too large
const EXPONENT_MIN = -20 // 2^-20 ms is a nanosecond, below what any clock here can tell
const EXPONENT_MAX = 21 // 2^21 ms is 35 minutes, longer than any run may take
const MIN_MS: number = 2 ** EXPONENT_MIN
const MAX_MS: number = 2 ** EXPONENT_MAX
const FLOAT_EXPONENT_BIAS = 1023
const SHIFT: number = 20 - FRACTION_BITS
const FIRST_INDEX: number = (EXPONENT_MIN + FLOAT_EXPONENT_BIAS) << FRACTION_BITS
const BUCKET_COUNT: number = (EXPONENT_MAX - EXPONENT_MIN) << FRACTION_BITS

const isLittleEndian: boolean = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1
const HIGH_WORD: number = isLittleEndian ? 1 : 0

/** What a histogram holds, in a form that can be sent to another thread or process. */
export interface HistogramState {
  readonly counts: Uint32Array
  readonly minMs: number
  readonly maxMs: number
}

export class Histogram {
  readonly #counts: Uint32Array = new Uint32Array(BUCKET_COUNT)
  readonly #float: Float64Array = new Float64Array(1)
  readonly #words: Uint32Array = new Uint32Array(this.#float.buffer)
  /** Values recorded. Invariant: the sum of all bucket counts. */
  #count = 0
  /** Smallest and largest value recorded, exact. */
  #minMs: number = Number.POSITIVE_INFINITY
  #maxMs = 0

  get count(): number {
    return this.#count
  }

  get maxMs(): number {
    return this.#maxMs
  }

  record(latencyMs: number): void {
    const bounded = latencyMs < MIN_MS ? MIN_MS : latencyMs >= MAX_MS ? MAX_MS - 1 : latencyMs
    this.#float[0] = bounded
    const index = (this.#words[HIGH_WORD]! >>> SHIFT) - FIRST_INDEX
    this.#counts[index] = this.#counts[index]! + 1
    this.#count++
    if (latencyMs < this.#minMs) this.#minMs = latencyMs
    if (latencyMs > this.#maxMs) this.#maxMs = latencyMs
  }

  /** The smallest recorded value that at least `fraction` of all values do not exceed; at most 1/128 too large. */
  quantileMs(fraction: number): number {
    assert(fraction >= 0 && fraction <= 1, 'a quantile lies between 0 and 1')
    assert(this.#count > 0, 'an empty histogram has no quantile')
    const rank = Math.max(1, Math.ceil(fraction * this.#count))
    let seen = 0
    for (let index = 0; index < BUCKET_COUNT; index++) {
      seen += this.#counts[index]!
      if (seen >= rank) return Math.max(this.#minMs, Math.min(this.#maxMs, upperEdgeMs(index)))
    }
    return this.#maxMs
  }

  /** Adds what another histogram recorded. */
  merge(other: HistogramState): void {
    assert(other.counts.length === BUCKET_COUNT, 'a histogram of another shape')
    for (let index = 0; index < BUCKET_COUNT; index++) {
      const count = other.counts[index]!
      this.#counts[index] = this.#counts[index]! + count
      this.#count += count
    }
    this.#minMs = Math.min(this.#minMs, other.minMs)
    this.#maxMs = Math.max(this.#maxMs, other.maxMs)
  }

  /** A copy, for `merge` elsewhere. */
  state(): HistogramState {
    return { counts: this.#counts.slice(), minMs: this.#minMs, maxMs: this.#maxMs }
  }
}

/** The edge itself belongs to the next bucket; the difference is far below the bucket's width. */
function upperEdgeMs(index: number): number {
  const exponent = (index >> FRACTION_BITS) + EXPONENT_MIN
  const fraction = (index & ((1 << FRACTION_BITS) - 1)) + 1
  return 2 ** exponent * (1 + fraction / (1 << FRACTION_BITS))
}

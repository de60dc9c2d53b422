/**
 * Reads the answers to Fetch: how many records they hold and where the next ones begin. It looks at the headers
 * of batches and never at a record.
 */
import { assert } from '../../src/base/assert.ts'
import { BATCH_HEADER_SIZE, COUNT_AT, LAST_DELTA_AT } from './kafka-frames.ts'

// answer = size:i32 correlation:i32 throttle:i32 1:i32 topic:str16 1:i32 partition:i32 error:i16
//          highWatermark:i64 lastStable:i64 aborted:i32 recordsSize:i32 batch*
const BEFORE_TOPIC = 18
const TOPIC_TO_ERROR = 8
const ERROR_TO_ABORTED = 18
const SIZE_BYTES = 4
const BATCH_LENGTH_AT = 8
const BATCH_LENGTH_END = 12

export type Fetched = {
  readonly records: number
  readonly nextOffset: number
}

export class FetchedReader {
  readonly #errorAt: number
  /** One answer, as far as it has come. */
  #answer: Buffer = Buffer.alloc(0)
  #size = 0

  constructor(topic: string) {
    this.#errorAt = BEFORE_TOPIC + Buffer.byteLength(topic) + TOPIC_TO_ERROR
  }

  /** Takes what came; answers what the whole answer holds, or null while there is more to come. One in flight. */
  read(bytes: Uint8Array): Fetched | null {
    const needed = this.#size + bytes.length
    if (needed > this.#answer.length) {
      const larger = Buffer.alloc(2 * needed)
      larger.set(this.#answer.subarray(0, this.#size))
      this.#answer = larger
    }
    this.#answer.set(bytes, this.#size)
    this.#size = needed
    if (needed < SIZE_BYTES) return null
    const end = this.#answer.readInt32BE(0) + SIZE_BYTES
    assert(needed <= end, 'more came than was asked for')
    if (needed < end) return null
    this.#size = 0
    return this.#whole(end)
  }

  #whole(end: number): Fetched {
    const answer = this.#answer
    const error = answer.readInt16BE(this.#errorAt)
    assert(error === 0, `the broker answered error ${error}`)
    const abortedAt = this.#errorAt + ERROR_TO_ABORTED
    assert(answer.readInt32BE(abortedAt) <= 0, 'aborted transactions where there are none')
    let at = abortedAt + 2 * SIZE_BYTES
    assert(at + answer.readInt32BE(at - SIZE_BYTES) === end, 'records of another size')
    let records = 0
    let nextOffset = 0
    // The last batch may be cut off: then it comes again.
    while (end - at >= BATCH_HEADER_SIZE) {
      const size = answer.readInt32BE(at + BATCH_LENGTH_AT) + BATCH_LENGTH_END
      if (at + size > end) break
      records += answer.readInt32BE(at + COUNT_AT)
      nextOffset = Number(answer.readBigInt64BE(at)) + answer.readInt32BE(at + LAST_DELTA_AT) + 1
      at += size
    }
    return { records, nextOffset }
  }
}

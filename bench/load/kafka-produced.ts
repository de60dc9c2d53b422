/** Reads the answers to Produce: how many requests were taken. All are alike, so they are counted by their size. */
import { assert } from '../../src/base/assert.ts'

// answer = size:i32 correlation:i32 1:i32 topic:str16 1:i32 partition:i32 error:i16 offset:i64 time:i64 throttle:i32
const BEFORE_TOPIC = 14
const TOPIC_TO_ERROR = 8
const ERROR_TO_END = 22

export class ProducedReader {
  readonly #size: number
  readonly #errorAt: number
  /** The beginning of an answer that came in pieces. */
  #rest: Uint8Array = new Uint8Array(0)
  #count = 0

  constructor(topic: string) {
    this.#errorAt = BEFORE_TOPIC + Buffer.byteLength(topic) + TOPIC_TO_ERROR
    this.#size = this.#errorAt + ERROR_TO_END
  }

  /** For `runLoad`: requests that were taken. */
  read(bytes: Uint8Array): number {
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    const view = new DataView(all.buffer, all.byteOffset, all.length)
    let at = 0
    for (; all.length - at >= this.#size; at += this.#size) {
      assert(view.getInt32(at) === this.#size - 4, 'an answer of another size')
      const error = view.getInt16(at + this.#errorAt)
      assert(error === 0, `the broker answered error ${error}`)
      this.#count++
    }
    this.#rest = all.slice(at)
    return this.#count
  }
}

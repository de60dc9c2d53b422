/** Reads the confirms of a publisher: how many of its messages are taken, without a gap. It never sends. */
import { assert } from '../../src/base/assert.ts'

// confirm = 01 channel:u16 00 00 00 0d  class:u16(60) method:u16(80) deliveryTag:u64 multiple:u8  ce
const CONFIRM_SIZE = 21
const METHOD_AT = 7
const TAG_AT = 11
const MULTIPLE_AT = 19
const ACK = ((60 << 16) | 80) >>> 0
const WORD = 2 ** 32

export class ConfirmReader {
  /** The beginning of a confirm that came in pieces. */
  #rest: Uint8Array = new Uint8Array(0)
  /** Every message up to this one is confirmed; the first is 1. */
  #through = 0
  /** Confirmed beyond a gap: RabbitMQ confirms in the order in which its queues answer. */
  readonly #beyond = new Set<number>()

  /** For `runLoad`: messages confirmed without a gap. */
  read(bytes: Uint8Array): number {
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    const view = new DataView(all.buffer, all.byteOffset, all.length)
    let at = 0
    for (; all.length - at >= CONFIRM_SIZE; at += CONFIRM_SIZE) {
      assert(view.getUint32(at + METHOD_AT) === ACK, 'a publisher got what is no confirm')
      const tag = view.getUint32(at + TAG_AT) * WORD + view.getUint32(at + TAG_AT + 4)
      this.#confirm(tag, view.getUint8(at + MULTIPLE_AT) !== 0)
    }
    this.#rest = all.slice(at)
    return this.#through
  }

  #confirm(tag: number, isMultiple: boolean): void {
    if (isMultiple || tag === this.#through + 1) {
      if (isMultiple && this.#beyond.size > 0) {
        for (const beyond of this.#beyond) if (beyond <= tag) this.#beyond.delete(beyond)
      }
      this.#through = Math.max(this.#through, tag)
    } else if (tag > this.#through) {
      this.#beyond.add(tag)
    }
    while (this.#beyond.size > 0 && this.#beyond.delete(this.#through + 1)) this.#through++
  }
}

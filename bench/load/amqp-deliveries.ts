/**
 * Counts deliveries by their bytes: all messages of a load are alike, so each delivery has the size of the
 * first one, and only that one is looked at. It never decodes a message.
 */
import { assert } from '../../src/base/assert.ts'
import { FRAME_OVERHEAD } from './amqp-frames.ts'

const BODY_SIZE_AT = 11 // of a header's frame: behind its own header, class and weight

export class DeliveryCounter {
  readonly #bodySize: number
  /** What has come of the first delivery, until its size is known. */
  #head: Buffer = Buffer.alloc(0)
  /** Bytes of one delivery; 0 while it is unknown. */
  #size = 0
  #bytes = 0

  constructor(bodySize: number) {
    this.#bodySize = bodySize
  }

  /** Deliveries that have come whole. */
  read(bytes: Uint8Array): number {
    this.#bytes += bytes.length
    if (this.#size === 0) {
      this.#head = Buffer.concat([this.#head, bytes])
      this.#size = this.#measure(this.#head)
      if (this.#size === 0) return 0
      this.#head = Buffer.alloc(0)
    }
    return Math.floor(this.#bytes / this.#size)
  }

  /** Whether what has come are whole deliveries: then they were all alike, most likely. */
  get isWhole(): boolean {
    return this.#size > 0 && this.#bytes % this.#size === 0
  }

  /** Bytes of the first delivery, or 0 while its method and header are not there. */
  #measure(head: Buffer): number {
    const methodSize = frameSize(head, 0)
    const headerSize = methodSize === 0 ? 0 : frameSize(head, methodSize)
    if (headerSize === 0 || head.length < methodSize + headerSize) return 0
    const DELIVER = ((60 << 16) | 60) >>> 0
    assert(head.readUInt32BE(7) === DELIVER, 'a consumer got what is no delivery')
    const bodySize = Number(head.readBigUInt64BE(methodSize + BODY_SIZE_AT))
    assert(bodySize === this.#bodySize, 'a body of another size')
    return methodSize + headerSize + bodySize + FRAME_OVERHEAD
  }
}

/** 0 while it is unknown. */
function frameSize(bytes: Buffer, at: number): number {
  return bytes.length < at + FRAME_OVERHEAD ? 0 : bytes.readUInt32BE(at + 3) + FRAME_OVERHEAD
}

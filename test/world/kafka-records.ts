/** Reads the records of batches as a consumer does: uncompressed ones, each with its offset and its value. */
import assert from 'node:assert/strict'

export type ReadRecord = { readonly offset: number; readonly value: string }

const HEADER_BYTES = 61
/** Of the header: what is before the length, and the length. */
const PREFIX_BYTES = 12
const COUNT_AT = 57

export function readBatches(bytes: Uint8Array): ReadRecord[] {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const records: ReadRecord[] = []
  let at = 0
  while (at < all.length) {
    const offset = Number(all.readBigInt64BE(at))
    const end = at + PREFIX_BYTES + all.readInt32BE(at + 8)
    assert(end <= all.length, 'whole batches')
    const count = all.readInt32BE(at + COUNT_AT)
    const reader = new Varints(all, at + HEADER_BYTES)
    for (let index = 0; index < count; index++) records.push(readRecord(reader, offset))
    assert.equal(reader.at, end, 'a batch is as long as it says')
    at = end
  }
  return records
}

/** length attributes(1) time offset key value headers; all others are zigzag varints. */
function readRecord(reader: Varints, base: number): ReadRecord {
  const size = reader.next()
  const end = reader.at + size
  reader.at++
  reader.next()
  const offset = base + reader.next()
  assert.equal(reader.next(), -1, 'no key')
  const value = reader.text(reader.next())
  assert.equal(reader.next(), 0, 'no headers')
  assert.equal(reader.at, end, 'a record is as long as it says')
  return { offset, value }
}

class Varints {
  readonly #bytes: Buffer
  at: number

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes
    this.at = at
  }

  next(): number {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.#bytes[this.at++]!
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2
    }
  }

  text(size: number): string {
    this.at += size
    return this.#bytes.toString('utf8', this.at - size, this.at)
  }
}

/** Makes record batches as a producer does, uncompressed, for tests and load. */
import { crc32c } from '@node-rs/crc32'

export interface TestRecord {
  readonly timestampMs: number
  readonly value: string
}

/** A sound batch of these records; its first offset and epoch are as a client leaves them. */
export function makeBatch(records: readonly TestRecord[]): Uint8Array {
  const base = records[0]?.timestampMs ?? 0
  const bodies = records.map(({ timestampMs, value }, index) => {
    const bytes = Buffer.from(value)
    const body = Buffer.concat([
      Buffer.from([0]),
      varint(timestampMs - base),
      varint(index),
      varint(-1),
      varint(bytes.length),
      bytes,
      varint(0),
    ])
    return Buffer.concat([varint(body.length), body])
  })
  const header = Buffer.alloc(61)
  const all = Buffer.concat([header, ...bodies])
  all.writeInt32BE(all.length - 12, 8)
  all.writeInt32BE(-1, 12)
  all.writeInt8(2, 16)
  all.writeInt32BE(records.length - 1, 23)
  all.writeBigInt64BE(BigInt(base), 27)
  const last = Math.max(-1, ...records.map(({ timestampMs }) => timestampMs))
  all.writeBigInt64BE(BigInt(last), 35)
  all.writeBigInt64BE(-1n, 43)
  all.writeInt16BE(-1, 51)
  all.writeInt32BE(-1, 53)
  all.writeInt32BE(records.length, 57)
  return seal(all)
}

/** Writes the checksum anew after a change. */
export function seal(batch: Uint8Array): Uint8Array {
  const bytes = Buffer.from(batch.buffer, batch.byteOffset, batch.byteLength)
  bytes.writeUInt32BE(crc32c(bytes.subarray(21)) >>> 0, 17)
  return bytes
}

function varint(value: number): Buffer {
  let left = value >= 0 ? BigInt(value) * 2n : BigInt(-value) * 2n - 1n
  const bytes: number[] = []
  while (left > 0x7fn) {
    bytes.push(Number(left & 0x7fn) | 0x80)
    left >>= 7n
  }
  bytes.push(Number(left))
  return Buffer.from(bytes)
}

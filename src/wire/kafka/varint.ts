/** The signed varints inside record batches: groups of seven bits, the sign in the lowest bit. */
import { Fault } from '../../base/fault.ts'
import type { Reader } from '../../base/reader.ts'
import type { Writer } from '../../base/writer.ts'

const BYTES_MAX = 10 // 64 bits in groups of seven
const GROUP = 2 ** 7

export function readVarint(r: Reader): number {
  let value = 0
  for (let index = 0; index < BYTES_MAX; index++) {
    const byte = r.u8()
    value += (byte & 0x7f) * 2 ** (7 * index)
    // Halving before the sign: a 64-bit number may have lost its lowest bits and keeps its size.
    if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }
  throw new Fault('number-range', 'a varint beyond 64 bits')
}

/** `value` is a safe integer below 2^52 in size, so that its double is one too. */
export function writeVarint(w: Writer, value: number): void {
  let left = zigzag(value)
  for (; left >= GROUP; left = Math.floor(left / GROUP)) w.u8((left % GROUP) | 0x80)
  w.u8(left)
}

/** Bytes that it takes. */
export function varintSize(value: number): number {
  let size = 1
  for (let left = zigzag(value); left >= GROUP; left = Math.floor(left / GROUP)) size++
  return size
}

function zigzag(value: number): number {
  return value >= 0 ? value * 2 : -value * 2 - 1
}

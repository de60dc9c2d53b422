/**
 * Integers as AMQP writes them, big-endian, at a place in bytes: for the paths where a reader or a writer would
 * be an object too many. Nothing is checked here; whoever calls has bounded the place before.
 */
import type { Reader } from '../../base/reader.ts'
import type { Writer } from '../../base/writer.ts'

const WORD = 2 ** 32

export function u16At(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!
}

export function u32At(bytes: Uint8Array, at: number): number {
  const high = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8)
  return (high | bytes[at + 3]!) >>> 0
}

export function setU16At(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8
  bytes[at + 1] = value
}

export function setU32At(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}

/** Eight bytes as a number: exact up to 2^53, and too large, never too small, beyond it. */
export function u64At(bytes: Uint8Array, at: number): number {
  return u32At(bytes, at) * WORD + u32At(bytes, at + 4)
}

/** A safe integer as eight bytes. */
export function setU64At(bytes: Uint8Array, at: number, value: number): void {
  // Tags and sizes are mostly small, and a division is dear where millions are written.
  setU32At(bytes, at, value < WORD ? 0 : Math.floor(value / WORD))
  setU32At(bytes, at + 4, value >>> 0)
}

/** All 64 bits, unsigned. */
export function readU64(reader: Reader): bigint {
  return (BigInt(reader.u32be()) << 32n) | BigInt(reader.u32be())
}

/** The low 64 bits; a negative one as its two's complement. */
export function writeU64(writer: Writer, value: bigint): void {
  writer.u32be(Number((value >> 32n) & 0xffff_ffffn))
  writer.u32be(Number(value & 0xffff_ffffn))
}

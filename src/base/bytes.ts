/** Sizes and byte comparisons that every layer needs. */

export const KiB: number = 1024
export const MiB: number = 1024 * KiB
export const GiB: number = 1024 * MiB

/** What hot fields hold instead of `null`: no bytes at all. */
export const EMPTY: Uint8Array = new Uint8Array(0)

/** Lexicographic order, as memcmp: negative, zero or positive. */
function compareBytes(left: Uint8Array, right: Uint8Array): number {
  const size = Math.min(left.length, right.length)
  for (let index = 0; index < size; index++) {
    const difference = left[index]! - right[index]!
    if (difference !== 0) return difference
  }
  return left.length - right.length
}

export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && compareBytes(left, right) === 0
}

// Measured on Node 20. Byte by byte: 1 ns a byte. Four bytes at a time, through views that are there already: 21 ns
// for 64 bytes, 31 for 100, 80 for 256. A fresh view and `set`: 28 to 34 ns whatever the size, and the view is garbage,
// which costs about as much again later; a whole array needs none.
const LOOP_SIZE_MAX = 8 // up to here a loop costs less than a call; from 12 on messages of 16 bytes took a tenth longer
const WORDS_SIZE_MAX = 128 // up to here words cost less than a view and what becomes of it

/**
 * Copies [fromAt, fromAt + size) of `from` to `at`; answers where it ended. For the pieces of messages, of which many
 * come from the same memory one behind the other.
 */
export function copyBytes(
  from: Uint8Array,
  fromAt: number,
  size: number,
  into: Uint8Array,
  at: number,
): number {
  if (size > LOOP_SIZE_MAX) copyMore(from, fromAt, size, into, at)
  else for (let index = 0; index < size; index++) into[at + index] = from[fromAt + index]!
  return at + size
}

// Where words were copied from and to last. Runs of messages go from one memory to one other, so that a view is made
// once a run; they keep no more alive than those two.
let fromBytes: Uint8Array = EMPTY
let fromView = new DataView(EMPTY.buffer)
let intoBytes: Uint8Array = EMPTY
let intoView = fromView

function copyMore(
  from: Uint8Array,
  fromAt: number,
  size: number,
  into: Uint8Array,
  at: number,
): void {
  // Names and prefixes are arrays of their own, between pieces of one memory: they must not take its view's place.
  if (size === from.length) {
    into.set(from, at)
    return
  }
  if (size > WORDS_SIZE_MAX) {
    into.set(from.subarray(fromAt, fromAt + size), at)
    return
  }
  if (from !== fromBytes) {
    fromBytes = from
    fromView = new DataView(from.buffer, from.byteOffset, from.length)
  }
  if (into !== intoBytes) {
    intoBytes = into
    intoView = new DataView(into.buffer, into.byteOffset, into.length)
  }
  let done = 0
  for (const words = size - 3; done < words; done += 4) {
    intoView.setInt32(at + done, fromView.getInt32(fromAt + done, true), true)
  }
  for (; done < size; done++) into[at + done] = from[fromAt + done]!
}

/** The smallest multiple of `unit` that is not below `size`. */
export function roundUp(size: number, unit: number): number {
  return Math.ceil(size / unit) * unit
}

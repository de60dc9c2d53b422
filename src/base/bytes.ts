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

/** The smallest multiple of `unit` that is not below `size`. */
export function roundUp(size: number, unit: number): number {
  return Math.ceil(size / unit) * unit
}

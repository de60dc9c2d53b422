/**
 * Slabs lends memory that `commit` takes, and takes it back: what the real disk allocates is shared
 * with its thread, is not counted by the collector, and so is worth using again.
 */
import type { Disk } from '../base/ports.ts'

const SLABS_KEPT = 4 // of each size: a footer, a header and a cleaner's frame at a time, and one to spare

export class Slabs {
  readonly #disk: Disk
  /** By size, which is a power of two. */
  readonly #free = new Map<number, Uint8Array[]>()

  constructor(disk: Disk) {
    this.#disk = disk
  }

  /** Exactly `size` bytes, of any content. */
  borrow(size: number): Uint8Array {
    const whole = 2 ** Math.ceil(Math.log2(Math.max(64, size)))
    const slab = this.#free.get(whole)?.pop() ?? this.#disk.allocate(whole)
    return slab.subarray(0, size)
  }

  /** What was borrowed, once nothing reads it any more. */
  giveBack(bytes: Uint8Array): void {
    const slab = new Uint8Array(bytes.buffer, bytes.byteOffset)
    const kept = this.#free.get(slab.length)
    if (kept === undefined) this.#free.set(slab.length, [slab])
    else if (kept.length < SLABS_KEPT) kept.push(slab)
  }
}

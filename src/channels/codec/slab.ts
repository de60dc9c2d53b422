/**
 * Memory for small byte values that were received: cut from slabs, because making an ArrayBuffer for each costs two
 * to four times as much. It belongs to one reader; it never gives the same bytes out twice.
 */

/** Enough for eight of the largest values that are cut from it. */
const SLAB_SIZE = 8192
/** Larger byte values get memory of their own, so that keeping one never keeps much more than itself. */
const SLABBED_SIZE_MAX = 1024
/** In a slab values start at multiples of 8, as a typed array over them may need. */
const SLAB_ALIGN = 8

export class Slabs {
  #slab = new ArrayBuffer(0)
  #slabAt = 0
  readonly #made: (slab: ArrayBuffer) => void

  /** `made` sees each slab first: the place to forbid its transfer, which would take all its values along. */
  constructor(made: (slab: ArrayBuffer) => void) {
    this.#made = made
  }

  /** Zeros or not, for the caller to overwrite. */
  bytes(size: number): Uint8Array {
    if (size > SLABBED_SIZE_MAX) return new Uint8Array(size)
    if (this.#slabAt + size > this.#slab.byteLength) this.#renew()
    const value = new Uint8Array(this.#slab, this.#slabAt, size)
    this.#slabAt += (size + SLAB_ALIGN - 1) & -SLAB_ALIGN
    return value
  }

  #renew(): void {
    this.#slab = new ArrayBuffer(SLAB_SIZE)
    this.#slabAt = 0
    this.#made(this.#slab)
  }
}

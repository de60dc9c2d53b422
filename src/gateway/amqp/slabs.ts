/**
 * Slabs are the pieces of memory that output is written into. All connections share the ones that nobody uses,
 * so that an idle connection holds none.
 */

export class Slabs {
  readonly size: number
  readonly #keptMax: number
  readonly #free: Uint8Array[] = []

  constructor(size: number, keptMax: number) {
    this.size = size
    this.#keptMax = keptMax
  }

  take(): Uint8Array {
    return this.#free.pop() ?? new Uint8Array(this.size)
  }

  /** Nobody may read it any more. One of another size was made for one frame and is let go. */
  give(slab: Uint8Array): void {
    if (slab.length === this.size && this.#free.length < this.#keptMax) this.#free.push(slab)
  }
}

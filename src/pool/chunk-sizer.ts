/** How many items travel together when the pool is to find out: it measures what an item takes. Pure. */

/**
 * A way there and back costs 20 to 100 microseconds, so this much work in a chunk makes it 1 or 2 in a
 * hundred; more would only make the last chunk of a map finish alone, and a lost one dearer.
 */
const chunkWorkMs = 4
/** Items whose time cannot be measured still must not pile up in memory. */
const chunkItemsMax = 1024
/** One quick item says little about the next thousand. */
const growthMax = 4
/** Chunks for each worker at least, where the number of items is known, so that all end at about the same time. */
const chunksPerWorker = 4

export class ChunkSizer {
  readonly #max: number
  #items = 1

  /** `total` is `null` where nobody knows it. */
  constructor(workers: number, total: number | null) {
    const share = total === null ? chunkItemsMax : Math.ceil(total / (workers * chunksPerWorker))
    this.#max = Math.max(1, Math.min(chunkItemsMax, share))
  }

  get items(): number {
    return this.#items
  }

  took(durationMs: number, items: number): void {
    const fitting = durationMs <= 0 ? chunkItemsMax : Math.floor((chunkWorkMs * items) / durationMs)
    this.#items = Math.max(1, Math.min(fitting, items * growthMax, this.#max))
  }
}

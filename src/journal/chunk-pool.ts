/**
 * Chunks are the memory commits are built in; after their commits are on disk they stay readable
 * until the pool needs them again.
 */
import { assert } from '../base/assert.ts'
import type { Disk } from '../base/ports.ts'
import type { Seed } from './checksum.ts'
import { viewOf } from './format.ts'
import type { FrameTarget } from './frame.ts'
import type { JournalLimits } from './limits.ts'
import { RowTable } from './row-table.ts'

export class Chunk implements FrameTarget {
  readonly bytes: Uint8Array
  readonly view: DataView
  /** What the checksums of frames in it start from. */
  readonly seed: Seed
  /** Next free byte. Moved by the tail only. */
  at = 0
  /** Commits that still have a piece here and are not settled. */
  commits = 0
  /** Frames inside, by ticket; positions are offsets into `bytes`. */
  readonly rows: RowTable = new RowTable()
  endTicket = 0
  /** Grows with every reuse, so that a reader sees that what it stood on is gone. */
  epoch = 0

  constructor(bytes: Uint8Array, seed: Seed) {
    this.bytes = bytes
    this.seed = seed
    this.view = viewOf(bytes)
  }
}

export class ChunkPool {
  readonly #disk: Disk
  readonly #chunkBytes: number
  readonly #hotMax: number
  readonly #seed: Seed
  readonly #free: Chunk[] = []
  /** In order of use, the one being filled last: ascending tickets. */
  readonly #used: Chunk[] = []

  constructor(disk: Disk, limits: JournalLimits, seed: Seed) {
    this.#disk = disk
    this.#chunkBytes = limits.chunkBytes
    this.#hotMax = Math.max(1, Math.floor(limits.hotBytes / limits.chunkBytes))
    this.#seed = seed
  }

  /** An empty chunk, which becomes the last one in use. */
  take(): Chunk {
    this.#recycle()
    const chunk = this.#free.pop() ?? new Chunk(this.#disk.allocate(this.#chunkBytes), this.#seed)
    chunk.at = 0
    chunk.rows.size = 0
    chunk.endTicket = 0
    chunk.epoch++
    this.#used.push(chunk)
    return chunk
  }

  /** Takes over memory from `allocate` that somebody is done with: what is dropped may stay until long after. */
  adopt(memory: Uint8Array): void {
    const size = this.#chunkBytes
    for (let at = 0; at + size <= memory.length; at += size) {
      this.#free.push(new Chunk(memory.subarray(at, at + size), this.#seed))
    }
  }

  /** The chunk that still holds this ticket, or null when it is only on disk. */
  find(ticket: number): Chunk | null {
    let low = 0
    let high = this.#used.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const chunk = this.#used[middle]!
      if (chunk.rows.size > 0 && chunk.rows.ticket(0) <= ticket) low = middle + 1
      else high = middle
    }
    const chunk = this.#used[low - 1]
    return chunk !== undefined && ticket < chunk.endTicket ? chunk : null
  }

  #recycle(): void {
    let count = 0
    while (this.#used.length - count > this.#hotMax) {
      const chunk = this.#used[count]!
      // Order matters to `find`, so the oldest that is busy keeps the younger ones too.
      if (chunk.commits > 0) break
      count++
    }
    for (const chunk of this.#used.splice(0, count)) this.#free.push(chunk)
    assert(this.#free.length < 1024, 'chunks pile up')
  }
}

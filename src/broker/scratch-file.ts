/**
 * A ScratchFile is one file of bodies that had no room in memory: blocks one behind the other, written once, checked
 * when they come back, never synced. The scratch owns it; it is made with its first block and removed as a whole.
 */
import { type Disk, DiskError, type DiskFile } from '../base/ports.ts'
import { ScratchBlock } from './scratch-block.ts'
import { scratchName } from './scratch-names.ts'

export type ScratchPlace = {
  readonly disk: Disk
  readonly directory: string
  /** Left free for the journal, which is worth more. */
  readonly spareBytes: number
  readonly fileBytes: number
  /** The journal's. */
  readonly checksum: (bytes: Uint8Array, from: number, to: number) => number
}

/** What stands on the disk cannot be had. */
export class ScratchUnreadable extends Error {
  override readonly name = 'ScratchUnreadable'
  readonly code = 'SCRATCH_UNREADABLE'
}

type Written = {
  readonly start: number
  readonly size: number
  readonly sum: number
  /** Nobody tries to read it any more. */
  isLost: boolean
}

export class ScratchFile {
  readonly slot: number
  readonly #place: ScratchPlace
  readonly #path: string
  /** Null before the first block is written. */
  #handle: DiskFile | null = null
  /** Ascending, without a gap. */
  readonly #blocks: Written[] = []
  /** Where the next block begins. */
  end = 0
  /** Messages that were ever in it, and those that still are. Moved by the scratch. */
  count = 0
  live = 0
  /** It goes, or went: nothing in it is read or written any more. */
  isGone = false
  /** Some of its blocks cannot be had. */
  isDamaged = false
  #calls = 0
  #idle: (() => void) | null = null

  constructor(slot: number, place: ScratchPlace) {
    this.slot = slot
    this.#place = place
    this.#path = place.disk.join(place.directory, scratchName(slot))
  }

  /** The next block is as it will be written. */
  seal(block: ScratchBlock): void {
    const { bytes, start, size } = block
    this.#blocks.push({ start, size, sum: this.#place.checksum(bytes, 0, size), isLost: false })
    this.end = start + size
  }

  /** Writes a sealed block. One at a time; may be tried again when it failed. */
  write(block: ScratchBlock): Promise<void> {
    return this.#calling(async () => {
      this.#handle ??= await this.#open()
      await this.#handle.write(block.bytes.subarray(0, block.size), block.start)
    })
  }

  /** Where the block begins that this byte is in. */
  blockAt(offset: number): number {
    return this.#find(offset).start
  }

  /**
   * Reads the block back, into `buffer` if it fits. Rejects with a DiskError, and may be tried again then; or with
   * ScratchUnreadable.
   */
  read(start: number, buffer: Uint8Array): Promise<ScratchBlock> {
    const { size, sum, isLost } = this.#find(start)
    const bytes = buffer.length < size ? new Uint8Array(size) : buffer
    return this.#calling(async () => {
      const wanted = bytes.subarray(0, size)
      const count = isLost ? 0 : await this.#handle?.read(wanted, start)
      if (count !== size || this.#place.checksum(wanted, 0, size) !== sum) {
        throw new ScratchUnreadable(`${this.#path}: not what was written at ${start}`)
      }
      return new ScratchBlock(this, { start, size }, bytes)
    })
  }

  /** The block is given up: what else is in it need not wait for the disk again. */
  lose(start: number): void {
    this.#find(start).isLost = true
    this.isDamaged = true
  }

  /** Where each block begins. */
  starts(): readonly number[] {
    return this.#blocks.map(({ start }) => start)
  }

  /** Once nobody reads or writes it any more. */
  async remove(): Promise<void> {
    this.isGone = true
    if (this.#calls > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve
      })
    }
    const handle = this.#handle
    if (handle === null) return
    this.#handle = null
    await handle.close()
    await this.#place.disk.remove(this.#path)
  }

  async #open(): Promise<DiskFile> {
    const { disk, directory, spareBytes, fileBytes } = this.#place
    const freeBytes = await disk.freeBytes(directory)
    if (freeBytes < spareBytes + fileBytes) {
      throw new DiskError(
        'full',
        this.#path,
        `${freeBytes} bytes are free, too few for another file`,
      )
    }
    try {
      return await disk.open(this.#path, 'create')
    } catch (error) {
      // Left by an earlier run, or by a try that failed.
      if (!(error instanceof DiskError) || error.code !== 'exists') throw error
      return disk.open(this.#path, 'write')
    }
  }

  #find(offset: number): Written {
    const blocks = this.#blocks
    let low = 0
    let high = blocks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (blocks[middle]!.start <= offset) low = middle + 1
      else high = middle
    }
    return blocks[low - 1]!
  }

  async #calling<T>(call: () => Promise<T>): Promise<T> {
    this.#calls++
    try {
      return await call()
    } finally {
      this.#calls--
      if (this.#calls === 0) this.#idle?.()
    }
  }
}

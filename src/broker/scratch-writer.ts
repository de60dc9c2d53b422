/**
 * The ScratchWriter brings full blocks to their files, one write at a time, so that the journal always finds the disk
 * with at most one call of ours before it. A block that cannot be written stays readable in memory and is tried
 * again: nothing is lost by it, and publishers wait.
 */
import type { Log } from '../base/log.ts'
import { mark } from '../base/mark.ts'
import { DiskError, type Scheduler, type Timer } from '../base/ports.ts'
import { Ring } from '../base/ring.ts'
import type { HeldWhy } from './room.ts'
import type { ScratchBlock } from './scratch-block.ts'

export type ScratchWriterOptions = {
  readonly scheduler: Scheduler
  readonly log: Log
  /** Bytes that may wait. */
  readonly waitingBytes: number
  readonly retryMs: number
  /** The block is on the disk, or nobody wants it any more: its memory is free. */
  readonly done: (block: ScratchBlock) => void
}

export class ScratchWriter {
  readonly #options: ScratchWriterOptions
  /** The first is being written. */
  readonly #waiting = new Ring<ScratchBlock>()
  #bytes = 0
  /** Why the last write failed; null while all is well. */
  #trouble: DiskError | null = null
  #retry: Timer | null = null
  #isWriting = false
  /** Settles when nothing is being written. Never rejects. */
  #written: Promise<void> = Promise.resolve()
  #closed = false

  constructor(options: ScratchWriterOptions) {
    this.#options = options
  }

  /** Why no further block is taken now; null: one is. */
  get heldWhy(): HeldWhy | null {
    if (this.#bytes < this.#options.waitingBytes) return null
    if (this.#trouble === null) return 'disk-slow'
    return this.#trouble.code === 'full' ? 'disk-full' : 'memory-full'
  }

  /** Takes a sealed block. */
  push(block: ScratchBlock): void {
    this.#waiting.push(block)
    this.#bytes += block.bytes.length
    if (this.#retry === null) this.#start()
  }

  /** The block of this file that covers the byte, or null: all before it are written. */
  find(file: object, offset: number): ScratchBlock | null {
    for (let index = 0; index < this.#waiting.size; index++) {
      const block = this.#waiting.at(index)
      if (block.file === file && block.covers(offset)) return block
    }
    return null
  }

  /** A file went: its blocks need not be written, and there may be space. */
  again(): void {
    this.#retry?.cancel()
    this.#retry = null
    this.#start()
  }

  /** Resolves when nothing is being written any more. */
  async close(): Promise<void> {
    this.#closed = true
    this.#retry?.cancel()
    this.#retry = null
    await this.#written
  }

  #start(): void {
    if (this.#isWriting || this.#closed) return
    this.#isWriting = true
    this.#written = this.#write()
  }

  async #write(): Promise<void> {
    for (;;) {
      const block = this.#waiting.peek()
      const isOver = block === undefined || this.#closed
      if (isOver || !(await this.#writeBlock(block))) {
        // In the same turn: whoever comes later starts anew.
        this.#isWriting = false
        return
      }
      this.#waiting.shift()
      this.#bytes -= block.bytes.length
      this.#options.done(block)
    }
  }

  /** Answers whether the block is done with. */
  async #writeBlock(block: ScratchBlock): Promise<boolean> {
    if (block.file.isGone) return true
    try {
      await block.file.write(block)
      mark('scratch/written')
      this.#wentWell()
      return true
    } catch (error) {
      // A file that went meanwhile is no trouble.
      if (!block.file.isGone) this.#failed(error)
      return block.file.isGone
    }
  }

  #wentWell(): void {
    if (this.#trouble === null) return
    this.#trouble = null
    this.#options.log.info('transient messages are written to scratch files again')
  }

  #failed(error: unknown): void {
    if (!(error instanceof DiskError)) throw error
    const { log, scheduler, retryMs } = this.#options
    if (this.#trouble === null) {
      mark('scratch/write-failed')
      log.warn(
        `transient messages beyond the memory for them cannot be written: ${error.message}; ` +
          'their publishers wait until that works, or some are consumed',
      )
    }
    this.#trouble = error
    if (this.#closed) return
    this.#retry = scheduler.after(retryMs, () => {
      this.#retry = null
      this.#start()
    })
  }
}

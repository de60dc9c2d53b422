/** Handles keeps a bounded number of sealed files open for reading, the most recently used ones. */
import type { Disk, DiskFile } from '../base/ports.ts'
import type { JournalFile } from './journal-file.ts'

export class Handles {
  readonly #disk: Disk
  readonly #max: number
  /** Files whose handle may be closed, the least recently used first. */
  readonly #idle = new Set<JournalFile>()
  /** Closings that nobody waits for but the end; never rejects. */
  #trimming: Promise<void> = Promise.resolve()

  constructor(disk: Disk, openMax: number) {
    this.#disk = disk
    this.#max = openMax
  }

  /** Runs `read` with the file open. */
  async use<T>(file: JournalFile, read: (handle: DiskFile) => Promise<T>): Promise<T> {
    file.busy++
    try {
      if (file.handle === null) {
        const handle = await this.#disk.open(file.path, 'read')
        // Two readers may have met here; the later handle is not needed.
        if (file.handle === null) file.handle = handle
        else await handle.close()
      }
      this.#idle.delete(file)
      this.#idle.add(file)
      await this.#trim()
      return await read(file.handle)
    } finally {
      file.busy--
      if (file.left && file.busy === 0) await this.leave(file)
    }
  }

  /** Takes over a sealed file that was opened for writing. */
  adopt(file: JournalFile): void {
    this.#idle.add(file)
    // What was written is synced, so a close that fails takes nothing along.
    this.#trimming = this.#trimming.then(() => this.#trim()).catch(() => undefined)
  }

  /** Resolves when no handle is being closed in the background. */
  async close(): Promise<void> {
    await this.#trimming
  }

  /** Lets go of a file that left the table; whoever still reads it closes the handle. */
  async leave(file: JournalFile): Promise<void> {
    this.#idle.delete(file)
    file.left = true
    if (file.busy > 0) return
    const handle = file.handle
    file.handle = null
    await handle?.close()
  }

  async #trim(): Promise<void> {
    for (const file of this.#idle) {
      if (this.#idle.size <= this.#max) return
      if (file.busy > 0 || !file.sealed || file.handle === null) continue
      const handle = file.handle
      file.handle = null
      this.#idle.delete(file)
      await handle.close()
    }
  }
}

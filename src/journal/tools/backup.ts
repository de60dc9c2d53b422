/** Copies of files as they were before a repair changed them, in a directory of their own. */
import { type Disk, DiskError } from '../../base/ports.ts'
import { JournalError } from '../errors.ts'

const COPY_BYTES = 1024 * 1024 // one read and one write of a copy

export class Backup {
  readonly #disk: Disk
  readonly #from: string
  readonly #kept = new Set<string>()
  #isMade = false
  readonly path: string

  private constructor(disk: Disk, from: string, path: string) {
    this.#disk = disk
    this.#from = from
    this.path = path
  }

  /** Refuses a directory that is there already: what lies in it may be the only copy of something. */
  static async into(disk: Disk, from: string, path: string): Promise<Backup> {
    try {
      await disk.list(path)
    } catch (error) {
      if (error instanceof DiskError && error.code === 'missing')
        return new Backup(disk, from, path)
      throw error
    }
    throw new JournalError(
      'JOURNAL_LOCKED',
      `${path} exists; choose another directory for the copies`,
    )
  }

  get names(): readonly string[] {
    return [...this.#kept]
  }

  /** Copies the file once, synced with its name, before anything changes it. A file that is not there needs none. */
  async keep(name: string): Promise<void> {
    if (this.#kept.has(name)) return
    const disk = this.#disk
    const source = await disk.open(disk.join(this.#from, name), 'read').catch(nullIfMissing)
    if (source === null) return
    try {
      if (!this.#isMade) await disk.makeDirectory(this.path)
      this.#isMade = true
      const target = await disk.open(disk.join(this.path, name), 'create')
      try {
        const bytes = new Uint8Array(COPY_BYTES)
        for (let at = 0; ; at += bytes.length) {
          const count = await source.read(bytes, at)
          if (count > 0) await target.write(bytes.subarray(0, count), at)
          if (count < bytes.length) break
        }
        await target.sync()
      } finally {
        await target.close()
      }
    } finally {
      await source.close()
    }
    await disk.syncDirectory(this.path)
    this.#kept.add(name)
  }
}

function nullIfMissing(error: unknown): null {
  if (error instanceof DiskError && error.code === 'missing') return null
  throw error
}

/** Has the journal's files of a simulated disk fail whoever reads them, for as long as a test says so. */
import type { CrashDisk } from './crash-disk.ts'
import type { CallKind } from './disk-faults.ts'

const READING: readonly CallKind[] = ['open', 'size', 'read']

export class FailingReads {
  readonly #disk: CrashDisk
  #code: 'io' | 'handles' | null = null

  constructor(disk: CrashDisk) {
    this.#disk = disk
    disk.observe({
      issued: ({ kind, number: call, path }) => {
        if (this.#code === null || !READING.includes(kind) || !path.includes('/journal-')) return
        disk.faults.plan({ call, code: this.#code, lasts: 'once', writtenBytes: 0 })
      },
    })
  }

  /** From now on: EIO, or EMFILE, with which files that are open are read as ever. */
  begin(code: 'io' | 'handles'): void {
    this.#code = code
  }

  end(): void {
    this.#code = null
    this.#disk.faults.heal()
  }
}

/**
 * Opens the file that recovery comes to next while it is still at the one before, so that the disk does
 * not stand still in between. It owns what it opened until that is taken; it judges nothing.
 */
import { assert } from '../base/assert.ts'
import type { Disk, DiskFile } from '../base/ports.ts'
import type { FoundFile } from './directory.ts'
import { type Footer, readFooter } from './footer-reader.ts'

/** A file with a header, opened for writing, and its footer if it has one that is undamaged. */
export type OpenedFile = { readonly handle: DiskFile; readonly footer: Footer | null }

export class OpenAhead {
  readonly #disk: Disk
  /** What was begun and not taken. */
  #begun: { readonly path: string; readonly opening: Promise<OpenedFile> } | null

  constructor(disk: Disk) {
    this.#disk = disk
    this.#begun = null
  }

  /** Begins with a file that will be taken next, unless all ends before. */
  begin(found: FoundFile | undefined): void {
    if (found === undefined || found.header === null) return
    const opening = this.#open(found)
    // Whoever takes it is told; until then a failure must not count as unhandled.
    opening.catch(() => undefined)
    this.#begun = { path: found.path, opening }
  }

  /** The caller closes it. */
  take(found: FoundFile): Promise<OpenedFile> {
    const begun = this.#begun
    if (begun === null) return this.#open(found)
    assert(begun.path === found.path, 'another file was begun')
    this.#begun = null
    return begun.opening
  }

  /** Closes what nobody took. */
  async close(): Promise<void> {
    const opened = await this.#begun?.opening.catch(() => null)
    this.#begun = null
    await opened?.handle.close()
  }

  async #open(found: FoundFile): Promise<OpenedFile> {
    const handle = await this.#disk.open(found.path, 'write')
    try {
      return { handle, footer: await readFooter(handle, found.header!) }
    } catch (error) {
      await handle.close()
      throw error
    }
  }
}

/**
 * Snapshots: the owner's state at a ticket, streamed beside the running journal to space that is held for it; the two
 * newest are kept, and the space of the one they push out is held for those to come.
 *
 *   begin --write*--> finish: end, sync, wait until the ticket is durable, rename, sync directory
 *                                      |
 *   kept: newest, older                +--> the third goes back to the space: see snapshot-space.ts
 */
import type { DiskFile } from '../base/ports.ts'
import type { JournalFile } from './journal-file.ts'
import {
  encodeBlock,
  encodeSnapshotEnd,
  encodeSnapshotHead,
  type SnapshotHead,
} from './snapshot-format.ts'
import { type FoundSnapshot, snapshotName } from './snapshot-reader.ts'
import type { SnapshotSpace } from './snapshot-space.ts'

export class Snapshots {
  readonly #space: SnapshotSpace
  /** The newest first, at most two. */
  readonly #kept: FoundSnapshot[]

  constructor(space: SnapshotSpace, kept: readonly FoundSnapshot[]) {
    this.#space = space
    this.#kept = [...kept]
    this.#tellSpace()
  }

  get newestTicket(): number {
    return this.#kept[0]?.head.ticket ?? 0
  }

  /**
   * Whether replay needs nothing of the file, even if the newest snapshot is lost. By commits, not by tickets:
   * a snapshot may be older than the sync of its last tickets, and its replay begins in the file that held them.
   */
  covers(file: JournalFile): boolean {
    const older = this.#kept[1]
    if (older === undefined) return false
    const isEmpty = file.dataEnd === 2 * this.#space.context.limits.sectorBytes
    return file.lastCommit + (isEmpty ? 1 : 0) < older.head.startCommit
  }

  get newestBytes(): number {
    return this.#kept[0]?.bytes ?? 0
  }

  /** Starts a snapshot; the caller writes the state as it is at `head.ticket`. */
  async begin(head: SnapshotHead): Promise<SnapshotWriter> {
    const file = await this.#space.take()
    return new SnapshotWriter(file, head, this.#space.context.limits.snapshotBlockBytes)
  }

  /** Makes one that was ended count. Its ticket must be durable by now. */
  async keep(head: SnapshotHead, bytes: number): Promise<void> {
    const { disk, directory } = this.#space.context
    const name = snapshotName(head.ticket)
    const path = this.#space.takenPath
    await disk.rename(path, disk.join(directory, name))
    await disk.syncDirectory(directory)
    this.#kept.unshift({ name, head, bytes })
    const oldest = this.#kept[2]
    if (oldest !== undefined) {
      this.#kept.pop()
      await disk.rename(disk.join(directory, oldest.name), path)
      // Until the rename is durable the old name must not be written over: it would be a damaged snapshot.
      await disk.syncDirectory(directory)
    }
    this.#tellSpace()
    this.#space.giveBack('other')
  }

  /** The one that was begun is given up, and closed. */
  giveUp(): void {
    this.#space.giveBack('same')
  }

  #tellSpace(): void {
    const newest = this.#kept[0]
    if (newest === undefined) return
    const references = newest.head.rows.reduce((sum, { live }) => sum + live, 0)
    this.#space.kept({ bytes: newest.bytes, references })
  }

  /** Removes snapshots that recovery did not keep: damaged ones, and a third one left by a crash. */
  async removeOthers(names: readonly string[]): Promise<void> {
    const { disk, directory } = this.#space.context
    for (const name of names) {
      if (this.#kept.some((kept) => kept.name === name)) continue
      await disk.remove(disk.join(directory, name))
    }
  }
}

/** Writes one snapshot's blocks. One owner, who ends or abandons it. */
export class SnapshotWriter {
  readonly head: SnapshotHead
  readonly #file: DiskFile
  readonly #blockBytes: number
  #at = 0
  #blocks = 0
  #bytes = 0
  #closed = false

  constructor(file: DiskFile, head: SnapshotHead, blockBytes: number) {
    this.#file = file
    this.head = head
    this.#blockBytes = blockBytes
  }

  /** Appends bytes of the owner's state; waits for the disk, so that a large state is never in memory twice. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += this.#blockBytes) {
      const block = encodeBlock(
        this.head.ticket,
        this.#blocks,
        bytes.subarray(at, at + this.#blockBytes),
      )
      await this.#append(block)
      this.#blocks++
    }
    this.#bytes += bytes.length
  }

  async abandon(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#file.close()
  }

  /** Closes and syncs it; answers its size. */
  async end(): Promise<number> {
    try {
      await this.#append(encodeSnapshotEnd(this.head.ticket, this.#blocks, this.#bytes))
      await this.#file.sync()
    } finally {
      await this.abandon()
    }
    return this.#at
  }

  async #append(bytes: Uint8Array): Promise<void> {
    if (this.#at === 0) {
      const head = encodeSnapshotHead(this.head)
      this.#at = head.length
      await this.#file.write(head, 0)
    }
    await this.#file.write(bytes, this.#at)
    this.#at += bytes.length
  }
}

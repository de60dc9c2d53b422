/**
 * Watches what a journal does to its disk and says it in the journal's own words: frames and footers
 * written, files synced, snapshots kept. It reads the calls alone; it never touches the journal or the disk.
 */
import {
  FRAME_ENTRIES,
  FRAME_HEADER_SIZE,
  FRAME_MARK,
  FRAME_SURVIVORS,
  u48,
  viewOf,
} from '../../src/journal/format.ts'
import { FrameHeader, frameSize, readFrameHeader } from '../../src/journal/frame.ts'
import type { DiskObserver } from '../sim/disk-engine.ts'
import type { Call } from '../sim/disk-faults.ts'

/** A frame as it was written. */
export type WatchedFrame = {
  readonly path: string
  readonly position: number
  readonly generation: number
  readonly kind: number
  readonly ticket: number
  readonly count: number
  /** Its entries. */
  readonly bytes: Uint8Array
}

/** Whoever wants to know. */
export interface FrameListener {
  /** Before what was written is told in detail. */
  wrote?(path: string, position: number, sizeBytes: number): void
  frame?(frame: WatchedFrame): void
  /** `nextGeneration` is 0 for a file of survivors. */
  footer?(path: string, nextGeneration: number): void
  /** A sync was handed to the disk; what comes later is not covered by it. */
  syncing?(path: string): void
  synced?(path: string): void
  /** Nothing that this sync should have covered is durable, now or later. */
  syncFailed?(path: string): void
  snapshotKept?(): void
}

/** A write that the disk takes in several parts. */
type Write = {
  readonly position: number
  readonly sizeBytes: number
  /** The parts so far; null while it may still come as one. */
  bytes: Uint8Array | null
  done: number
}

const TRAILER_SIZE = 68
const TRAILER_MAGIC = 0x544f4f46

export class FrameWatch implements DiskObserver {
  readonly #listeners: readonly FrameListener[]
  /** The newest write of each file. */
  readonly #writes = new Map<string, Write>()

  constructor(listeners: readonly FrameListener[]) {
    this.#listeners = listeners
  }

  issued(call: Call): void {
    const { kind, path, position, sizeBytes } = call
    if (kind === 'rename' && /\/snapshot-spare(-2)?$/.test(path))
      this.#tell((to) => to.snapshotKept?.())
    if ((kind !== 'sync' && kind !== 'write') || !isJournalFile(path)) return
    if (kind === 'sync') {
      this.#tell((to) => to.syncing?.(path))
      return
    }
    const before = this.#writes.get(path)
    // The rest of a short write is a call of its own.
    if (before !== undefined && position === before.position + before.done) {
      if (before.done + sizeBytes === before.sizeBytes) return
    }
    this.#writes.set(path, { position, sizeBytes, bytes: null, done: 0 })
  }

  written(path: string, _position: number, bytes: Uint8Array): void {
    const write = this.#writes.get(path)
    if (write === undefined) return
    const { position, sizeBytes } = write
    if (bytes.length < sizeBytes) {
      write.bytes ??= new Uint8Array(sizeBytes)
      write.bytes.set(bytes, write.done)
      write.done += bytes.length
      if (write.done < sizeBytes) return
    }
    this.#writes.delete(path)
    this.#tell((to) => to.wrote?.(path, position, sizeBytes))
    this.#read(path, position, write.bytes ?? bytes)
  }

  synced(path: string): void {
    if (isJournalFile(path)) this.#tell((to) => to.synced?.(path))
  }

  failed(call: Call): void {
    if (call.kind === 'sync' && isJournalFile(call.path)) {
      this.#tell((to) => to.syncFailed?.(call.path))
    }
  }

  /** What is neither frames nor a footer is a header or zeros. */
  #read(path: string, position: number, bytes: Uint8Array): void {
    const view = viewOf(bytes)
    const { length } = bytes
    if (length >= TRAILER_SIZE && view.getUint32(length - 4, true) === TRAILER_MAGIC) {
      const nextGeneration = u48(view, length - TRAILER_SIZE + 24)
      this.#tell((to) => to.footer?.(path, nextGeneration))
      return
    }
    const header = new FrameHeader()
    for (let at = 0; at + FRAME_HEADER_SIZE <= length; at += frameSize(header.size)) {
      readFrameHeader(view, at, header)
      const { generation, kind, ticket, count } = header
      const end = at + FRAME_HEADER_SIZE + header.size
      const isKnown = [FRAME_ENTRIES, FRAME_MARK, FRAME_SURVIVORS].includes(kind)
      if (!isKnown || end > length) return
      const body = bytes.subarray(at + FRAME_HEADER_SIZE, end)
      const place = { path, position: position + at }
      this.#tell((to) => to.frame?.({ ...place, generation, kind, ticket, count, bytes: body }))
    }
  }

  #tell(say: (to: FrameListener) => void): void {
    for (const listener of this.#listeners) say(listener)
  }
}

function isJournalFile(path: string): boolean {
  return /\/journal-\d{5}$/.test(path)
}

/**
 * The Scratch keeps the bodies of transient messages for which there is no room in memory: in files that are never
 * synced, and of which nothing is left when the broker starts. A body has an address as long as its message is there.
 *
 *   claim -> tail block --full--> waiting blocks --one write at a time--> scratch-00000, scratch-00001, ...
 *               |                     |                                            | load: a block, checked
 *   peek <------+---------------------+-------------------- blocks read back <-----+
 *
 *   address = slot * fileBytes + offset      of the entry; a file goes, and its slot comes free, with its last message
 */
import { assert } from '../base/assert.ts'
import { copyBytes, EMPTY } from '../base/bytes.ts'
import type { Log } from '../base/log.ts'
import { mark } from '../base/mark.ts'
import { DiskError, type Scheduler } from '../base/ports.ts'
import { EntryCursor, type EntryView } from '../journal/entry-cursor.ts'
import { ENTRY_HEADER_SIZE } from '../journal/format.ts'
import type { EntryHead } from '../journal/tail.ts'
import { Pauses } from './pauses.ts'
import type { HeldWhy } from './room.ts'
import { ScratchBlock } from './scratch-block.ts'
import { ScratchCleaner, type ScratchOwner } from './scratch-cleaner.ts'
import { ScratchFile, type ScratchPlace, ScratchUnreadable } from './scratch-file.ts'
import type { ScratchSizes } from './scratch-sizes.ts'
import { ScratchWriter } from './scratch-writer.ts'

export type ScratchOptions = ScratchPlace &
  ScratchSizes & {
    readonly scheduler: Scheduler
    readonly log: Log
  }

const READ_TRIES = 3 // a disk that is away for longer has lost more than this

export class Scratch {
  readonly #options: ScratchOptions
  readonly #owner: ScratchOwner
  readonly #writer: ScratchWriter
  readonly #cleaner: ScratchCleaner
  /** The cleaner waits for the next block to be written. */
  #cleanerWaits: ((tries: boolean) => void) | null = null
  /** By slot. */
  readonly #files: (ScratchFile | null)[] = []
  /** Slots of files that went. */
  readonly #free: number[] = []
  /** The one that gets the next block; null before the first, and when it went. */
  #file: ScratchFile | null = null
  /** The block that is being filled. Invariant: it is of #file, and begins at its end. */
  #tail: ScratchBlock | null = null
  /** Blocks that were read, the most recently used last. */
  readonly #read: ScratchBlock[] = []
  readonly #loading = new Map<number, Promise<void>>()
  readonly #buffers: Uint8Array[] = []
  readonly #cursor = new EntryCursor()
  /** The block that was looked into last, if its memory is still its own. */
  #recent: ScratchBlock | null = null
  /** Never reject. */
  readonly #removals = new Set<Promise<void>>()
  readonly #pauses: Pauses
  #closed: Promise<void> | null = null
  readonly slot: { bytes: Uint8Array; at: number } = { bytes: EMPTY, at: 0 }

  constructor(options: ScratchOptions, owner: ScratchOwner) {
    this.#options = options
    this.#owner = owner
    const { scheduler, log, waitingBytes, retryMs, fileBytes } = options
    const done = (block: ScratchBlock): void => this.#written(block)
    this.#pauses = new Pauses(scheduler)
    this.#writer = new ScratchWriter({ scheduler, log, waitingBytes, retryMs, done })
    this.#cleaner = new ScratchCleaner({
      owner,
      fileBytes,
      isWritten: (file) => this.#writer.find(file, file.end - 1) === null,
      block: (file, start) => this.#readBack(file, start, EMPTY),
      add: (entry) => this.#add(entry),
      room: () => this.#roomToClean(),
      release: (address) => this.release(address),
    })
  }

  /** Whether a body of this size would begin another file. */
  wantsFile(size: number): boolean {
    const need = ENTRY_HEADER_SIZE + size
    if (this.#tail?.has(need) === true) return false
    const end = this.#tail === null ? this.#file?.end : this.#tail.start + this.#tail.size
    return end === undefined || end + this.#blockFor(need) > this.#options.fileBytes
  }

  /** Asks for room for one body. After `ok` it is claimed in the same turn, and that cannot fail. */
  reserve(size: number, purpose: 'publish' | 'clean' = 'publish'): HeldWhy | 'ok' {
    const need = ENTRY_HEADER_SIZE + size
    if (this.#closed !== null) return 'memory-full'
    if (this.#tail?.has(need) === true) return 'ok'
    const why = this.#writer.heldWhy
    if (why !== null) return why
    this.#sealTail()
    const file = this.#fileFor(this.#blockFor(need), purpose)
    if (file === null) {
      mark('scratch/full')
      return 'memory-full'
    }
    this.#file = file
    this.#tail = new ScratchBlock(file, { start: file.end, size: 0 }, this.#buffer(need))
    return 'ok'
  }

  /** Takes the body that room was asked for, which the caller writes to `slot`; answers its address. */
  claim(head: EntryHead, bodySize: number): number {
    const tail = this.#tail
    assert(tail?.has(ENTRY_HEADER_SIZE + bodySize) === true, 'claimed without a reservation')
    const offset = tail.start + tail.size
    this.slot.at = tail.claim(head, bodySize)
    this.slot.bytes = tail.bytes
    tail.file.live++
    tail.file.count++
    return tail.file.slot * this.#options.fileBytes + offset
  }

  /** The entry if it is in memory, else null. The view is valid until the next call or turn. */
  peek(address: number): EntryView | null {
    const file = this.#fileOf(address)
    const offset = address % this.#options.fileBytes
    const block = this.#blockOf(file, offset)
    if (block === null) return null
    this.#recent = block
    block.enter(offset, address, this.#cursor)
    return this.#cursor
  }

  /** Brings it into memory, so that `peek` in the same turn answers it. Rejects when it cannot be read, or went. */
  async load(address: number): Promise<void> {
    const file = this.#fileOf(address)
    const offset = address % this.#options.fileBytes
    if (this.#blockOf(file, offset) !== null) return
    const start = file.blockAt(offset)
    const key = address - offset + start
    let loading = this.#loading.get(key)
    if (loading === undefined) {
      loading = this.#load(file, start).finally(() => this.#loading.delete(key))
      this.#loading.set(key, loading)
    }
    await loading
  }

  /** The message is gone. */
  release(address: number): void {
    if (this.#closed !== null) return
    const file = this.#fileOf(address)
    file.live--
    assert(file.live >= 0, 'more released than was claimed')
    if (file.live === 0) this.#retire(file)
  }

  /** Removes all files. Nothing is claimed or loaded any more. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  #blockFor(need: number): number {
    return Math.max(need, this.#options.blockBytes)
  }

  #buffer(need: number): Uint8Array {
    const { blockBytes } = this.#options
    if (need > blockBytes) return new Uint8Array(need)
    return this.#buffers.pop() ?? new Uint8Array(blockBytes)
  }

  #giveBack(block: ScratchBlock): void {
    if (this.#recent === block) this.#recent = null
    const { blockBytes, waitingBytes } = this.#options
    // A burst gives the rest back.
    const isKept = this.#buffers.length * blockBytes < waitingBytes
    if (isKept && block.bytes.length === blockBytes) this.#buffers.push(block.bytes)
  }

  #sealTail(): void {
    const tail = this.#tail
    if (tail === null) return
    this.#tail = null
    tail.file.seal(tail)
    this.#writer.push(tail)
  }

  /** The file for a block of this size; null when that would be one file too many. */
  #fileFor(size: number, purpose: 'publish' | 'clean'): ScratchFile | null {
    const { bytesMax, fileBytes } = this.#options
    assert(size <= fileBytes, 'a body larger than a file')
    if (this.#file !== null && this.#file.end + size <= fileBytes) return this.#file
    this.#cleaner.consider(this.#files, this.#file)
    const count = this.#files.length - this.#free.length
    // Whoever publishes leaves one, or nothing could be cleaned when all is full.
    const more = purpose === 'publish' ? 2 : 1
    if ((count + more) * fileBytes > bytesMax) return null
    const file = new ScratchFile(this.#free.pop() ?? this.#files.length, this.#options)
    this.#files[file.slot] = file
    return file
  }

  #fileOf(address: number): ScratchFile {
    const file = this.#files[Math.floor(address / this.#options.fileBytes)] ?? null
    assert(file !== null, 'an address in no file', address)
    return file
  }

  #blockOf(file: ScratchFile, offset: number): ScratchBlock | null {
    const recent = this.#recent
    if (recent !== null && recent.file === file && recent.covers(offset)) return recent
    const tail = this.#tail
    if (tail !== null && tail.file === file && tail.covers(offset)) return tail
    const read = this.#read
    for (let index = read.length - 1; index >= 0; index--) {
      const block = read[index]!
      if (block.file !== file || !block.covers(offset)) continue
      if (index < read.length - 1) {
        read.splice(index, 1)
        read.push(block)
      }
      return block
    }
    return this.#writer.find(file, offset)
  }

  async #load(file: ScratchFile, start: number): Promise<void> {
    const block = await this.#readBack(file, start, this.#buffer(0))
    mark('scratch/read')
    this.#read.push(block)
    if (this.#read.length > this.#options.blocksMax) this.#giveBack(this.#read.shift()!)
  }

  /** Reads a block; tells of the first in each file that cannot be had, even when the disk has had time. */
  async #readBack(file: ScratchFile, start: number, buffer: Uint8Array): Promise<ScratchBlock> {
    for (let tries = 1; ; tries++) {
      try {
        const block = await file.read(start, buffer)
        if (!file.isGone) return block
      } catch (error) {
        const isFinal = !(error instanceof DiskError) || tries === READ_TRIES
        if (isFinal && !file.isGone) throw this.#lost(file, start, error)
        if (!file.isGone) await this.#pauses.pause(this.#options.retryMs)
      }
      if (file.isGone) throw new ScratchUnreadable('its messages are gone')
    }
  }

  #lost(file: ScratchFile, start: number, error: unknown): ScratchUnreadable {
    const text = error instanceof Error ? error.message : String(error)
    if (!file.isDamaged) {
      mark('scratch/block-lost')
      this.#options.log.error(`${text}; the transient messages there are lost`)
    }
    file.lose(start)
    return new ScratchUnreadable(text)
  }

  /** Adds a body that is somewhere already; answers its new address, or -1. */
  #add(entry: EntryView): number {
    if (this.reserve(entry.bodySize, 'clean') !== 'ok') return -1
    const address = this.claim(entry, entry.bodySize)
    const { bytes, bodyAt, bodySize } = entry
    copyBytes(bytes, bodyAt, bodySize, this.slot.bytes, this.slot.at)
    return address
  }

  /** False: there is none to be waited for. */
  #roomToClean(): Promise<boolean> {
    if (this.#closed !== null || this.#writer.heldWhy !== 'disk-slow') return Promise.resolve(false)
    return new Promise((resolve) => {
      this.#cleanerWaits = resolve
    })
  }

  #room(): void {
    this.#cleanerWaits?.(true)
    this.#cleanerWaits = null
    this.#owner.room()
  }

  #written(block: ScratchBlock): void {
    this.#giveBack(block)
    this.#room()
  }

  /** Nothing in it is wanted any more. */
  #retire(file: ScratchFile): void {
    if (this.#file === file) this.#file = null
    if (this.#tail?.file === file) {
      this.#giveBack(this.#tail)
      this.#tail = null
    }
    for (let index = this.#read.length - 1; index >= 0; index--) {
      if (this.#read[index]!.file !== file) continue
      for (const block of this.#read.splice(index, 1)) this.#giveBack(block)
    }
    if (this.#recent?.file === file) this.#recent = null
    const removal = this.#remove(file).then(() => {
      this.#removals.delete(removal)
    })
    this.#removals.add(removal)
    this.#writer.again()
  }

  async #remove(file: ScratchFile): Promise<void> {
    try {
      await file.remove()
      mark('scratch/file-removed')
    } catch (error) {
      // Its name is not used again in this run, and the next one removes it.
      this.#options.log.warn(`a scratch file cannot be removed: ${String(error)}`)
      return
    }
    this.#files[file.slot] = null
    this.#free.push(file.slot)
    // There may be space now.
    this.#writer.again()
    this.#room()
  }

  async #close(): Promise<void> {
    this.#cleanerWaits?.(false)
    this.#pauses.end()
    const closed = this.#writer.close()
    for (const file of this.#files) if (file !== null && !file.isGone) this.#retire(file)
    await closed
    await Promise.all(this.#removals)
  }
}

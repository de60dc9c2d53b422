/**
 * The end of the journal that nothing proves to be durable, and how recovery makes it so before it builds on it: a
 * sync that failed leaves bytes in the system's memory which the next process reads, and which no later
 * sync writes. Recovery owns this; it knows bytes and places, never what they mean.
 */
import { equalBytes, MiB } from '../base/bytes.ts'
import { mark } from '../base/mark.ts'
import { type Disk, DiskError, type DiskFile } from '../base/ports.ts'
import { checksum, type Seed } from './checksum.ts'
import type { Directory, FoundFile } from './directory.ts'
import { JournalError } from './errors.ts'
import { removeQuietly } from './fill-file.ts'
import { FRAME_HEADER_SIZE, FRAME_MARK, setU48, u48, viewOf } from './format.ts'
import { FrameHeader, readFrameHeader } from './frame.ts'
import { SNAPSHOT_SPARE_NAMES } from './snapshot-space.ts'

// tail-copy = magic:u64 crc:u32 slot:u16 pad:u16 generation:u48 position:u48 size:u48 pad:u16 bytes
//
// Whole commits of one file, which stand there too. It is there only while they are written anew in their place,
// because a power cut may leave garbage of what is being written; crc covers all behind it.

export const TAIL_COPY_NAME = 'tail-copy'
/** What it is called until it is whole. */
const TAIL_COPY_NAME_NEW = 'tail-copy-new'
const COPY_HEADER_SIZE = 36
const MAGIC_LOW = 0x5552414e // 'NARU'
const MAGIC_HIGH = 0x314c4154 // 'TAL1'
const PIECE_BYTES = 1 * MiB // copied at once; in mode `os` the end may be as long as a file

/** The last file and where its commits end. */
export type LastEnd = {
  readonly file: { readonly slot: number; readonly generation: number }
  readonly handle: DiskFile
  readonly end: number
}

/** The file before it, which ends in a footer. */
export type SealedEnd = {
  readonly path: string
  readonly fileBytes: number
  readonly footerBytes: number
}

/** Whole commits of one file. */
type Place = {
  readonly slot: number
  readonly generation: number
  readonly position: number
  readonly end: number
}

export class TailKeeper {
  readonly #disk: Disk
  readonly #directory: Directory
  readonly #path: string
  /** Where the commits of the file begin that later ones do not prove to be durable, the oldest first. */
  #unproven: number[] = []
  #lastKind = 0

  constructor(disk: Disk, directory: Directory) {
    this.#disk = disk
    this.#directory = directory
    this.#path = disk.join(directory.path, TAIL_COPY_NAME)
  }

  /** Another file: whatever was before it is proven by its holding a commit. */
  clear(): void {
    this.#unproven = []
  }

  /** Told of every frame of a file, in order. */
  note(header: FrameHeader, position: number): void {
    if (header.index > 0) return
    // All commits before this one were synced when it was written, but for so many.
    const kept = Math.min(header.unsynced, this.#unproven.length)
    this.#unproven.splice(0, this.#unproven.length - kept)
    this.#unproven.push(position)
    this.#lastKind = header.kind
  }

  /**
   * Puts back what a power cut garbled while it was written anew. Before anything is read. A copy that its
   * file agrees with, or that belongs to an earlier use of it, is passed over.
   */
  async putBack(): Promise<void> {
    if (!this.#directory.tailCopies.includes(TAIL_COPY_NAME)) return
    const copy = await this.#readCopy()
    if (copy === null) return
    const { slot, generation, position, bytes } = copy
    const found = this.#directory.files.find((file) => file.slot === slot)
    if (found?.header?.generation !== generation) return
    const handle = await this.#disk.open(found.path, 'write')
    try {
      const present = new Uint8Array(bytes.length)
      await handle.read(present, position)
      if (equalBytes(present, bytes)) return
      mark('recovery/tail-put-back')
      await handle.write(bytes, position)
      await handle.sync()
    } finally {
      await handle.close()
    }
  }

  /** Makes durable what is about to be built on. Nothing may be written before it is done. */
  async prove({ file, handle, end }: LastEnd, sealed: SealedEnd | null): Promise<void> {
    const [position] = this.#unproven
    // A mark, like a footer, was promised to nobody: garbage in its place costs nothing.
    const isMark = this.#unproven.length === 1 && this.#lastKind === FRAME_MARK
    if (position !== undefined && !isMark) {
      const { slot, generation } = file
      await this.#renewSafely(handle, { slot, generation, position, end })
      return
    }
    if (position !== undefined) await renew(handle, position, end)
    else if (sealed !== null) await this.#renewFooter(sealed)
    if (this.#directory.tailCopies.includes(TAIL_COPY_NAME)) await this.#removeCopy()
  }

  async #renewFooter({ path, fileBytes, footerBytes }: SealedEnd): Promise<void> {
    const handle = await this.#disk.open(path, 'write')
    try {
      await renew(handle, fileBytes - footerBytes, fileBytes)
    } finally {
      await handle.close()
    }
  }

  /** What may have been acknowledged: a copy of it is durable all the while. */
  async #renewSafely(handle: DiskFile, place: Place): Promise<void> {
    while (!(await this.#tryCopy(handle, place))) await this.#makeRoom(place)
    await renew(handle, place.position, place.end)
    await this.#removeCopy()
  }

  /** Answers whether there was space for it. */
  async #tryCopy(handle: DiskFile, place: Place): Promise<boolean> {
    try {
      await this.#writeCopy(handle, place)
      return true
    } catch (error) {
      if (!(error instanceof DiskError) || error.code !== 'full') throw error
      await removeQuietly(this.#disk, this.#disk.join(this.#directory.path, TAIL_COPY_NAME_NEW))
      return false
    }
  }

  /**
   * To build on what may not be on the disk would lose it, and what is acknowledged behind it: so what holds space for
   * later is given up.
   */
  async #makeRoom(place: Place): Promise<void> {
    const { path } = this.#directory
    if (!(await this.#giveUpSnapshotSpace()) && !(await this.#giveUpFile(place))) {
      const sizeBytes = COPY_HEADER_SIZE + place.end - place.position
      const message =
        `the disk of ${path} is full: ${sizeBytes} bytes are needed to make sure that the end of the journal ` +
        'is on the disk. What it holds is unchanged; make room there, then start again'
      throw new JournalError('JOURNAL_FULL', message)
    }
    mark('recovery/space-given-up')
    await this.#disk.syncDirectory(path)
  }

  async #giveUpSnapshotSpace(): Promise<boolean> {
    for (const name of SNAPSHOT_SPARE_NAMES) {
      try {
        await this.#disk.remove(this.#disk.join(this.#directory.path, name))
        return true
      } catch (error) {
        if (!(error instanceof DiskError) || error.code !== 'missing') throw error
      }
    }
    return false
  }

  /** A file with frames of its own generation may be needed should the unproven end be lost; a spare has none. */
  async #giveUpFile(place: Place): Promise<boolean> {
    const { files } = this.#directory
    for (const [index, found] of files.entries()) {
      if (found.slot === place.slot || found.header === null) continue
      if (await this.#holdsFrames(found, found.header.generation)) continue
      await this.#disk.remove(found.path)
      files.splice(index, 1)
      return true
    }
    return false
  }

  /** Whether its first frame is of this use of the file; one that is torn counts too. */
  async #holdsFrames(found: FoundFile, generation: number): Promise<boolean> {
    const bytes = new Uint8Array(FRAME_HEADER_SIZE)
    const file = await this.#disk.open(found.path, 'read')
    try {
      await file.read(bytes, 2 * this.#directory.sectorBytes)
      const header = new FrameHeader()
      readFrameHeader(viewOf(bytes), 0, header)
      return header.generation === generation >>> 0
    } finally {
      await file.close()
    }
  }

  async #writeCopy(from: DiskFile, place: Place): Promise<void> {
    const { disk, path } = { disk: this.#disk, path: this.#directory.path }
    const temporary = disk.join(path, TAIL_COPY_NAME_NEW)
    if (this.#directory.tailCopies.includes(TAIL_COPY_NAME_NEW)) await disk.remove(temporary)
    const { position, end } = place
    const header = encodeHeader(place)
    let sum = checksum(header, 12, header.length)
    const file = await disk.open(temporary, 'create')
    try {
      for (let at = position; at < end; at += PIECE_BYTES) {
        const piece = await readPiece(from, at, end)
        sum = checksum(piece, 0, piece.length, sum as Seed)
        await file.write(piece, COPY_HEADER_SIZE + at - position)
      }
      viewOf(header).setUint32(8, sum, true)
      await file.write(header, 0)
      await file.sync()
    } finally {
      await file.close()
    }
    await disk.rename(temporary, this.#path)
    await disk.syncDirectory(path)
  }

  /** Durably: what comes behind these commits later is none of an old copy's business. */
  async #removeCopy(): Promise<void> {
    await this.#disk.remove(this.#path)
    await this.#disk.syncDirectory(this.#directory.path)
  }

  async #readCopy(): Promise<(Omit<Place, 'end'> & { bytes: Uint8Array }) | null> {
    const file = await this.#disk.open(this.#path, 'read')
    try {
      const whole = new Uint8Array(await file.size())
      const count = await file.read(whole, 0)
      if (count < COPY_HEADER_SIZE) return null
      const view = viewOf(whole)
      const isCopy = view.getUint32(0, true) === MAGIC_LOW && view.getUint32(4, true) === MAGIC_HIGH
      const end = COPY_HEADER_SIZE + u48(view, 28)
      if (!isCopy || end > count) return null
      if (view.getUint32(8, true) !== checksum(whole, 12, end)) return null
      const [slot, generation, position] = [view.getUint16(12, true), u48(view, 16), u48(view, 22)]
      return { slot, generation, position, bytes: whole.subarray(COPY_HEADER_SIZE, end) }
    } finally {
      await file.close()
    }
  }
}

function encodeHeader({ slot, generation, position, end }: Place): Uint8Array {
  const header = new Uint8Array(COPY_HEADER_SIZE)
  const view = viewOf(header)
  view.setUint32(0, MAGIC_LOW, true)
  view.setUint32(4, MAGIC_HIGH, true)
  view.setUint16(12, slot, true)
  setU48(view, 16, generation)
  setU48(view, 22, position)
  setU48(view, 28, end - position)
  return header
}

/** Writes bytes anew in their place, and syncs them. */
async function renew(handle: DiskFile, position: number, end: number): Promise<void> {
  for (let at = position; at < end; at += PIECE_BYTES) {
    await handle.write(await readPiece(handle, at, end), at)
  }
  await handle.sync()
}

async function readPiece(file: DiskFile, from: number, end: number): Promise<Uint8Array> {
  const piece = new Uint8Array(Math.min(PIECE_BYTES, end - from))
  await file.read(piece, from)
  return piece
}

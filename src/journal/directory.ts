/**
 * The directory of a journal: its format file, and what every journal file in it says about itself.
 * Makes a new one crash-safely.
 */
import { type Disk, DiskError, type Random } from '../base/ports.ts'
import { checksum, seedOf } from './checksum.ts'
import { JournalDamaged, JournalError } from './errors.ts'
import {
  decodeFileHeader,
  encodeFileHeader,
  type FileHeader,
  type Identity,
} from './file-header.ts'
import { fillFile, removeQuietly } from './fill-file.ts'
import { FILE_HEADER_SIZE, FORMAT_VERSION, viewOf } from './format.ts'
import { FrameHeader, readFrame } from './frame.ts'
import type { JournalLimits } from './limits.ts'
import { snapshotTicket } from './snapshot-reader.ts'
import { slotName } from './spare-files.ts'
import { TAIL_COPY_NAME } from './unproven-tail.ts'

// format file = magic:u64 crc:u32 version:u16 pad:u16 sectorBytes:u32 identity:u64 pad:u32
//
// A new directory is made in this order: the first journal file, filled and synced; the directory;
// the format file under another name, synced; its rename; the directory. So a directory without a
// format file holds nothing that was ever acknowledged.

export const FORMAT_NAME = 'format'
export const FORMAT_NAME_NEW = 'format-new'
const FORMAT_SIZE = 32
const MAGIC_LOW = 0x5552414e // 'NARU'
const MAGIC_HIGH = 0x31524944 // 'DIR1'

/** A journal file as found: the newer of its two headers, or null when neither is valid. */
export type FoundFile = {
  readonly slot: number
  readonly path: string
  readonly fileBytes: number
  readonly header: FileHeader | null
  readonly copy: 0 | 1
}

export type Directory = {
  readonly path: string
  readonly identity: Identity
  readonly sectorBytes: number
  /** All there are; those that recovery gives up leave it. */
  readonly files: FoundFile[]
  /** Names of snapshots, the newest first. */
  readonly snapshots: readonly string[]
  /** Names of copies of the journal's end, whole or not: see unproven-tail.ts. */
  readonly tailCopies: readonly string[]
  readonly created: boolean
}

export type DirectoryContext = {
  readonly disk: Disk
  readonly path: string
  readonly random: Random
  readonly limits: JournalLimits
}

/** Reads the directory, making it first when it is not there yet. Every journal file is synced before it is read. */
export async function openDirectory(context: DirectoryContext): Promise<Directory> {
  const { disk, path } = context
  let created = false
  let names = await namesIn(disk, path)
  if (await isUnused(context, names)) {
    // Whoever made it may have failed to sync its name, which no later sync makes up for: it is made anew.
    await disk.remove(disk.join(path, FORMAT_NAME))
    await disk.syncDirectory(path)
    names = names.filter((name) => name !== FORMAT_NAME)
  }
  if (!names.includes(FORMAT_NAME)) {
    await refuseOrphans(context, names)
    await create(context, names)
    created = true
    names = await namesIn(disk, path)
  }
  const { identity, sectorBytes } = await readFormat(disk, path)
  const files: FoundFile[] = []
  for (const name of names) {
    if (/^journal-\d{5}$/.test(name)) files.push(await readFound(disk, path, name, sectorBytes))
  }
  // What a killed process left in the page cache is read below as if it were durable: so it is made durable first.
  await disk.syncDirectory(path)
  const snapshots = names
    .filter((name) => snapshotTicket(name) >= 0)
    .sort((left, right) => snapshotTicket(right) - snapshotTicket(left))
  const tailCopies = names.filter((name) => name.startsWith(TAIL_COPY_NAME))
  return { path, identity, sectorBytes, files, snapshots, tailCopies, created }
}

export async function readFormat(
  disk: Disk,
  directory: string,
): Promise<{ identity: Identity; sectorBytes: number }> {
  const path = disk.join(directory, FORMAT_NAME)
  const bytes = new Uint8Array(FORMAT_SIZE)
  const file = await disk.open(path, 'read')
  try {
    const count = await file.read(bytes, 0)
    const view = viewOf(bytes)
    const magic = view.getUint32(0, true) === MAGIC_LOW && view.getUint32(4, true) === MAGIC_HIGH
    const sum = view.getUint32(8, true) === checksum(bytes, 12, FORMAT_SIZE)
    if (count < FORMAT_SIZE || !magic || !sum)
      throw new JournalDamaged(path, 0, 'a damaged format file')
    const version = view.getUint16(12, true)
    if (version !== FORMAT_VERSION) {
      throw new JournalError(
        'JOURNAL_VERSION',
        `${path} says format ${version}; this version of Naru reads format ${FORMAT_VERSION}`,
      )
    }
    return {
      sectorBytes: view.getUint32(16, true),
      identity: { low: view.getUint32(20, true), high: view.getUint32(24, true) },
    }
  } finally {
    await file.close()
  }
}

async function namesIn(disk: Disk, directory: string): Promise<string[]> {
  try {
    const entries = await disk.list(directory)
    return entries.filter((entry) => entry.kind === 'file').map((entry) => entry.name)
  } catch (error) {
    if (error instanceof DiskError && error.code === 'missing') return []
    throw error
  }
}

/**
 * Without a format file, a snapshot or a second journal file means that the format file was lost,
 * not that it never was.
 */
async function refuseOrphans(context: DirectoryContext, names: readonly string[]): Promise<void> {
  const orphan = names.find((name) => snapshotTicket(name) >= 0 || /^journal-\d{5}$/.test(name))
  if (orphan === undefined) return
  const unfinished = names.every((name) => !isOwn(name) || name === slotName(0))
  if (unfinished && !(await holdsCommits(context))) return
  const path = context.disk.join(context.path, FORMAT_NAME)
  throw new JournalDamaged(path, 0, `a missing format file beside ${orphan}`)
}

/** Whether it is as it was made: not even a spare file stands beside the first one, in which nothing was written. */
async function isUnused(context: DirectoryContext, names: readonly string[]): Promise<boolean> {
  const { disk, path } = context
  const own = names.filter(isOwn)
  if (own.length !== 2 || !own.includes(FORMAT_NAME) || !own.includes(slotName(0))) return false
  const { sectorBytes } = await readFormat(disk, path)
  const { header, fileBytes } = await readFound(disk, path, slotName(0), sectorBytes)
  if (header?.generation !== 1) return false
  const bytes = new Uint8Array(fileBytes - 2 * sectorBytes)
  const file = await disk.open(disk.join(path, slotName(0)), 'read')
  try {
    await file.read(bytes, 2 * sectorBytes)
    return bytes.every((byte) => byte === 0)
  } finally {
    await file.close()
  }
}

/** Whether the very first file holds a commit, which an unfinished creation cannot have written. */
async function holdsCommits({ disk, path, limits }: DirectoryContext): Promise<boolean> {
  const found = await readFound(disk, path, slotName(0), limits.sectorBytes)
  if (found.header === null) return false
  const bytes = new Uint8Array(limits.commitBytes)
  const file = await disk.open(found.path, 'read')
  try {
    const end = await file.read(bytes, 2 * limits.sectorBytes)
    const target = { bytes, view: viewOf(bytes), seed: seedOf(found.header.identity) }
    const range = { at: 0, end, generation: found.header.generation }
    return readFrame(target, range, new FrameHeader()) > 0
  } finally {
    await file.close()
  }
}

function isOwn(name: string): boolean {
  return /^(journal-\d{5}|snapshot-.*|format|tail-copy)$/.test(name)
}

async function create(context: DirectoryContext, names: readonly string[]): Promise<void> {
  const { disk, path, random, limits } = context
  await disk.makeDirectory(path)
  // Left by a creation that did not finish; nothing in them was ever acknowledged.
  for (const name of names) {
    if (name === slotName(0) || name === FORMAT_NAME_NEW) await disk.remove(disk.join(path, name))
  }
  const identity = { low: random.u32(), high: random.u32() }
  const first = await fillFile(disk, disk.join(path, slotName(0)), limits.fileBytesMin)
  try {
    const header = disk.allocate(FILE_HEADER_SIZE)
    const fileBytes = limits.fileBytesMin
    encodeFileHeader(header, { generation: 1, slot: 0, fileBytes, identity })
    await first.write(header, 0)
    await first.sync()
  } finally {
    await first.close()
  }
  await disk.syncDirectory(path)
  await writeNew(disk, disk.join(path, FORMAT_NAME_NEW), encodeFormat(identity, limits.sectorBytes))
  await disk.rename(disk.join(path, FORMAT_NAME_NEW), disk.join(path, FORMAT_NAME))
  try {
    await disk.syncDirectory(path)
  } catch (error) {
    // Its name may be gone after a crash for all that later syncs say: the next start has to make it anew.
    await removeQuietly(disk, disk.join(path, FORMAT_NAME))
    throw error
  }
}

/** The bytes of a format file. */
export function encodeFormat(identity: Identity, sectorBytes: number): Uint8Array {
  const bytes = new Uint8Array(FORMAT_SIZE)
  const view = viewOf(bytes)
  view.setUint32(0, MAGIC_LOW, true)
  view.setUint32(4, MAGIC_HIGH, true)
  view.setUint16(12, FORMAT_VERSION, true)
  view.setUint32(16, sectorBytes, true)
  view.setUint32(20, identity.low, true)
  view.setUint32(24, identity.high, true)
  view.setUint32(8, checksum(bytes, 12, FORMAT_SIZE), true)
  return bytes
}

async function writeNew(disk: Disk, path: string, bytes: Uint8Array): Promise<void> {
  const file = await disk.open(path, 'create')
  try {
    await file.write(bytes, 0)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function readFound(
  disk: Disk,
  directory: string,
  name: string,
  sectorBytes: number,
): Promise<FoundFile> {
  const path = disk.join(directory, name)
  const slot = Number(name.slice('journal-'.length))
  const file = await disk.open(path, 'write')
  try {
    await file.sync()
    const fileBytes = await file.size()
    const copies: (FileHeader | null)[] = []
    for (const at of [0, sectorBytes]) {
      const bytes = new Uint8Array(FILE_HEADER_SIZE)
      const count = await file.read(bytes, at)
      const header = count === FILE_HEADER_SIZE ? decodeFileHeader(bytes) : null
      copies.push(header !== null && header.slot === slot ? header : null)
    }
    const [first, second] = [copies[0] ?? null, copies[1] ?? null]
    const copy = (second?.generation ?? 0) > (first?.generation ?? 0) ? 1 : 0
    return { slot, path, fileBytes, header: copy === 1 ? second : first, copy }
  } finally {
    await file.close()
  }
}

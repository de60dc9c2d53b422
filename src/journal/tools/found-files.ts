/** What lies in a journal's directory, read without changing it: journal files with both copies of their headers. */
import { type Disk, DiskError } from '../../base/ports.ts'
import { seedOf } from '../checksum.ts'
import { readFormat } from '../directory.ts'
import { JournalDamaged, JournalError } from '../errors.ts'
import { decodeFileHeader, type FileHeader, type Identity } from '../file-header.ts'
import { FILE_HEADER_SIZE } from '../format.ts'
import { slotName } from '../spare-files.ts'
import { firstFrame } from './frame-walk.ts'

/** `empty`: never written. */
export type HeaderCopy = FileHeader | 'empty' | 'damaged'

/** A journal file as it lies there. */
export type LyingFile = {
  readonly slot: number
  readonly path: string
  readonly size: number
  readonly copies: readonly [HeaderCopy, HeaderCopy]
  /** The newest valid header of this directory, or null. */
  readonly header: FileHeader | null
  readonly copy: 0 | 1
}

/** What every other byte is read by. */
export type Format = { readonly identity: Identity; readonly sectorBytes: number }

// Sector sizes that a lost format file is guessed from: what disks have had so far.
const SECTOR_SIZES = [512, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536] as const

export async function namesIn(disk: Disk, path: string): Promise<readonly string[]> {
  try {
    const entries = await disk.list(path)
    return entries
      .filter((entry) => entry.kind === 'file')
      .map((entry) => entry.name)
      .sort()
  } catch (error) {
    if (!(error instanceof DiskError) || error.code !== 'missing') throw error
    throw new JournalError('JOURNAL_GONE', `${path}: there is no such directory`)
  }
}

/** The slot in the name of a journal file, or -1. */
export function slotIn(name: string): number {
  return /^journal-\d{5}$/.test(name) ? Number(name.slice('journal-'.length)) : -1
}

export async function lookAtFile(
  disk: Disk,
  directory: string,
  slot: number,
  format: Format,
): Promise<LyingFile> {
  const path = disk.join(directory, slotName(slot))
  const file = await disk.open(path, 'read')
  try {
    const copies: HeaderCopy[] = []
    for (const at of [0, format.sectorBytes]) {
      const bytes = new Uint8Array(FILE_HEADER_SIZE)
      const count = await file.read(bytes, at)
      const header = count === FILE_HEADER_SIZE ? decodeFileHeader(bytes) : null
      if (header !== null && header.slot === slot && isOf(header, format.identity)) {
        copies.push(header)
      } else copies.push(bytes.every((byte) => byte === 0) ? 'empty' : 'damaged')
    }
    const [first, second] = [copies[0]!, copies[1]!]
    const copy = generationOf(second) > generationOf(first) ? 1 : 0
    const newest = copies[copy]!
    const header = typeof newest === 'string' ? null : newest
    return { slot, path, size: await file.size(), copies: [first, second], header, copy }
  } finally {
    await file.close()
  }
}

function isOf(header: FileHeader, identity: Identity): boolean {
  return header.identity.low === identity.low && header.identity.high === identity.high
}

function generationOf(copy: HeaderCopy): number {
  return typeof copy === 'string' ? 0 : copy.generation
}

/** The format as its file says it; null when the file is lost and the headers say what stood in it. */
export async function readFormatOrNull(
  disk: Disk,
  path: string,
): Promise<{ format: Format | null; why: string }> {
  try {
    return { format: await readFormat(disk, path), why: '' }
  } catch (error) {
    if (error instanceof JournalDamaged) return { format: null, why: 'it is damaged' }
    if (error instanceof DiskError && error.code === 'missing') {
      return { format: null, why: 'it is missing' }
    }
    throw error
  }
}

/**
 * The format that the journal files themselves show: the identity that most headers have, and the sector size
 * at which a second copy, or else the first frame, stands. Null when no header is valid.
 */
export async function guessFormat(
  disk: Disk,
  path: string,
  names: readonly string[],
  windowBytes: number,
): Promise<Format | null> {
  const votes = new Map<string, { identity: Identity; votes: number }>()
  const sectors = new Map<number, number>()
  for (const name of names) {
    const slot = slotIn(name)
    if (slot < 0) continue
    const file = await disk.open(disk.join(path, name), 'read')
    try {
      for (const at of [0, ...SECTOR_SIZES]) {
        const bytes = new Uint8Array(FILE_HEADER_SIZE)
        if ((await file.read(bytes, at)) < FILE_HEADER_SIZE) continue
        const header = decodeFileHeader(bytes)
        if (header === null || header.slot !== slot) continue
        const { identity } = header
        const key = `${identity.low} ${identity.high}`
        votes.set(key, { identity, votes: (votes.get(key)?.votes ?? 0) + 1 })
        if (at > 0) sectors.set(at, (sectors.get(at) ?? 0) + 1)
      }
    } finally {
      await file.close()
    }
  }
  const identity = [...votes.values()].sort((left, right) => right.votes - left.votes)[0]?.identity
  if (identity === undefined) return null
  const second = [...sectors].sort((left, right) => right[1] - left[1])[0]?.[0]
  const sectorBytes = second ?? (await sectorByFrames(disk, path, names, identity, windowBytes))
  return { identity, sectorBytes }
}

/** Frames begin behind both sectors. Without a single frame nothing tells, and nothing depends on it. */
async function sectorByFrames(
  disk: Disk,
  path: string,
  names: readonly string[],
  identity: Identity,
  windowBytes: number,
): Promise<number> {
  for (const name of names) {
    const slot = slotIn(name)
    if (slot < 0) continue
    const { header, size } = await lookAtFile(disk, path, slot, { identity, sectorBytes: 4096 })
    if (header === null) continue
    const file = await disk.open(disk.join(path, name), 'read')
    try {
      for (const sectorBytes of SECTOR_SIZES) {
        const from = 2 * sectorBytes
        const end = Math.min(size, from + windowBytes)
        const range = { file, generation: header.generation, from, end, windowBytes }
        const frame = await firstFrame({ ...range, seed: seedOf(identity) })
        if (frame !== null && frame.position === from) return sectorBytes
      }
    } finally {
      await file.close()
    }
  }
  return 4096
}

/** Reads a snapshot file: first the whole of it to see that it is undamaged, then its blocks for the owner. */
import { type Disk, DiskError, type DiskFile } from '../base/ports.ts'
import type { Identity } from './file-header.ts'
import { u48, viewOf } from './format.ts'
import {
  BLOCK_HEADER_SIZE,
  blockChecksum,
  decodeSnapshotHead,
  SNAPSHOT_END_SIZE,
  SNAPSHOT_HEADER_SIZE,
  type SnapshotHead,
  snapshotHeadSize,
} from './snapshot-format.ts'

/** A snapshot that was found whole. */
export type FoundSnapshot = {
  readonly name: string
  readonly head: SnapshotHead
  /** Bytes of its meaning: the file may be longer. */
  readonly bytes: number
}

const BLOCK_BYTES_MAX = 16 * 1024 * 1024 // far above what is written: a damaged size is refused before it is believed

/** Reads the whole snapshot; null when any byte of it is damaged, or it is not one of this directory. */
export async function verifySnapshot(
  disk: Disk,
  directory: string,
  name: string,
  identity: Identity,
): Promise<FoundSnapshot | null> {
  const file = await openIfThere(disk, disk.join(directory, name))
  if (file === null) return null
  try {
    const head = await readHead(file, identity)
    if (head === null || snapshotName(head.head.ticket) !== name) return null
    let at = head.size
    for (let index = 0; ; index++) {
      const block = await readBlock(file, at, head.head.ticket, index)
      if (block === null) return null
      if (block === 'end') return { name, head: head.head, bytes: at + SNAPSHOT_END_SIZE }
      at += BLOCK_HEADER_SIZE + block.length
    }
  } finally {
    await file.close()
  }
}

/** The owner's blocks of a snapshot that `verifySnapshot` found whole. */
export async function* readBlocks(
  disk: Disk,
  directory: string,
  snapshot: FoundSnapshot,
): AsyncGenerator<Uint8Array> {
  const file = await disk.open(disk.join(directory, snapshot.name), 'read')
  try {
    const head = await readHead(file, snapshot.head.identity)
    let at = head === null ? 0 : head.size
    for (let index = 0; ; index++) {
      const block = await readBlock(file, at, snapshot.head.ticket, index)
      if (block === null)
        throw new DiskError('io', snapshot.name, 'a snapshot changed while it was read')
      if (block === 'end') return
      yield block
      at += BLOCK_HEADER_SIZE + block.length
    }
  } finally {
    await file.close()
  }
}

export function snapshotName(ticket: number): string {
  return `snapshot-${String(ticket).padStart(16, '0')}`
}

/** The ticket in a snapshot's name, or -1 when the name is not one. */
export function snapshotTicket(name: string): number {
  return /^snapshot-\d{16}$/.test(name) ? Number(name.slice('snapshot-'.length)) : -1
}

async function openIfThere(disk: Disk, path: string): Promise<DiskFile | null> {
  try {
    return await disk.open(path, 'read')
  } catch (error) {
    if (error instanceof DiskError && error.code === 'missing') return null
    throw error
  }
}

async function readHead(
  file: DiskFile,
  identity: Identity,
): Promise<{ head: SnapshotHead; size: number } | null> {
  const start = await readExactly(file, 0, SNAPSHOT_HEADER_SIZE)
  const size = start === null ? 0 : snapshotHeadSize(start, identity)
  if (size === 0 || size > (await file.size())) return null
  const bytes = await readExactly(file, 0, size)
  const head = bytes === null ? null : decodeSnapshotHead(bytes)
  return head === null ? null : { head, size }
}

/** The bytes of one block, `end`, or null when it is damaged. */
async function readBlock(
  file: DiskFile,
  at: number,
  ticket: number,
  index: number,
): Promise<Uint8Array | 'end' | null> {
  const start = await readExactly(file, at, BLOCK_HEADER_SIZE)
  if (start === null) return null
  const size = viewOf(start).getUint32(4, true)
  if (size > BLOCK_BYTES_MAX) return null
  const whole = size === 0 ? SNAPSHOT_END_SIZE : BLOCK_HEADER_SIZE + size
  const block = await readExactly(file, at, whole)
  if (block === null) return null
  const view = viewOf(block)
  if (view.getUint32(0, true) !== blockChecksum(ticket, index, block.subarray(4))) return null
  if (size > 0) return block.subarray(BLOCK_HEADER_SIZE)
  const wholeSnapshot = view.getUint32(8, true) === index && u48(view, 16) <= at
  return wholeSnapshot ? 'end' : null
}

async function readExactly(file: DiskFile, at: number, size: number): Promise<Uint8Array | null> {
  const bytes = new Uint8Array(size)
  const count = await file.read(bytes, at)
  return count === size ? bytes : null
}

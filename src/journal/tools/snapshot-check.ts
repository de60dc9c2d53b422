/** Reads a snapshot to its end and says where it stops being one; what recovery only answers with no. */
import type { Disk, DiskFile } from '../../base/ports.ts'
import type { Identity } from '../file-header.ts'
import { viewOf } from '../format.ts'
import {
  BLOCK_HEADER_SIZE,
  blockChecksum,
  decodeSnapshotHead,
  SNAPSHOT_END_SIZE,
  SNAPSHOT_HEADER_SIZE,
  type SnapshotHead,
  snapshotHeadSize,
} from '../snapshot-format.ts'
import { type FoundSnapshot, snapshotTicket, verifySnapshot } from '../snapshot-reader.ts'

/** A snapshot file: whole (`found`), or damaged from `offset` on. */
export type CheckedSnapshot = {
  readonly name: string
  readonly size: number
  readonly found: FoundSnapshot | null
  readonly offset: number
}

export async function checkSnapshot(
  disk: Disk,
  directory: string,
  name: string,
  identity: Identity,
): Promise<CheckedSnapshot> {
  const found = await verifySnapshot(disk, directory, name, identity)
  const file = await disk.open(disk.join(directory, name), 'read')
  try {
    const size = await file.size()
    if (found !== null) return { name, size, found, offset: 0 }
    const offset = await damageIn(file, size, name, identity)
    return { name, size, found, offset }
  } finally {
    await file.close()
  }
}

async function damageIn(
  file: DiskFile,
  size: number,
  name: string,
  identity: Identity,
): Promise<number> {
  const start = await bytesAt(file, 0, SNAPSHOT_HEADER_SIZE)
  const headSize = snapshotHeadSize(start, identity)
  if (headSize === 0 || headSize > size) return 0
  const head: SnapshotHead | null = decodeSnapshotHead(await bytesAt(file, 0, headSize))
  if (head === null || head.ticket !== snapshotTicket(name)) return 0
  let at = headSize
  for (let index = 0; at < size; index++) {
    const header = await bytesAt(file, at, BLOCK_HEADER_SIZE)
    const length = viewOf(header).getUint32(4, true)
    const whole = length === 0 ? SNAPSHOT_END_SIZE : BLOCK_HEADER_SIZE + length
    if (at + whole > size) return at
    const block = await bytesAt(file, at, whole)
    const sum = blockChecksum(head.ticket, index, block.subarray(4))
    if (viewOf(block).getUint32(0, true) !== sum || length === 0) return at
    at += whole
  }
  return at
}

async function bytesAt(file: DiskFile, at: number, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size)
  await file.read(bytes, at)
  return bytes
}

/** The header of a journal file: whose it is, and which use of the file it speaks of. */
import { checksum } from './checksum.ts'
import { FILE_HEADER_SIZE, FORMAT_VERSION, setU48, u48, viewOf } from './format.ts'

const FILE_MAGIC_LOW = 0x5552414e // 'NARU'
const FILE_MAGIC_HIGH = 0x314c4e4a // 'JNL1'

/** What a file's header says: whose it is and which use of it this is. */
export type FileHeader = {
  /** Grows with every use of any file of the directory; never repeated. */
  readonly generation: number
  readonly slot: number
  readonly fileBytes: number
  /** The directory's own random number, as two u32: a file of another directory does not pass. */
  readonly identity: Identity
}

export type Identity = { readonly low: number; readonly high: number }

/** Writes a file header into the first FILE_HEADER_SIZE bytes of `into`. */
export function encodeFileHeader(into: Uint8Array, header: FileHeader): void {
  const view = viewOf(into)
  into.fill(0, 0, FILE_HEADER_SIZE)
  view.setUint32(0, FILE_MAGIC_LOW, true)
  view.setUint32(4, FILE_MAGIC_HIGH, true)
  view.setUint16(12, FORMAT_VERSION, true)
  setU48(view, 16, header.generation)
  view.setUint16(22, header.slot, true)
  setU48(view, 24, header.fileBytes)
  view.setUint32(32, header.identity.low, true)
  view.setUint32(36, header.identity.high, true)
  view.setUint32(8, checksum(into, 12, FILE_HEADER_SIZE), true)
}

/** The header in the first bytes of `from`, or null when they are not a valid one of this format. */
export function decodeFileHeader(from: Uint8Array): FileHeader | null {
  if (from.length < FILE_HEADER_SIZE) return null
  const view = viewOf(from)
  if (view.getUint32(0, true) !== FILE_MAGIC_LOW) return null
  if (view.getUint32(4, true) !== FILE_MAGIC_HIGH) return null
  if (view.getUint32(8, true) !== checksum(from, 12, FILE_HEADER_SIZE)) return null
  if (view.getUint16(12, true) !== FORMAT_VERSION) return null
  return {
    generation: u48(view, 16),
    slot: view.getUint16(22, true),
    fileBytes: u48(view, 24),
    identity: { low: view.getUint32(32, true), high: view.getUint32(36, true) },
  }
}

/** Reads the footer of a journal file from disk. */
import type { DiskFile } from '../base/ports.ts'
import { decodeFooter, type FileIndex, footerSizeIn, TRAILER_SIZE, type Trailer } from './footer.ts'

export type Footer = { readonly index: FileIndex; readonly trailer: Trailer; readonly size: number }

/** The footer of this use of the file, or null when it has none that is undamaged. */
export async function readFooter(
  file: DiskFile,
  of: { readonly generation: number; readonly fileBytes: number },
): Promise<Footer | null> {
  const trailer = new Uint8Array(TRAILER_SIZE)
  const at = of.fileBytes - TRAILER_SIZE
  if ((await file.read(trailer, at)) < TRAILER_SIZE) return null
  const size = footerSizeIn(trailer, of.generation, of.fileBytes)
  if (size === 0) return null
  const footer = new Uint8Array(size)
  if ((await file.read(footer, of.fileBytes - size)) < size) return null
  const decoded = decodeFooter(footer)
  return decoded === null ? null : { ...decoded, size }
}

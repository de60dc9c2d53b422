/** Fills files with zeros before they are used, and takes back what could not be filled. It knows no names. */
import { MiB } from '../base/bytes.ts'
import type { Disk, DiskFile } from '../base/ports.ts'

const FILL_BYTES = 1 * MiB // one write: long enough to be fast, short enough to let commits pass
// Synced so often, a 64-MiB file took 27 ms to fill; with one sync at the end, 175 ms.
const FILL_SYNC_BYTES = 4 * FILL_BYTES

/** Makes a file of zeros, synced. The directory is not synced here. */
export async function fillFile(disk: Disk, path: string, fileBytes: number): Promise<DiskFile> {
  const file = await disk.open(path, 'create')
  try {
    await fillRange(file, 0, fileBytes)
    return file
  } catch (error) {
    await file.close()
    await removeQuietly(disk, path)
    throw error
  }
}

/** Writes zeros from `start` to `end`, synced. */
export async function fillRange(file: DiskFile, start: number, end: number): Promise<void> {
  const zeros = new Uint8Array(Math.max(0, Math.min(FILL_BYTES, end - start)))
  for (let at = start; at < end; at += zeros.length) {
    await file.write(zeros.subarray(0, Math.min(zeros.length, end - at)), at)
    if ((at + zeros.length - start) % FILL_SYNC_BYTES === 0) await file.sync()
  }
  await file.sync()
}

/** Removes what an unfinished creation left; the error that interrupted it is the one to report. */
export async function removeQuietly(disk: Disk, path: string): Promise<void> {
  try {
    await disk.remove(path)
  } catch {
    // It will be found and reused, or removed, at the next start.
  }
}

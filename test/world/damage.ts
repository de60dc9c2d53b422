/** What happens to a data directory while nobody looks: a byte of the newest snapshot is not what it was. */
import { DiskError, type Random } from '../../src/base/ports.ts'
import { below } from '../../src/base/random.ts'
import { contentOf, flip } from '../journal/damaged-journal.ts'
import type { CrashDisk } from '../sim/crash-disk.ts'

/** Only where an older snapshot is there to be taken instead: else a journal refuses to open, as it should. */
export async function damageSnapshot(
  disk: CrashDisk,
  directory: string,
  random: Random,
): Promise<void> {
  const [newest, older] = await snapshotsOf(disk, directory)
  if (newest === undefined || older === undefined) return
  const { length } = await contentOf(disk, newest, directory)
  if (length > 0) await flip(disk, newest, below(random, length))
}

/** The newest first. */
async function snapshotsOf(disk: CrashDisk, directory: string): Promise<readonly string[]> {
  try {
    const entries = await disk.list(directory)
    const names = entries.map(({ name }) => name).filter((name) => /^snapshot-\d/.test(name))
    return names.sort((left, right) => (left < right ? 1 : -1))
  } catch (error) {
    if (error instanceof DiskError && error.code === 'missing') return []
    throw error
  }
}

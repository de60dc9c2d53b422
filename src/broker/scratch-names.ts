/**
 * The names of scratch files, and how those go that a killed run left behind. What is in them belonged to a process
 * that is gone: it is never read.
 */
import type { Log } from '../base/log.ts'
import { mark } from '../base/mark.ts'
import { type Disk, DiskError } from '../base/ports.ts'

const PREFIX = 'scratch-'

export function scratchName(slot: number): string {
  return `${PREFIX}${String(slot).padStart(5, '0')}`
}

/**
 * Before the journal is opened, because it may need the space; and under its lock, because a running broker's are not
 * ours. Never rejects: what cannot be removed is warned of, and written over when its name comes up.
 */
export async function eraseScratch(disk: Disk, directory: string, log: Log): Promise<void> {
  try {
    const names = (await disk.list(directory)).map(({ name }) => name)
    const left = names.filter((name) => /^scratch-\d{5,}$/.test(name))
    if (left.length === 0) return
    const lock = await disk.lock(disk.join(directory, 'lock'))
    try {
      mark('scratch/leftovers-erased')
      for (const name of left) await disk.remove(disk.join(directory, name))
    } finally {
      await lock.release()
    }
  } catch (error) {
    if (!(error instanceof DiskError)) throw error
    // Whoever opens the journal next says what is wrong with a directory that is missing or in use.
    if (error.code === 'missing' || error.code === 'locked') return
    log.warn(`scratch files of an earlier run could not be removed: ${error.message}`)
  }
}

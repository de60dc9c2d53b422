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
    const left = await leftIn(disk, directory)
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
    if (error.code === 'locked') return // by a broker whose they are; the journal says so next
    log.warn(`scratch files of an earlier run could not be removed: ${error.message}`)
  }
}

async function leftIn(disk: Disk, directory: string): Promise<readonly string[]> {
  try {
    const names = (await disk.list(directory)).map(({ name }) => name)
    return names.filter((name) => /^scratch-\d{5,}$/.test(name))
  } catch (error) {
    if (!(error instanceof DiskError)) throw error
    return [] // whoever opens the journal next says what is wrong with a directory that is missing, or is none
  }
}

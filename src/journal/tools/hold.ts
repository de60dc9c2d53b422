/** Holds a journal's directory for a tool: it has to be there, and nobody else may have it open. */
import { type Disk, DiskError, type DiskLock } from '../../base/ports.ts'
import { JournalError } from '../errors.ts'
import { namesIn } from './found-files.ts'

export async function holding<T>(disk: Disk, path: string, work: () => Promise<T>): Promise<T> {
  await namesIn(disk, path)
  const lock = await takeLock(disk, path)
  try {
    return await work()
  } finally {
    await lock.release()
  }
}

async function takeLock(disk: Disk, path: string): Promise<DiskLock> {
  try {
    return await disk.lock(disk.join(path, 'lock'))
  } catch (error) {
    if (!(error instanceof DiskError) || error.code !== 'locked') throw error
    const message = `${path} is in use by another process; stop it first`
    throw new JournalError('JOURNAL_LOCKED', message, { cause: error })
  }
}

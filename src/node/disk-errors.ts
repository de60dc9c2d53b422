/** What the system says about a file, in the words of the Disk port. */
import { getSystemErrorMap } from 'node:util'
import type { DiskErrorCode } from '../base/ports.ts'
import { DiskError } from '../base/ports.ts'

const codes: Readonly<Record<string, DiskErrorCode>> = {
  ENOENT: 'missing',
  EEXIST: 'exists',
  ENOSPC: 'full',
  EDQUOT: 'full',
  EACCES: 'denied',
  EPERM: 'denied',
  EROFS: 'denied',
  EMFILE: 'handles',
  ENFILE: 'handles',
  EIO: 'io',
}

export function diskErrorOf(error: unknown, path: string): DiskError {
  if (error instanceof DiskError) return error
  const { code, message } = error as NodeJS.ErrnoException
  // What a file handle is asked for, Node tells without the name of the file.
  const text = message.includes(path) ? message : `${message} '${path}'`
  return new DiskError(codes[code ?? ''] ?? 'other', path, text)
}

/** From a bare error number, as it comes from the commit thread, and what was asked of it. */
export function diskErrorOfNumber(errno: number, call: 'commit' | 'read', path: string): DiskError {
  // Node counts the system's errors below zero.
  const known = getSystemErrorMap().get(-errno)
  if (known === undefined) return new DiskError('other', path, `${call}: error ${errno}, '${path}'`)
  const [code, text] = known
  return new DiskError(codes[code] ?? 'other', path, `${code}: ${text}, ${call} '${path}'`)
}

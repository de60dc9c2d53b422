/** The journal's errors: what happened, where, and what to do. Refusals of `reserve` are values, not errors. */
import { DiskError, type DiskErrorCode } from '../base/ports.ts'

export type JournalErrorCode =
  | 'JOURNAL_LOCKED'
  | 'JOURNAL_DAMAGED'
  | 'JOURNAL_STOPPED'
  | 'JOURNAL_VERSION'
  | 'JOURNAL_GONE'
  | 'JOURNAL_FULL'
  | 'JOURNAL_HANDLES'
  | 'JOURNAL_DENIED'
  | 'JOURNAL_DISK'
  | 'JOURNAL_PATH'

/** Every error of the journal; `code` is stable, the message is for people. */
export class JournalError extends Error {
  override readonly name: string = 'JournalError'
  readonly code: JournalErrorCode
  constructor(code: JournalErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Bytes that were durable are damaged: the journal will not guess, and refuses to open. */
export class JournalDamaged extends JournalError {
  override readonly name = 'JournalDamaged'
  readonly file: string
  readonly offset: number
  constructor(file: string, offset: number, what: string) {
    super(
      'JOURNAL_DAMAGED',
      `${what} in ${file} at byte ${offset}; nothing was changed. Run 'naru journal verify' on the ` +
        `directory to see all damage, 'naru journal repair' to cut it out after a copy was made`,
    )
    this.file = file
    this.offset = offset
  }
}

/** A write or a sync failed, so nothing may be acknowledged any more: the process has to stop and recover. */
export class JournalStopped extends JournalError {
  override readonly name = 'JournalStopped'
  constructor(cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause)
    super(
      'JOURNAL_STOPPED',
      `the journal stopped after a failed disk call (${why}); nothing more is acknowledged. ` +
        'Check the disk, then start again: everything acknowledged before is recovered',
      { cause },
    )
  }
}

type OpeningAdvice = {
  readonly code: JournalErrorCode
  what(path: string): string
  readonly advice: string
}

const DISK_FAILED: OpeningAdvice = {
  code: 'JOURNAL_DISK',
  what: (path) => `the disk did not let ${path} be opened`,
  advice:
    'Nothing that was acknowledged was changed; look at the path and the disk, then start again',
}

/** What people can mend, by the code of the disk's error; all others are DISK_FAILED. */
const OPENING_ADVICE: { readonly [C in DiskErrorCode]?: OpeningAdvice } = {
  full: {
    code: 'JOURNAL_FULL',
    what: (path) => `the disk of ${path} is full`,
    advice: 'Nothing that it holds is lost; make room there, then start again',
  },
  handles: {
    code: 'JOURNAL_HANDLES',
    what: (path) => `too many files are open to open ${path}`,
    advice:
      'Nothing that it holds is lost; allow more (ulimit -n), or close others, then start again',
  },
  denied: {
    code: 'JOURNAL_DENIED',
    what: (path) => `this user may not read and write all of ${path}`,
    advice: 'Nothing was changed; give it the right to, or choose another directory',
  },
}

/** Why a directory could not be opened: a disk's error becomes a sentence that says what to do. */
export function openingError(error: unknown, path: string): unknown {
  if (!(error instanceof DiskError)) return error
  const { code, what, advice } = OPENING_ADVICE[error.code] ?? DISK_FAILED
  return new JournalError(code, `${what(path)} (${error.message}). ${advice}`, { cause: error })
}

/** Why the directory itself could not be taken. */
export function lockingError(error: unknown, path: string): unknown {
  const code = error instanceof DiskError ? error.code : null
  if (code === 'exists') {
    const message = `${path} is a file, not a directory; choose another name`
    return new JournalError('JOURNAL_PATH', message, { cause: error })
  }
  if (code === 'locked') {
    const message = `${path} is in use by another process; stop it, or choose another directory`
    return new JournalError('JOURNAL_LOCKED', message, { cause: error })
  }
  return openingError(error, path)
}

/** The journal's errors: what happened, where, and what to do. Refusals of `reserve` are values, not errors. */
import { DiskError } from '../base/ports.ts'

export type JournalErrorCode =
  | 'JOURNAL_LOCKED'
  | 'JOURNAL_DAMAGED'
  | 'JOURNAL_STOPPED'
  | 'JOURNAL_VERSION'
  | 'JOURNAL_GONE'
  | 'JOURNAL_FULL'
  | 'JOURNAL_HANDLES'

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

/** Why a directory could not be opened: people can mend a full disk, and a lack of file handles, and are told so. */
export function openingError(error: unknown, path: string): unknown {
  if (!(error instanceof DiskError)) return error
  const options = { cause: error }
  if (error.code === 'full') {
    const message =
      `the disk of ${path} is full (${error.message}). Nothing that it holds is lost; ` +
      'make room there, then start again'
    return new JournalError('JOURNAL_FULL', message, options)
  }
  if (error.code === 'handles') {
    const message =
      `too many files are open to open ${path} (${error.message}). Nothing that it holds is lost; ` +
      'allow more (ulimit -n), or close others, then start again'
    return new JournalError('JOURNAL_HANDLES', message, options)
  }
  return error
}

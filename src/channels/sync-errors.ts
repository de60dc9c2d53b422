/** The errors of latch, semaphore, mutex, read-write lock, once and election. */

export type SyncErrorCode = 'SYNC_TIMEOUT' | 'SYNC_MISUSE' | 'SYNC_CLOSED'

/** Every error of theirs; `code` is stable, the message is for people. */
export class SyncError extends Error {
  override readonly name: string = 'SyncError'
  readonly code: SyncErrorCode
  constructor(code: SyncErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** The wait lasted as long as it was allowed to; nothing was acquired. */
export class SyncTimeout extends SyncError {
  override readonly name = 'SyncTimeout'
  constructor(timeoutMs: number) {
    super('SYNC_TIMEOUT', `not within ${timeoutMs} ms`)
  }
}

/** The caller broke a rule: a count that makes no sense, more permits than there are. */
export class SyncMisuse extends SyncError {
  override readonly name = 'SyncMisuse'
  constructor(message: string) {
    super('SYNC_MISUSE', message)
  }
}

/** What was waited for has been closed. */
export class SyncClosed extends SyncError {
  override readonly name = 'SyncClosed'
  constructor(message: string, options?: ErrorOptions) {
    super('SYNC_CLOSED', message, options)
  }
}

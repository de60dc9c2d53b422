/**
 * A fault is what hostile or broken bytes cause: thrown by decoders, caught by the session, which
 * ends that one connection with it. Never thrown for our own mistakes (that is a Panic, assert.ts)
 * nor for a request that cannot be met (that is a refusal, a value).
 */
export class Fault extends Error {
  override readonly name = 'Fault'
  /** Stable, lower case, for programs: `short-input`, `frame-error`. Each protocol maps it once. */
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

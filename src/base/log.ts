/** What the running program tells who operates it: one sentence a line, no protocol data. */
export interface Log {
  info(text: string): void
  /** Something is not as it should be, and we go on. */
  warn(text: string): void
  /** Something failed, and somebody has to act. */
  error(text: string): void
}

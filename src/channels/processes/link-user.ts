/** Who is told of a link, and nobody. */

/** Who wants to know of a link. All are hints: its fields say how things stand. */
export interface LinkUser {
  /** A value can be received where there was none. */
  readable(): void
  /** A value can be sent where none could. */
  writable(): void
  /** It was opened, or one of its directions has ended, or all is over. */
  changed(): void
}

export const nobody: LinkUser = { readable: () => {}, writable: () => {}, changed: () => {} }

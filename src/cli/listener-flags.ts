/** Flags of `naru serve` that belong to one listener, besides its port. Types, and the one question about them. */
import type { ListenerKind } from '../broker/listener.ts'

/** `--line-queue <name>`: its name, what to write for its value in --help, and what it does. */
export interface ListenerFlag {
  readonly name: string
  readonly value: string
  readonly description: string
}

/** The flags of one listener that are on the command line, by name. */
export type FlagValues = ReadonlyMap<string, string>

/** A kind of listener with flags of its own. */
export interface FlaggedKind extends ListenerKind {
  readonly flags: readonly ListenerFlag[]
  /** The same kind as its flags want it. Throws UsageError. */
  readonly configured: (values: FlagValues) => ListenerKind
}

export function isFlagged(kind: ListenerKind): kind is FlaggedKind {
  return 'flags' in kind
}

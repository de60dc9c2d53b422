/**
 * Durability: how safe a message or a record is when its sender hears so. A broker is opened with one, and a queue or a
 * stream may be declared with another (ADR 0016). Words and their order; what a sync costs is the journal's business.
 *
 *   memory  <  os  <=  the broker's own  <=  fsync        of a broker that has files
 */

/** `fsync`: on the disk. `os`: given to the operating system. `memory`: gone with this process. */
export type DurabilityMode = 'fsync' | 'os' | 'memory'

/** What was declared; null follows the broker, whatever it is opened with. */
export type DeclaredDurability = DurabilityMode | null

/** What an entry asks of the journal; undefined, which is the journal's word for it, asks for the broker's own. */
export type EntryDurability = 'fsync' | 'os' | undefined

/** From the strictest on; a declaration has their places in this list, from 1. */
export const durabilityModes: readonly DurabilityMode[] = ['fsync', 'os', 'memory']

/** Whether somebody outside named one. */
export function isDurabilityMode(value: unknown): value is DurabilityMode {
  return (durabilityModes as readonly unknown[]).includes(value)
}

/** Whether `mode` promises less than `than` does. */
export function isWeaker(mode: DurabilityMode, than: DurabilityMode): boolean {
  return durabilityModes.indexOf(mode) > durabilityModes.indexOf(than)
}

/** What its messages or records are, once they are acknowledged by a broker whose own durability is `own`. */
export function durabilityIn(
  own: DurabilityMode,
  { durable, durability }: { readonly durable: boolean; readonly durability: DeclaredDurability },
): DurabilityMode {
  return durable && own !== 'memory' ? (durability ?? own) : 'memory'
}

/** What the entries of a queue or a stream ask for. */
export function entryDurabilityOf(declared: DeclaredDurability): EntryDurability {
  // Nothing is ever written for the messages of a queue in memory; what is written about it is the broker's.
  return declared === null || declared === 'memory' ? undefined : declared
}

/**
 * What keeps the promise of both. The broker's own is `os` or `fsync`, or has nothing that could be synced: so it
 * is never weaker than `os`, nor stronger than `fsync`.
 */
export function strongest(left: EntryDurability, right: EntryDurability): EntryDurability {
  if (left === 'fsync' || right === 'fsync') return 'fsync'
  return left === 'os' && right === 'os' ? 'os' : undefined
}

/** The same of any number that become one; of none it is the weakest, because nobody is promised anything. */
export function strongestOf(asked: readonly EntryDurability[]): EntryDurability {
  return asked.reduce(strongest, 'os')
}

export function codeOfDurability(mode: DurabilityMode): number {
  return 1 + durabilityModes.indexOf(mode)
}

/** null for a code that is none. */
export function durabilityOfCode(code: number): DurabilityMode | null {
  return durabilityModes[code - 1] ?? null
}

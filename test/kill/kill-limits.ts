/** The two journals that are killed: one that rolls, recycles and cleans all the time, and one as it is used. */
import type { JournalLimits } from '../../src/journal/limits.ts'
import { tinyLimits } from '../journal/journal-world.ts'

export type KillScale = 'tiny' | 'default'

/** What differs between the scales: the journal's limits, and how large bodies get. */
export const killScales: Readonly<
  Record<KillScale, { limits: Partial<JournalLimits>; bodyBytesMax: number; snapshotEvery: number }>
> = {
  tiny: { limits: tinyLimits, bodyBytesMax: 400, snapshotEvery: 25 },
  default: { limits: {}, bodyBytesMax: 40_000, snapshotEvery: 60 },
}

/** A body that follows from its log and number, so that whoever reads it knows what it has to be. */
export function killBody(log: number, number: number, bodyBytesMax: number): Uint8Array {
  const mixed = Math.imul(number ^ (log << 20), 0x9e3779b1) >>> 0
  const body = new Uint8Array(mixed % (bodyBytesMax + 1))
  for (let index = 0; index < body.length; index++) body[index] = (mixed >>> (index % 24)) + index
  return body
}

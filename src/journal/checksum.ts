/** The checksum of the journal, and what it starts from. */
import { crc32c } from '@node-rs/crc32'
import type { Brand } from '../base/brand.ts'
import type { Identity } from './file-header.ts'

/** What the checksums of a directory's frames start from: never just any number. */
export type Seed = Brand<number, 'Seed'>

export const NO_SEED: Seed = 0 as Seed

/**
 * The checksum of [from, to), started from `seed`. Frames start from the directory's identity, which no client
 * knows: a body that imitates a frame is not taken for one when the search after damage meets it.
 */
export function checksum(
  bytes: Uint8Array,
  from: number,
  to: number,
  seed: Seed = NO_SEED,
): number {
  return crc32c(bytes.subarray(from, to), seed) >>> 0
}

export function seedOf(identity: Identity): Seed {
  return ((identity.low ^ identity.high) >>> 0) as Seed
}

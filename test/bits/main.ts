/**
 * Every single bit of a journal of 64 KiB, with and without a mark at its end, and of a snapshot of 64 KiB:
 * `node build/test/bits/main.js`, one process for each core; `npm test` does it to 8 KiB of each.
 */
import { KiB } from '../../src/base/bytes.ts'
import { proveInShares, shareOf } from '../crash/shares.ts'
import { bitsOf, describeFlips, type FlipCounts, flipOne, flipsIn, noFlips } from './flips.ts'
import { journalSubject, type Subject, snapshotSubject } from './subject.ts'

const BYTES = 64 * KiB
const FILES = 16 // of 4 KiB
const TOLD_EVERY = 500 // flips: about a second

type Part = {
  readonly subject: () => Promise<Subject>
  readonly files: (subject: Subject) => readonly string[]
}

const parts: readonly Part[] = [
  { subject: () => journalSubject(FILES, 'unmarked'), files: ({ files }) => files },
  { subject: () => journalSubject(FILES, 'marked'), files: ({ files }) => files },
  { subject: () => snapshotSubject(BYTES), files: ({ snapshots }) => ['format', ...snapshots] },
]

const bitsMin = parts.length * BYTES * 8

function sum(all: readonly FlipCounts[]): FlipCounts {
  const counts = noFlips()
  for (const one of all) {
    counts.refused += one.refused
    counts.cut += one.cut
    counts.passedOver += one.passedOver
    counts.harmless += one.harmless
  }
  return counts
}

await proveInShares<FlipCounts>({
  program: import.meta.filename,
  async work(share, tell) {
    const counts = noFlips()
    for (const { subject, files } of parts) {
      const made = await subject()
      for (const bit of shareOf(await bitsOf(made, files(made)), share)) {
        await flipOne(made, bit, counts)
        if (flipsIn(counts) % TOLD_EVERY === 0) tell(counts)
      }
    }
    tell(counts)
  },
  describe: (all) => `of at least ${bitsMin} bits: ${describeFlips(sum(all))}`,
  judge(all) {
    const counts = sum(all)
    if (flipsIn(counts) < bitsMin) throw new Error(`only ${flipsIn(counts)} bits`)
  },
})

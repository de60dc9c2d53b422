/** A part of the single bits as a test: which files of which subject, and what has to come of some of them. */
import assert from 'node:assert/strict'
import { longTest } from '../crash/long-test.ts'
import { type Share, shareOf } from '../crash/shares.ts'
import { bitsOf, describeFlips, type FlipCounts, flipOne, flipsIn, noFlips } from './flips.ts'
import type { Subject } from './subject.ts'

export type FlipShare = {
  readonly subject: () => Promise<Subject>
  readonly files: (subject: Subject) => readonly string[]
  /** Which of their bits; all without. */
  readonly share?: Share
  readonly bitsMin: number
  readonly comesTo: readonly (keyof FlipCounts)[]
}

export function flipTest(title: string, options: FlipShare): Promise<void> {
  const { subject, files, share = { share: 0, of: 1 }, bitsMin, comesTo } = options
  return longTest(title, async () => {
    const made = await subject()
    const counts = noFlips()
    const bits = shareOf(await bitsOf(made, files(made)), share)
    for (const bit of bits) await flipOne(made, bit, counts)
    assert.ok(flipsIn(counts) >= bitsMin, `only ${flipsIn(counts)} bits`)
    for (const outcome of comesTo) assert.ok(counts[outcome] > 0, `none came to '${outcome}'`)
    return describeFlips(counts)
  })
}

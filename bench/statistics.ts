/** The few statistics a benchmark is quoted with. Pure functions over fixed numbers; they never measure. */
import { assert } from '../src/base/assert.ts'

/** The median of some rounds, and the extremes it is quoted with. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

export function median(values: readonly number[]): number {
  assert(values.length > 0, 'the median of nothing')
  const sorted = values.toSorted((left, right) => left - right)
  const middle = sorted.length >> 1
  if (sorted.length % 2 === 1) return sorted[middle]!
  return (sorted[middle - 1]! + sorted[middle]!) / 2
}

export function spread(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) }
}

/** What was measured side by side is divided side by side: drift of the machine between rounds cancels out. */
export function pairRatios(above: readonly number[], below: readonly number[]): readonly number[] {
  assert(above.length === below.length, 'ratios are taken pair by pair')
  return above.map((value, round) => value / below[round]!)
}

/** How far apart two measurements of the same thing lie, as a share of the smaller; 0 when equal. */
export function difference(one: number, other: number): number {
  if (one === other) return 0
  const smaller = Math.min(Math.abs(one), Math.abs(other))
  return Math.abs(one - other) / smaller
}

/** Median distance from the median, as a share of the median: the noise within the rounds. */
export function relativeDeviation(values: readonly number[]): number {
  const middle = median(values)
  if (middle === 0) return 0
  return median(values.map((value) => Math.abs(value - middle))) / Math.abs(middle)
}

/**
 * The noise of one figure: the larger of the A/A difference (two runs of the very same thing, one after the
 * other) and the deviation within the rounds, because one pair alone may agree by luck.
 */
export function noiseOf(
  pairs: readonly (readonly [number, number])[],
  rounds: readonly number[],
): number {
  const apart = pairs.map(([one, other]) => difference(one, other))
  return Math.max(...apart, rounds.length > 1 ? relativeDeviation(rounds) : 0)
}

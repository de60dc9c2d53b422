/** The statistics on fixed numbers whose answers are known by hand. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { difference, median, noiseOf, pairRatios, relativeDeviation, spread } from './statistics.ts'

describe('the statistics', () => {
  it('take the middle of an odd count and the mean of the two middles of an even one', () => {
    assert.equal(median([3, 1, 2]), 2)
    assert.equal(median([4, 1, 3, 2]), 2.5)
    assert.throws(() => median([]), /median of nothing/)
  })

  it('quote a median with its extremes and leave the input in order', () => {
    const rounds = [30, 10, 20]
    assert.deepEqual(spread(rounds), { median: 20, min: 10, max: 30 })
    assert.deepEqual(rounds, [30, 10, 20])
  })

  it('divide round by round, so that a drift which touches both cancels out', () => {
    // The machine slows down tenfold between rounds; side by side one is always twice the other.
    assert.deepEqual(pairRatios([200, 20, 2], [100, 10, 1]), [2, 2, 2])
    assert.throws(() => pairRatios([1], [1, 2]), /pair by pair/)
  })

  it('measure a difference against the smaller, whichever way round', () => {
    assert.equal(difference(100, 110), 0.1)
    assert.equal(difference(110, 100), 0.1)
    assert.equal(difference(5, 5), 0)
    assert.equal(difference(0, 0), 0)
    assert.equal(difference(0, 1), Number.POSITIVE_INFINITY)
  })

  it('do not let one bad round speak for the deviation within the rounds', () => {
    assert.equal(relativeDeviation([100, 100, 100, 100, 10]), 0)
    assert.equal(relativeDeviation([90, 100, 110]), 0.1)
  })

  it('call noise the larger of the A/A difference and the deviation within the rounds', () => {
    assert.equal(noiseOf([[100, 125]], [90, 100, 110]), 0.25)
    assert.equal(noiseOf([[100, 100]], [90, 100, 110]), 0.1)
    assert.equal(noiseOf([[100, 100]], [100]), 0)
  })
})

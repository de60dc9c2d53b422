/** The latency recorder against exact quantiles of the same values. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Histogram } from './histogram.ts'

const ERROR_MAX: number = 1 + 1 / 128

function exactQuantile(values: readonly number[], fraction: number): number {
  const sorted = values.toSorted((left, right) => left - right)
  return sorted[Math.max(1, Math.ceil(fraction * sorted.length)) - 1]!
}

function recorded(values: readonly number[]): Histogram {
  const histogram = new Histogram()
  for (const value of values) histogram.record(value)
  return histogram
}

const latencies: fc.Arbitrary<number[]> = fc.array(
  fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
  { minLength: 1, maxLength: 500 },
)

describe('the latency recorder', () => {
  it('reports a quantile never too small and at most 1/128 too large', () => {
    // Not `fc.double`: doubles are drawn by their bits, so nearly all of them are next to 0.
    const fraction = fc.nat(1_000).map((thousandths) => thousandths / 1_000)
    fc.assert(
      fc.property(latencies, fraction, (values, at) => {
        const exact = exactQuantile(values, at)
        const told = recorded(values).quantileMs(at)
        assert.ok(told >= exact, `${told} < ${exact}`)
        assert.ok(told <= exact * ERROR_MAX, `${told} is too large for ${exact}`)
      }),
    )
  })

  it('finds the quantiles of a known ramp', () => {
    const ramp = recorded(Array.from({ length: 1_000 }, (_, index) => (index + 1) / 10))
    for (const [fraction, exact] of [
      [0.5, 50],
      [0.99, 99],
      [0.999, 99.9],
    ] as const) {
      const told = ramp.quantileMs(fraction)
      assert.ok(told >= exact && told <= exact * ERROR_MAX, `${fraction} is ${told}`)
    }
    assert.equal(ramp.quantileMs(1), 100)
    assert.equal(ramp.maxMs, 100)
    assert.equal(ramp.count, 1_000)
  })

  it('keeps values beyond its range, and zero, as the nearest it can hold', () => {
    const histogram = recorded([0, 1e9])
    assert.equal(histogram.count, 2)
    assert.equal(histogram.maxMs, 1e9)
    assert.ok(histogram.quantileMs(0.5) < 1e-5)
    assert.ok(histogram.quantileMs(1) > 2e6)
  })

  it('merges as if all values had been recorded in one place', () => {
    fc.assert(
      fc.property(latencies, latencies, (one, other) => {
        const merged = recorded(one)
        merged.merge(structuredClone(recorded(other).state()))
        assert.deepEqual(merged.state(), recorded([...one, ...other]).state())
        assert.equal(merged.count, one.length + other.length)
      }),
    )
  })

  it('refuses to give a quantile of nothing', () => {
    assert.throws(() => new Histogram().quantileMs(0.5), /empty histogram/)
  })
})

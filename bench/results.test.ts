/** What a baseline becomes when a part of its area is measured anew, on fixed results. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { UsageError } from './options.ts'
import { type AreaResults, replaceResults } from './results.ts'
import { sampleReport, sampleResults, sampleRuns, sampleWorkload } from './samples.ts'

/** Results of these workloads, each as fast as is said. */
function measured(rates: Record<string, number>, commit: string): AreaResults {
  const runs = Object.entries(rates).map(([name, rate]) =>
    sampleRuns(sampleWorkload({ name }), { ours: [sampleReport(rate)] }),
  )
  return sampleResults(runs, { commit })
}

function ratesIn({ results }: AreaResults): unknown[] {
  return results.map(({ summary, commit }) => [
    summary.name,
    summary.variants[0]?.figures.perSecond?.median,
    commit,
  ])
}

describe('a baseline of which a part is measured anew', () => {
  const baseline = measured({ one: 100, two: 200, three: 300 }, 'old')

  it('keeps the order and what was not measured, and says which commit each is of', () => {
    const replaced = replaceResults(baseline, measured({ four: 40, two: 20 }, 'new'))
    assert.deepEqual(ratesIn(replaced), [
      ['one', 100, 'old'],
      ['two', 20, 'new'],
      ['three', 300, 'old'],
      ['four', 40, 'new'],
    ])
    assert.equal(replaced.machine.commit, 'old')
  })

  it('is not mixed with another machine, nor with fewer rounds', () => {
    const part = measured({ two: 20 }, 'new')
    const elsewhere = { ...part, machine: { ...part.machine, cpu: 'Other CPU' } }
    assert.throws(() => replaceResults(baseline, elsewhere), UsageError)
    assert.throws(() => replaceResults(baseline, { ...part, rounds: 2 }), UsageError)
  })
})

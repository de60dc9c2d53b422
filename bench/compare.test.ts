/** What counts as a regression, on fixed results. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { compareResults, describeCompared, isRegression } from './compare.ts'
import type { Report } from './protocol.ts'
import { sampleReport, sampleResults, sampleRuns, sampleWorkload } from './samples.ts'

const workload = sampleWorkload()

function compared(
  now: { readonly [variant: string]: readonly Report[] },
  before: { readonly [variant: string]: readonly Report[] },
  options: { readonly noise?: number; readonly cpu?: string } = {},
): ReturnType<typeof compareResults> {
  const pair = [sampleReport(1_000), sampleReport(1_000 * (1 + (options.noise ?? 0)))] as const
  return compareResults(
    sampleResults([sampleRuns(workload, now, [pair])], { cpu: options.cpu ?? 'Sample CPU' }),
    sampleResults([sampleRuns(workload, before, [pair])]),
    [workload],
  )
}

const rate = (perSecond: number): readonly Report[] => [sampleReport(perSecond)]

describe('a comparison with the baseline', () => {
  it('finds nothing where nothing changed', () => {
    const same = compared({ ours: rate(1_000) }, { ours: rate(1_000) })
    assert.deepEqual(same.changes, [])
    assert.ok(same.count > 0)
    assert.equal(isRegression(same), false)
  })

  it('flags what is more than a tenth worse, and praises what is better', () => {
    const slower = compared({ ours: rate(880) }, { ours: rate(1_000) })
    assert.equal(isRegression(slower), true)
    // CPU per operation rises with the same CPU over fewer operations.
    assert.deepEqual(
      slower.changes.map(({ kind, what }) => `${kind} ${what}`),
      ['worse ours: ops/s', 'worse ours: CPU s/M'],
    )
    assert.equal(isRegression(compared({ ours: rate(920) }, { ours: rate(1_000) })), false)
    const faster = compared({ ours: rate(1_200) }, { ours: rate(1_000) })
    assert.equal(isRegression(faster), false)
    assert.ok(faster.changes.every(({ kind }) => kind === 'better'))
  })

  it('adds the noise to the tenth', () => {
    const now = { ours: rate(800) }
    const before = { ours: rate(1_000) }
    assert.equal(isRegression(compared(now, before, { noise: 0.1 })), true)
    assert.equal(isRegression(compared(now, before, { noise: 0.2 })), false)
  })

  it('compares ratios alone when the baseline is from another machine', () => {
    const now = { ours: rate(500), loop: rate(500) }
    const slowMachine = compared(now, { ours: rate(1_000), loop: rate(1_000) }, { cpu: 'Other' })
    assert.deepEqual(slowMachine.changes, [])
    assert.match(describeCompared(slowMachine).join('\n'), /another machine: only ratios count/)
    const slowProgram = compared(now, { ours: rate(1_000), loop: rate(500) }, { cpu: 'Other' })
    assert.deepEqual(
      slowProgram.changes.map(({ kind, what }) => `${kind} ${what}`),
      ['worse ratio to loop'],
    )
  })

  it('flags what was measured and is not any more, but not a rival that is missing here', () => {
    const before = { ours: rate(1_000), rival: rate(500) }
    assert.equal(isRegression(compared({ ours: rate(1_000) }, before)), false)
    const gone = compared({ rival: rate(500) }, before)
    assert.equal(isRegression(gone), true)
    assert.ok(gone.changes.every(({ kind }) => kind === 'gone'))
  })

  it('does not flag a latency that grew by less than anyone can measure', () => {
    const latency = { count: 1, p50Ms: 0.01, p90Ms: 0.01, p99Ms: 0.05, p999Ms: 1, maxMs: 1 }
    const twice = { ...latency, p50Ms: 0.02, p99Ms: 0.1, maxMs: 2 }
    const result = compared(
      { ours: [sampleReport(1_000, { latency: twice })] },
      { ours: [sampleReport(1_000, { latency })] },
    )
    assert.deepEqual(result.changes, [])
  })

  it('knows which way a figure of the workload itself should go', () => {
    const own = sampleWorkload({ figures: [{ name: 'amplification', better: 'lower' }] })
    const results = (amplification: number): ReturnType<typeof sampleResults> =>
      sampleResults([sampleRuns(own, { ours: [sampleReport(1, { figures: { amplification } })] })])
    const worse = compareResults(results(2), results(1), [own])
    assert.deepEqual(
      worse.changes.map(({ kind, what, text }) => `${kind} ${what} ${text}`),
      ['worse ours: amplification 2, was 1: worse by 100.0%, noise 0.0%'],
    )
  })
})

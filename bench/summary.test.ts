/** Medians, ratios, noise and verdicts on runs whose answers are known by hand. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sampleLoaded, sampleReport, sampleRuns, sampleWorkload } from './samples.ts'
import { type Runs, summarise } from './summary.ts'
import {
  anyOf,
  atLeast,
  atLeastMegabytesPerSecond,
  atLeastPerSecond,
  atMost,
  atMostTimes,
  ownAtLeast,
  ownAtMost,
  p99AtMostMs,
  ratioTo,
  type Target,
} from './target.ts'
import { judge, type Verdict, verdictInWords } from './verdict.ts'

const three = [sampleReport(900), sampleReport(1_000), sampleReport(1_200)]
const half = [sampleReport(450), sampleReport(500), sampleReport(600)]

function judged(target: Target, runs: (workload: Runs['workload']) => Runs): Verdict {
  const made = runs(sampleWorkload({ targets: [target] }))
  const [verdict] = judge(made, summarise(made))
  assert.ok(verdict !== undefined)
  return verdict
}

describe('a summary', () => {
  it('quotes the median of the rounds with the extremes', () => {
    const { variants } = summarise(sampleRuns(sampleWorkload(), { ours: three }))
    assert.deepEqual(variants[0]?.figures.perSecond, { median: 1_000, min: 900, max: 1_200 })
    assert.equal(variants[0].figures.megabytesPerSecond?.median, 0.1)
    assert.equal(variants[0].figures.cpuPerMillion?.median, 500)
    assert.deepEqual([variants[1]?.state, variants[1]?.why], ['not-run', 'loop is not installed'])
  })

  it('compares round by round', () => {
    const { comparisons } = summarise(sampleRuns(sampleWorkload(), { ours: three, loop: half }))
    const ratio = { median: 2, min: 2, max: 2 }
    assert.deepEqual(comparisons, [{ to: 'loop', by: 'perSecond', ratio, noise: null }])
  })

  it('compares CPU per operation where the load client was the limit, and says so', () => {
    // Ours did the same rate for a quarter of the CPU, but its client could send no faster.
    const runs = sampleRuns(sampleWorkload(), {
      ours: [sampleLoaded(1_000, 0.2, 0.97)],
      rival: [sampleLoaded(1_000, 0.8, 0.5)],
    })
    const { comparisons, variants } = summarise(runs)
    assert.equal(variants[0]?.limitedBy, 'load-client')
    assert.equal(variants[2]?.limitedBy, 'itself')
    const ratio = { median: 4, min: 4, max: 4 }
    assert.deepEqual(comparisons, [{ to: 'rival', by: 'cpuPerMillion', ratio, noise: null }])
  })

  it('takes the noise of every figure from the A/A pair', () => {
    const pairs = [[sampleReport(1_000), sampleReport(1_100)]] as const
    const { noise } = summarise(
      sampleRuns(sampleWorkload(), { ours: [sampleReport(1_000)] }, pairs),
    )
    assert.equal(noise.perSecond, 0.1)
    assert.equal(noise.p99Ms, 0)
    assert.deepEqual(summarise(sampleRuns(sampleWorkload(), { ours: three })).noise, {})
  })

  it('calls a ratio as noisy as its rounds, if the A/A pair is quieter', () => {
    const pairs = [[sampleReport(1_000), sampleReport(1_000)]] as const
    const reports = {
      ours: [900, 1_000, 1_100].map((n) => sampleReport(n)),
      loop: [1_000, 1_000, 1_000].map((n) => sampleReport(n)),
    }
    const { comparisons } = summarise(sampleRuns(sampleWorkload(), reports, pairs))
    assert.ok(Math.abs((comparisons[0]?.noise ?? 0) - 0.1) < 1e-9)
  })

  it('takes a byte for what it is where bytes are counted', () => {
    const workload = sampleWorkload({ unit: 'bytes', payloadBytes: 65_536 })
    const { variants } = summarise(sampleRuns(workload, { ours: [sampleReport(5e6)] }))
    assert.equal(variants[0]?.figures.megabytesPerSecond?.median, 5)
  })

  it('leaves out a figure that is missing in any round', () => {
    const runs = sampleRuns(sampleWorkload(), {
      ours: [sampleReport(1_000), sampleReport(1_000, { latency: null })],
    })
    assert.equal(summarise(runs).variants[0]?.figures.p99Ms, undefined)
  })
})

describe('a verdict', () => {
  it('is met at the bound and missed beyond it', () => {
    const ours = (workload: Runs['workload']): Runs => sampleRuns(workload, { ours: three })
    assert.equal(judged(atLeastPerSecond(1_000), ours).outcome, 'met')
    assert.equal(judged(atLeastPerSecond(1_001), ours).outcome, 'missed')
    assert.equal(judged(p99AtMostMs(4), ours).outcome, 'met')
    assert.equal(judged(p99AtMostMs(3.9), ours).outcome, 'missed')
    assert.equal(judged(atMost('cpuShare', 0), ours).outcome, 'missed')
    assert.equal(judged(atLeast('cpuShare', 0.5), ours).outcome, 'met')
  })

  it('holds a ratio against its variant, and is unmeasured without it', () => {
    const both = (workload: Runs['workload']): Runs =>
      sampleRuns(workload, { ours: three, loop: half })
    assert.equal(judged(ratioTo('loop').atLeast(2), both).outcome, 'met')
    assert.equal(judged(ratioTo('loop').atLeast(2.1), both).outcome, 'missed')
    const absent = judged(ratioTo('rival').atLeast(10), both)
    assert.equal(absent.outcome, 'unmeasured')
    assert.match(absent.found, /rival is not installed/)
  })

  it('holds a latency against so many times another variant plus a constant', () => {
    const slower = sampleReport(1, {
      latency: { count: 1, p50Ms: 1, p90Ms: 2, p99Ms: 8.3, p999Ms: 9, maxMs: 9 },
    })
    const runs = (workload: Runs['workload']): Runs =>
      sampleRuns(workload, { ours: [slower], loop: [sampleReport(1)] })
    const bound = { factor: 2, of: 'loop' }
    assert.equal(judged(atMostTimes('p99Ms', { ...bound, plus: 0.3 }), runs).outcome, 'met')
    assert.equal(judged(atMostTimes('p99Ms', { ...bound, plus: 0.2 }), runs).outcome, 'missed')
  })

  it('of "any of" is met when one is', () => {
    const both = (workload: Runs['workload']): Runs =>
      sampleRuns(workload, { ours: three, loop: three })
    const fast = atLeastMegabytesPerSecond(800)
    const verdict = judged(anyOf(fast, ratioTo('loop').atLeast(0.8)), both)
    assert.equal(verdict.outcome, 'met')
    assert.match(verdict.target, /MB\/s at least 800, or ratio to loop at least 0.80x/)
    assert.equal(judged(anyOf(fast, ratioTo('loop').atLeast(2)), both).outcome, 'missed')
    assert.equal(judged(anyOf(fast, ratioTo('rival').atLeast(2)), both).outcome, 'unmeasured')
  })

  it('says when the noise could turn it around', () => {
    const pairs = [[sampleReport(1_000), sampleReport(1_100)]] as const
    const runs = (workload: Runs['workload']): Runs =>
      sampleRuns(workload, { ours: [sampleReport(1_000)] }, pairs)
    const close = judged(atLeastPerSecond(950), runs)
    assert.equal(verdictInWords(close), 'met within noise (A/A 10.0%)')
    assert.equal(verdictInWords(judged(atLeastPerSecond(500), runs)), 'met (A/A 10.0%)')
  })

  it('does not call a rate missed that the load client was too slow to show', () => {
    const runs = (workload: Runs['workload']): Runs =>
      sampleRuns(workload, { ours: [sampleLoaded(1_000, 0.2, 0.97)] })
    assert.equal(judged(atLeastPerSecond(2_000), runs).outcome, 'unmeasured')
    assert.equal(judged(atLeastPerSecond(900), runs).outcome, 'met')
  })

  it('judges a figure of the workload itself', () => {
    const figures = [{ name: 'writeAmplification', better: 'lower' }] as const
    const targets = [ownAtMost('writeAmplification', 2), ownAtLeast('writeAmplification', 1.5)]
    const workload = sampleWorkload({ figures, targets })
    const runs = sampleRuns(workload, {
      ours: [sampleReport(1, { figures: { writeAmplification: 1.4 } })],
    })
    const verdicts = judge(runs, summarise(runs))
    assert.deepEqual(
      verdicts.map(({ outcome, found }) => `${outcome} ${found}`),
      ['met 1.40', 'missed 1.40'],
    )
  })
})

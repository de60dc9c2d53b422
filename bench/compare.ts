/**
 * This run against the committed baseline: every figure of ours and every ratio. A change counts when it is
 * more than 10% beyond the noise of both. Pure.
 */
import { formatFigure, formatRatio, formatShare, labelOf } from './format.ts'
import { sameMachine } from './machine.ts'
import { type Better, METRICS, type MetricName } from './metrics.ts'
import type { AreaResults, Result } from './results.ts'
import { difference, type Spread } from './statistics.ts'
import type { Comparison, Summary, VariantSummary } from './summary.ts'
import type { Workload } from './workload.ts'

export interface Change {
  readonly workload: string
  /** `ours: ops/s`, or `ratio to rabbitmq`. */
  readonly what: string
  readonly kind: 'worse' | 'better' | 'gone'
  /** `1.20 M, was 1.50 M: worse by 25.0%, noise 3.0%`. */
  readonly text: string
}

export interface Compared {
  readonly changes: readonly Change[]
  /** Figures that were looked at. */
  readonly count: number
  /** What could not be compared, and why. */
  readonly notes: readonly string[]
}

const CHANGE_SHARE_MIN = 0.1 // below it no two weeks of a shared machine agree

/** Figures that say how fast and how dear; the rest follows from them or belongs to the client. */
const COMPARED: readonly MetricName[] = [
  'perSecond',
  'seconds',
  'p50Ms',
  'p99Ms',
  'cpuPerMillion',
  'cpuShare',
  'peakRssBytes',
  'loopP99Ms',
  'loopMaxMs',
]

export function compareResults(
  now: AreaResults,
  baseline: AreaResults,
  workloads: readonly Workload[],
): Compared {
  const changes: Change[] = []
  const notes: string[] = []
  let count = 0
  const scope = sameMachine(now.machine, baseline.machine) ? 'all' : 'ratios'
  if (scope === 'ratios') notes.push('the baseline is from another machine: only ratios count')
  for (const result of now.results) {
    const { name } = result.summary
    const before = baseline.results.find((one) => one.summary.name === name)
    if (before === undefined) {
      notes.push(`${name}: not in the baseline`)
      continue
    }
    const own = workloads.find((workload) => workload.name === name)?.figures ?? []
    const checks = [
      ...(scope === 'all' ? figureChecks(result, before, new Map(own.map(ownBetter))) : []),
      ...ratioChecks(result, before),
    ]
    count += checks.length
    changes.push(...checks.flatMap((check) => changeOf(name, check)))
  }
  return { changes, count, notes }
}

const ownBetter = (own: { readonly name: string; readonly better: Better }): [string, Better] => [
  `own:${own.name}`,
  own.better,
]

/** One figure, before and now. `null` now: it was measured before and is not any more. */
interface Check {
  readonly what: string
  readonly better: Better
  readonly before: number
  readonly now: number | null
  readonly noise: number
  readonly changeMin: number
  readonly format: (value: number) => string
}

function changeOf(workload: string, check: Check): readonly Change[] {
  const { what, better, before, now, noise, format } = check
  if (now === null) {
    return [{ workload, what, kind: 'gone', text: `not measured, was ${format(before)}` }]
  }
  const apart = difference(before, now) // a share of the smaller, as the noise is
  if (apart <= CHANGE_SHARE_MIN + noise || Math.abs(now - before) <= check.changeMin) return []
  const kind = now > before === (better === 'higher') ? 'better' : 'worse'
  const by = `${kind} by ${formatShare(apart)}, noise ${formatShare(noise)}`
  return [{ workload, what, kind, text: `${format(now)}, was ${format(before)}: ${by}` }]
}

function figureChecks(
  result: Result,
  baseline: Result,
  own: ReadonlyMap<string, Better>,
): readonly Check[] {
  const noises = noisesOf(result.summary, baseline.summary)
  return baseline.summary.variants
    .filter((variant) => variant.role === 'ours' && variant.state === 'measured')
    .flatMap((before) => {
      const now = result.summary.variants.find((variant) => variant.name === before.name)
      return [...COMPARED, ...own.keys()].flatMap((key) => {
        const spread = before.figures[key]
        if (spread === undefined) return []
        return [figureCheck({ key, own, before, spread, now, noise: noises(key) })]
      })
    })
}

function figureCheck(options: {
  readonly key: string
  readonly own: ReadonlyMap<string, Better>
  readonly before: VariantSummary
  readonly spread: Spread
  readonly now: VariantSummary | undefined
  readonly noise: number
}): Check {
  const { key, own, before, spread, now, noise } = options
  const ownDirection = own.get(key)
  const { better, changeMin } =
    ownDirection === undefined ? METRICS[key as MetricName] : { better: ownDirection, changeMin: 0 }
  return {
    what: `${before.name}: ${labelOf(key)}`,
    better,
    before: spread.median,
    now: now?.figures[key]?.median ?? null,
    noise,
    changeMin,
    format: (value) => formatFigure(key, value),
  }
}

function ratioChecks(result: Result, baseline: Result): readonly Check[] {
  return baseline.summary.comparisons.flatMap((before) => {
    const now = result.summary.comparisons.find((one) => one.to === before.to)
    if (!isComparable(before, now, result.summary)) return []
    return [
      {
        what: `ratio to ${before.to}`,
        better: 'higher' as const,
        before: before.ratio.median,
        now: now?.ratio.median ?? null,
        noise: Math.max(before.noise ?? 0, now?.noise ?? 0),
        changeMin: 0,
        format: formatRatio,
      },
    ]
  })
}

/** A rival that is not installed here is no regression of ours; nor is a ratio of another kind. */
function isComparable(before: Comparison, now: Comparison | undefined, summary: Summary): boolean {
  const other = summary.variants.find((variant) => variant.name === before.to)
  if (other === undefined || other.state === 'not-run') return false
  return now === undefined || now.by === before.by
}

/** The larger noise of the two runs; 0 where none was measured, so that quick runs are held to the bare 10%. */
function noisesOf(now: Summary, before: Summary): (key: string) => number {
  return (key) => Math.max(now.noise[key] ?? 0, before.noise[key] ?? 0)
}

export function describeCompared(compared: Compared): readonly string[] {
  const { changes, count, notes } = compared
  const of = (kind: Change['kind']): number => changes.filter((one) => one.kind === kind).length
  return [
    ...notes.map((note) => `note: ${note}`),
    ...changes.map(({ kind, workload, what, text }) => `${kind}: ${workload}, ${what} ${text}`),
    `${count} figures compared: ${of('worse')} worse, ${of('gone')} gone, ${of('better')} better`,
  ]
}

/** Whether the comparison ends the command with an error. */
export function isRegression(compared: Compared): boolean {
  return compared.changes.some((change) => change.kind !== 'better')
}

/** The columns of every table, printed or published: one heading and one cell each. Pure. */
import {
  formatBytes,
  formatCount,
  formatFigure,
  formatMs,
  formatRatio,
  formatShare,
  formatSpread,
} from './format.ts'
import type { Comparison, Summary, VariantSummary } from './summary.ts'

export interface Column {
  readonly heading: string
  cell(variant: VariantSummary, summary: Summary): string
}

const NOTHING = '-'
const OTHERS_CORES_QUIET = 0.1 // the runner and the system's own housekeeping

function medianOf(variant: VariantSummary, key: string): string {
  const spread = variant.figures[key]
  return spread === undefined ? NOTHING : formatFigure(key, spread.median)
}

/** The subject against this variant: `8.31x (8.05x–8.60x)`. */
export function formatComparison(comparison: Comparison): string {
  const of = comparison.by === 'cpuPerMillion' ? ' by CPU' : ''
  return formatSpread(comparison.ratio, formatRatio) + of
}

export const COLUMNS: readonly Column[] = [
  { heading: 'variant', cell: (variant) => variant.name },
  {
    heading: 'per second',
    cell: ({ figures: { perSecond } }) =>
      perSecond === undefined ? NOTHING : formatSpread(perSecond, formatCount),
  },
  { heading: 'MB/s', cell: (variant) => medianOf(variant, 'megabytesPerSecond') },
  { heading: 'p50 ms', cell: (variant) => medianOf(variant, 'p50Ms') },
  { heading: 'p99 ms', cell: (variant) => medianOf(variant, 'p99Ms') },
  { heading: 'CPU s/M', cell: (variant) => medianOf(variant, 'cpuPerMillion') },
  { heading: 'load CPU s/M', cell: (variant) => medianOf(variant, 'loadCpuPerMillion') },
  { heading: 'peak RSS', cell: (variant) => medianOf(variant, 'peakRssBytes') },
  {
    heading: 'loop p99/max ms',
    cell: ({ figures: { loopP99Ms, loopMaxMs } }) =>
      loopP99Ms === undefined || loopMaxMs === undefined
        ? NOTHING
        : `${formatMs(loopP99Ms.median)}/${formatMs(loopMaxMs.median)}`,
  },
  {
    heading: 'ours is',
    cell: (variant, summary) => {
      const comparison = summary.comparisons.find((one) => one.to === variant.name)
      return comparison === undefined ? NOTHING : formatComparison(comparison)
    },
  },
]

/** `fsync`, payload, in-flight and unit: what the figures of a workload are figures of. */
export function describeWork(summary: Summary): readonly string[] {
  const { durability, payloadBytes, inFlight, unit } = summary
  return [
    durability,
    ...(payloadBytes > 0 ? [formatBytes(payloadBytes)] : []),
    ...(inFlight > 0 ? [`${formatCount(inFlight)} in flight`] : []),
    unit,
  ]
}

/** The A/A noise, and who else was busy if anyone was: the two reasons not to believe a figure. */
export function describeNoise(summary: Summary): string {
  const { perSecond, cpuShare } = summary.noise
  const share = perSecond ?? cpuShare
  const noise = share === undefined ? 'A/A noise unmeasured' : `A/A noise ${formatShare(share)}`
  const others = Math.max(...summary.variants.map((v) => v.figures.othersCores?.median ?? 0))
  return others > OTHERS_CORES_QUIET ? `${noise}, others used ${others.toFixed(1)} cores` : noise
}

/** What a reader must know before comparing a row: why it is missing, its version, settings, mode, and limits. */
export function describeVariant(variant: VariantSummary, summary: Summary): string {
  if (variant.state === 'not-run') return `not run: ${variant.why}`
  if (variant.state === 'failed') return `FAILED: ${variant.why}`
  const loadShare = variant.figures.loadCoreShare?.median ?? 0
  return [
    variant.version,
    variant.settings,
    variant.durability === summary.durability ? '' : `durability ${variant.durability}`,
    variant.limitedBy === 'load-client'
      ? `the load client used ${formatShare(loadShare)} of a core: CPU s/M is compared instead`
      : '',
  ]
    .filter((part) => part !== '')
    .join('; ')
}

/** The workload's own figures of one variant: `writeAmplification 1.42`. */
export function describeOwnFigures(variant: VariantSummary): readonly string[] {
  return Object.entries(variant.figures).flatMap(([key, spread]) =>
    key.startsWith('own:') && spread !== undefined
      ? [`${key.slice('own:'.length)} ${formatSpread(spread, formatCount)}`]
      : [],
  )
}

/** What is derived from a child's report: the figures that tables, targets and comparisons speak of, by name. */
import type { Report } from './protocol.ts'

export type MetricName =
  | 'perSecond'
  | 'megabytesPerSecond'
  | 'seconds'
  | 'p50Ms'
  | 'p99Ms'
  | 'maxMs'
  | 'cpuPerMillion'
  | 'loadCpuPerMillion'
  | 'cpuShare'
  | 'loadCoreShare'
  | 'othersCores'
  | 'peakRssBytes'
  | 'loopP99Ms'
  | 'loopMaxMs'

export type Better = 'higher' | 'lower'

interface Metric {
  readonly label: string
  readonly better: Better
  /** A change smaller than this is not called a regression, however large its share. */
  readonly changeMin: number
  readonly of: (report: Report, work: MeasuredWork) => number | null
}

/** What of a workload the figures depend on. */
export interface MeasuredWork {
  readonly unit: string
  readonly payloadBytes: number
  readonly length: { readonly kind: 'seconds' | 'operations' }
}

function metric(
  label: string,
  options: { readonly better: Better; readonly changeMin: number },
  of: Metric['of'],
): Metric {
  return { label, ...options, of }
}

const MILLION = 1e6
const MEGABYTE = 1e6 // MB is a million bytes, as disks and networks are sold

const operationsPerSecond = (report: Report): number | null =>
  report.operations === 0 ? null : report.operations / report.seconds

const perMillion = (cpuSeconds: number | null, operations: number): number | null =>
  cpuSeconds === null || operations === 0 ? null : (cpuSeconds / operations) * MILLION

export const METRICS: { readonly [Name in MetricName]: Metric } = {
  perSecond: metric('ops/s', { better: 'higher', changeMin: 0 }, operationsPerSecond),
  megabytesPerSecond: metric('MB/s', { better: 'higher', changeMin: 0 }, (report, work) => {
    const perSecond = operationsPerSecond(report)
    const bytes = work.unit === 'bytes' ? 1 : work.payloadBytes
    return perSecond === null || bytes === 0 ? null : (perSecond * bytes) / MEGABYTE
  }),
  seconds: metric(
    'seconds',
    { better: 'lower', changeMin: 0.01 }, // scheduling alone
    (report, work) => (work.length.kind === 'operations' ? report.seconds : null),
  ),
  p50Ms: metric(
    'p50 ms',
    { better: 'lower', changeMin: 0.02 }, // one wake-up of a thread
    (report) => report.latency?.p50Ms ?? null,
  ),
  p99Ms: metric(
    'p99 ms',
    { better: 'lower', changeMin: 0.1 }, // one young-generation collection
    (report) => report.latency?.p99Ms ?? null,
  ),
  maxMs: metric(
    'max ms',
    { better: 'lower', changeMin: 5 }, // one time slice lost to another process
    (report) => report.latency?.maxMs ?? null,
  ),
  cpuPerMillion: metric('CPU s/M', { better: 'lower', changeMin: 0 }, (report) =>
    perMillion(report.subject.cpuSeconds, report.operations),
  ),
  loadCpuPerMillion: metric('load CPU s/M', { better: 'lower', changeMin: 0 }, (report) =>
    perMillion(report.load?.cpuSeconds ?? null, report.operations),
  ),
  cpuShare: metric(
    'CPU share',
    { better: 'lower', changeMin: 0.01 }, // the meter's own timers
    (report) =>
      report.subject.cpuSeconds === null ? null : report.subject.cpuSeconds / report.seconds,
  ),
  loadCoreShare: metric(
    'load core share',
    { better: 'lower', changeMin: 0 },
    (report) => report.load?.coreShareMax ?? null,
  ),
  othersCores: metric(
    'cores used by others',
    { better: 'lower', changeMin: 0 },
    (report) => report.othersCores,
  ),
  peakRssBytes: metric(
    'peak RSS',
    { better: 'lower', changeMin: 8 * 1024 * 1024 }, // one semi-space more or less
    (report) => report.subject.peakRssBytes,
  ),
  loopP99Ms: metric(
    'loop p99 ms',
    { better: 'lower', changeMin: 2 }, // the resolution of the monitor
    (report) => report.subject.loop?.p99Ms ?? null,
  ),
  loopMaxMs: metric(
    'loop max ms',
    { better: 'lower', changeMin: 5 }, // one time slice lost to another process
    (report) => report.subject.loop?.maxMs ?? null,
  ),
}

export const METRIC_NAMES: readonly MetricName[] = Object.keys(METRICS) as MetricName[]

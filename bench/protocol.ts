/**
 * What the runner and its child processes say to each other: one request down (an argument), one answer
 * up (a message). Everything that comes up is checked here; nothing else reads it.
 */

/** How long a measured section lasts: so many seconds, or so many operations. */
export type Length =
  | { readonly kind: 'seconds'; readonly warmUp: number; readonly measured: number }
  | { readonly kind: 'operations'; readonly warmUp: number; readonly measured: number }

/** `quick` is one short round that shows the workload still runs; its numbers mean nothing. */
export type Effort = 'full' | 'quick'

/** What a child is asked to run. */
export interface Request {
  /** URL of the compiled workload file. */
  readonly module: string
  readonly workload: string
  readonly variant: string
  readonly effort: Effort
  /** An empty directory on the disk under test, removed afterwards. */
  readonly directory: string
}

export interface LatencyReport {
  readonly count: number
  readonly p50Ms: number
  readonly p90Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
  readonly maxMs: number
}

/** How late the event loop was, beyond the monitor's own interval. */
export interface LoopReport {
  readonly p99Ms: number
  readonly maxMs: number
}

/** What a set of processes used during the measured section; `null` is what could not be seen. */
export interface UsageReport {
  readonly cpuSeconds: number | null
  readonly peakRssBytes: number | null
  readonly loop: LoopReport | null
}

/** What the load client used where it is not the subject itself. */
export interface LoadReport extends UsageReport {
  /** Share of one core of the busiest load process. */
  readonly coreShareMax: number | null
}

/** One measured section of one variant. */
export interface Report {
  /** Acknowledged operations, and only those. */
  readonly operations: number
  readonly seconds: number
  readonly latency: LatencyReport | null
  readonly subject: UsageReport
  readonly load: LoadReport | null
  /** Cores that programs outside this run kept busy meanwhile: disturbance, not cost. */
  readonly othersCores: number | null
  /** Figures that only this workload knows, by the names it declared. */
  readonly figures: { readonly [name: string]: number }
}

export type Answer =
  | { readonly kind: 'report'; readonly report: Report }
  | { readonly kind: 'failed'; readonly message: string }

/** Thrown when what a child said is not an answer. */
export class BadAnswer extends Error {
  override readonly name = 'BadAnswer'
  readonly code = 'BENCH_BAD_ANSWER'
}

type Fields = { readonly [name: string]: unknown }

export function parseAnswer(value: unknown): Answer {
  const fields = parseFields(value, 'answer')
  if (fields.kind === 'failed' && typeof fields.message === 'string') {
    return { kind: 'failed', message: fields.message }
  }
  if (fields.kind !== 'report') throw new BadAnswer(`kind is ${show(fields.kind)}`)
  return { kind: 'report', report: parseReport(fields.report) }
}

function parseReport(value: unknown): Report {
  const fields = parseFields(value, 'report')
  const seconds = parseNumber(fields, 'seconds')
  if (seconds === 0) throw new BadAnswer('seconds is 0')
  const figures = parseFields(fields.figures, 'figures')
  const load = fields.load
  return {
    operations: parseNumber(fields, 'operations'),
    seconds,
    latency: fields.latency === null ? null : parseLatency(fields.latency),
    subject: parseUsage(fields.subject, 'subject'),
    load: load === null ? null : parseLoad(load),
    othersCores: parseNumberOrNull(fields, 'othersCores'),
    figures: Object.fromEntries(Object.keys(figures).map((n) => [n, parseFinite(figures, n)])),
  }
}

function parseLatency(value: unknown): LatencyReport {
  const fields = parseFields(value, 'latency')
  return {
    count: parseNumber(fields, 'count'),
    p50Ms: parseNumber(fields, 'p50Ms'),
    p90Ms: parseNumber(fields, 'p90Ms'),
    p99Ms: parseNumber(fields, 'p99Ms'),
    p999Ms: parseNumber(fields, 'p999Ms'),
    maxMs: parseNumber(fields, 'maxMs'),
  }
}

export function parseUsage(value: unknown, name: string): UsageReport {
  const fields = parseFields(value, name)
  return {
    cpuSeconds: parseNumberOrNull(fields, 'cpuSeconds'),
    peakRssBytes: parseNumberOrNull(fields, 'peakRssBytes'),
    loop: fields.loop === null ? null : parseLoop(fields.loop),
  }
}

function parseLoop(value: unknown): LoopReport {
  const fields = parseFields(value, 'loop')
  return { p99Ms: parseNumber(fields, 'p99Ms'), maxMs: parseNumber(fields, 'maxMs') }
}

function parseLoad(value: unknown): LoadReport {
  const coreShareMax = parseNumberOrNull(parseFields(value, 'load'), 'coreShareMax')
  return { ...parseUsage(value, 'load'), coreShareMax }
}

/** The members of an object that came from outside. */
export function parseFields(value: unknown, name: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new BadAnswer(`${name} is ${show(value)}, not an object`)
  }
  return value as Fields
}

/** A number that came from outside: finite and not negative. */
export function parseNumber(fields: Fields, name: string): number {
  const value = parseFinite(fields, name)
  if (value < 0) throw new BadAnswer(`${name} is ${value}`)
  return value
}

export function parseNumberOrNull(fields: Fields, name: string): number | null {
  return fields[name] === null ? null : parseNumber(fields, name)
}

function parseFinite(fields: Fields, name: string): number {
  const value = fields[name]
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw new BadAnswer(`${name} is ${show(value)}, not a number`)
  }
  return value
}

function show(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return text.length > 80 ? `${text.slice(0, 77)}...` : text // enough to recognise it
}

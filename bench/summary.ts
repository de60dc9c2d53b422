/**
 * Turns the reports of one workload's runs into what is printed, compared and committed: plain data, one
 * median and two extremes a figure. It never measures and never judges.
 */
import { assert } from '../src/base/assert.ts'
import { METRIC_NAMES, METRICS } from './metrics.ts'
import type { Report } from './protocol.ts'
import { noiseOf, pairRatios, relativeDeviation, type Spread, spread } from './statistics.ts'
import type { Durability, Role, Unit, Variant, Workload } from './workload.ts'

/** How a variant fared: its reports in the order of the rounds, or why there are none. */
export type Outcome =
  | { readonly kind: 'measured'; readonly version: string; readonly reports: readonly Report[] }
  | { readonly kind: 'not-run'; readonly why: string }
  | { readonly kind: 'failed'; readonly why: string }

/** Everything one workload's runs said. */
export interface Runs {
  readonly workload: Workload
  /** Two runs of the subject, one right after the other; none in quick runs. */
  readonly pairs: readonly (readonly [Report, Report])[]
  /** By the variants' names. */
  readonly outcomes: ReadonlyMap<string, Outcome>
}

/** Figures by name: metrics by their own, the workload's own figures as `own:name`. */
export interface Figures<Value> {
  readonly [name: string]: Value | undefined
}

export interface VariantSummary {
  readonly name: string
  readonly role: Role
  readonly durability: Durability
  readonly settings: string
  readonly version: string
  readonly state: 'measured' | 'not-run' | 'failed'
  /** Why it was not measured; empty when it was. */
  readonly why: string
  readonly rounds: number
  readonly figures: Figures<Spread>
  /** The load client used over 90% of a core: what was measured is the client. */
  readonly limitedBy: 'itself' | 'load-client'
}

/** The subject against one other variant, round by round; above 1 the subject is better. */
export interface Comparison {
  readonly to: string
  readonly by: 'perSecond' | 'cpuPerMillion'
  readonly ratio: Spread
  /** Of the ratio, as a share; `null` where no A/A pair was run. */
  readonly noise: number | null
}

export interface Summary {
  readonly name: string
  readonly area: string
  readonly durability: Durability
  readonly unit: Unit
  readonly payloadBytes: number
  readonly inFlight: number
  readonly variants: readonly VariantSummary[]
  readonly comparisons: readonly Comparison[]
  /** Of the subject's figures, as a share; empty where no A/A pair was run. */
  readonly noise: Figures<number>
}

const LOAD_CORE_SHARE_MAX = 0.9 // above it the client and not the server sets the pace

export const ownKey = (name: string): string => `own:${name}`

export function summarise(runs: Runs): Summary {
  const { workload } = runs
  const variants = workload.variants.map((variant) => summariseVariant(runs, variant))
  const noise = summariseNoise(runs)
  return {
    name: workload.name,
    area: workload.area,
    durability: workload.durability,
    unit: workload.unit,
    payloadBytes: workload.payloadBytes,
    inFlight: workload.inFlight,
    variants,
    comparisons: compareVariants(runs, variants, noise),
    noise,
  }
}

/** The values of one figure, round by round, or `null` where a round does not have it. */
export function roundsOf(runs: Runs, variant: string, key: string): readonly number[] | null {
  const outcome = runs.outcomes.get(variant)
  if (outcome?.kind !== 'measured') return null
  return valuesOf(outcome.reports, runs.workload, key)
}

function valuesOf(
  reports: readonly Report[],
  workload: Workload,
  key: string,
): readonly number[] | null {
  const values = reports.map((report) => figuresOf(report, workload)[key])
  const known = values.filter((value) => value !== undefined)
  return known.length === values.length && known.length > 0 ? known : null
}

/** Every figure of one report that has a value. */
function figuresOf(report: Report, workload: Workload): Figures<number> {
  const figures: { [name: string]: number } = {}
  for (const name of METRIC_NAMES) {
    const value = METRICS[name].of(report, workload)
    if (value !== null) figures[name] = value
  }
  for (const [name, value] of Object.entries(report.figures)) figures[ownKey(name)] = value
  return figures
}

function keysOf(workload: Workload): readonly string[] {
  return [...METRIC_NAMES, ...workload.figures.map((own) => ownKey(own.name))]
}

function summariseVariant(runs: Runs, variant: Variant): VariantSummary {
  const { workload, outcomes } = runs
  const outcome = outcomes.get(variant.name)
  assert(outcome !== undefined, `nothing is known of variant '${variant.name}'`)
  const { name, role, durability, settings } = variant
  const same = { name, role, durability, settings }
  if (outcome.kind !== 'measured') {
    const { kind: state, why } = outcome
    return { ...same, version: '', state, why, rounds: 0, figures: {}, limitedBy: 'itself' }
  }
  const figures: { [name: string]: Spread | undefined } = {}
  for (const key of keysOf(workload)) {
    const values = valuesOf(outcome.reports, workload, key)
    if (values !== null) figures[key] = spread(values)
  }
  const loadShare = figures.loadCoreShare?.median ?? 0
  const limitedBy = loadShare > LOAD_CORE_SHARE_MAX ? 'load-client' : 'itself'
  const { version, reports } = outcome
  const rounds = reports.length
  return { ...same, version, state: 'measured', why: '', rounds, figures, limitedBy }
}

function compareVariants(
  runs: Runs,
  variants: readonly VariantSummary[],
  noise: Figures<number>,
): readonly Comparison[] {
  const [subject, ...others] = variants
  assert(subject !== undefined, 'a workload has a subject')
  return others.flatMap((other) => {
    const limited = subject.limitedBy === 'load-client' || other.limitedBy === 'load-client'
    // Where the client was the limit, operations a second compare clients; what the server spent still tells.
    const by = limited ? 'cpuPerMillion' : 'perSecond'
    const ours = roundsOf(runs, subject.name, by)
    const theirs = roundsOf(runs, other.name, by)
    if (ours === null || theirs === null) return []
    const ratios = by === 'perSecond' ? pairRatios(ours, theirs) : pairRatios(theirs, ours)
    if (!ratios.every(Number.isFinite)) return []
    // The pair knows only the subject's noise; the other's shows in how far the ratios lie apart.
    const known = noise[by]
    const ofRatio = known === undefined ? null : Math.max(known, relativeDeviation(ratios))
    return [{ to: other.name, by, ratio: spread(ratios), noise: ofRatio }]
  })
}

function summariseNoise(runs: Runs): Figures<number> {
  const { workload, pairs } = runs
  const noise: { [name: string]: number } = {}
  const subject = workload.variants[0]?.name ?? ''
  if (pairs.length === 0) return noise
  for (const key of keysOf(workload)) {
    const rounds = roundsOf(runs, subject, key)
    const values = pairs.map((pair) => valuesOf(pair, workload, key))
    if (rounds === null || values.some((value) => value === null)) continue
    const both = values.map((value) => [value?.[0] ?? 0, value?.[1] ?? 0] as const)
    const share = noiseOf(both, rounds)
    if (Number.isFinite(share)) noise[key] = share
  }
  return noise
}

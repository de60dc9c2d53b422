/** Judges a workload's targets by its runs, round by round. Pure; what cannot be judged is said to be unmeasured. */
import { assert } from '../src/base/assert.ts'
import { formatFigure, formatRatio, formatShare, formatSpread, labelOf } from './format.ts'
import { difference, median } from './statistics.ts'
import { ownKey, type Runs, roundsOf, type Summary } from './summary.ts'
import type { Figure, Relation, Target } from './target.ts'

export interface Verdict {
  /** The target in words: `ops/s at least 1.50 M`. */
  readonly target: string
  readonly outcome: 'met' | 'missed' | 'unmeasured'
  /** What was measured, or why nothing was. */
  readonly found: string
  /** Noise of the figure the verdict rests on, as a share; `null` where no A/A pair was run. */
  readonly noise: number | null
  /** Whether the noise could turn the verdict around. */
  readonly certainty: 'clear' | 'within-noise'
}

export function judge(runs: Runs, summary: Summary): readonly Verdict[] {
  return runs.workload.targets.map((target) => judgeTarget(runs, summary, target))
}

function judgeTarget(runs: Runs, summary: Summary, target: Target): Verdict {
  switch (target.kind) {
    case 'figure':
      return judgeFigure(runs, summary, target)
    case 'ratio':
      return judgeRatio(summary, target)
    case 'any-of':
      return judgeAnyOf(target.targets.map((one) => judgeTarget(runs, summary, one)))
  }
}

function judgeAnyOf(verdicts: readonly Verdict[]): Verdict {
  const best =
    verdicts.find((one) => one.outcome === 'met') ??
    verdicts.find((one) => one.outcome === 'unmeasured') ??
    verdicts[0]
  assert(best !== undefined, 'any-of needs a target')
  return { ...best, target: verdicts.map((one) => one.target).join(', or ') }
}

type FigureTarget = Extract<Target, { readonly kind: 'figure' }>

function judgeFigure(runs: Runs, summary: Summary, target: FigureTarget): Verdict {
  const { figure, relation } = target
  const key = keyOf(figure)
  const words = `${labelOf(key)} ${inWords(relation)} ${boundInWords(target)}`
  const subject = summary.variants[0]
  assert(subject !== undefined, 'a workload has a subject')
  const values = roundsOf(runs, subject.name, key)
  if (values === null) return unmeasured(words, subject.why || 'the run did not report it')
  const bounds = boundsOf(runs, target, values.length)
  if (bounds === null) return unmeasured(words, 'the variant it is bound to was not measured')
  // Round by round: what slowed both down in one round speaks for neither.
  const score = median(values.map((value, round) => shareOf(value, bounds[round] ?? 0)))
  const verdict = judgeScore({ words, score, relation, noise: summary.noise[key] ?? null })
  const found = formatFigure(key, median(values))
  const clientWasLimit = subject.limitedBy === 'load-client' && key !== 'cpuPerMillion'
  if (verdict.outcome === 'missed' && relation === 'at-least' && clientWasLimit) {
    return unmeasured(words, `${found}, but the load client was the limit`)
  }
  return { ...verdict, found }
}

/** A bound of zero is met by zero alone. */
function shareOf(value: number, bound: number): number {
  if (bound === 0) return value === 0 ? 1 : Number.POSITIVE_INFINITY
  return value / bound
}

function boundsOf(runs: Runs, target: FigureTarget, rounds: number): readonly number[] | null {
  const { bound, figure } = target
  if (bound.kind === 'value') return new Array<number>(rounds).fill(bound.value)
  const values = roundsOf(runs, bound.variant, keyOf(figure))
  return values === null ? null : values.map((value) => value * bound.factor + bound.plus)
}

type RatioTarget = Extract<Target, { readonly kind: 'ratio' }>

function judgeRatio(summary: Summary, target: RatioTarget): Verdict {
  const { to, relation, factor } = target
  const comparison = summary.comparisons.find((one) => one.to === to)
  if (comparison === undefined) {
    const words = `ratio to ${to} ${inWords(relation)} ${formatRatio(factor)}`
    const other = summary.variants.find((variant) => variant.name === to)
    return unmeasured(words, other?.why ? `${to}: ${other.why}` : 'one of the two has no figure')
  }
  const { by, ratio, noise } = comparison
  const of = by === 'cpuPerMillion' ? ' (CPU s/M, the load client was the limit)' : ''
  const words = `ratio to ${to}${of} ${inWords(relation)} ${formatRatio(factor)}`
  const score = ratio.median / factor
  const verdict = judgeScore({ words, score, relation, noise })
  return { ...verdict, found: formatSpread(ratio, formatRatio) }
}

interface Score {
  readonly words: string
  /** What was measured as a share of the bound. */
  readonly score: number
  readonly relation: Relation
  readonly noise: number | null
}

function judgeScore({ words, score, relation, noise }: Score): Omit<Verdict, 'found'> {
  const isMet = relation === 'at-least' ? score >= 1 : score <= 1
  const distance = difference(score, 1)
  const certainty = noise !== null && distance < noise ? 'within-noise' : 'clear'
  return { target: words, outcome: isMet ? 'met' : 'missed', noise, certainty }
}

function unmeasured(target: string, why: string): Verdict {
  return { target, outcome: 'unmeasured', found: why, noise: null, certainty: 'clear' }
}

function keyOf(figure: Figure): string {
  return figure.kind === 'metric' ? figure.name : ownKey(figure.name)
}

function inWords(relation: Relation): string {
  return relation === 'at-least' ? 'at least' : 'at most'
}

function boundInWords(target: FigureTarget): string {
  const { bound } = target
  const key = keyOf(target.figure)
  if (bound.kind === 'value') return formatFigure(key, bound.value)
  const plus = bound.plus === 0 ? '' : ` + ${formatFigure(key, bound.plus)}`
  return `${bound.factor}x ${bound.variant}${plus}`
}

/** `met`, `missed within noise (A/A 3.1%)`, `unmeasured`: the end of a target's line. */
export function verdictInWords(verdict: Verdict): string {
  if (verdict.outcome === 'unmeasured') return 'unmeasured'
  const within = verdict.certainty === 'within-noise' ? ' within noise' : ''
  const noise = verdict.noise === null ? 'A/A unmeasured' : `A/A ${formatShare(verdict.noise)}`
  return `${verdict.outcome}${within} (${noise})`
}

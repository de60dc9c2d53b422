/**
 * The order of the runs of one workload: first the subject against itself, then every variant in turn, round
 * after round, so that a drift of the machine touches all of them alike. It never looks at a figure.
 */
import { assert } from '../src/base/assert.ts'
import { AttemptError } from './attempt.ts'
import type { Report } from './protocol.ts'
import type { Outcome, Runs } from './summary.ts'
import type { Finding, Variant, Workload } from './workload.ts'

export interface RoundsOptions {
  /** Which variants can run here, by name. */
  readonly findings: ReadonlyMap<string, Finding>
  readonly rounds: number
  /** Runs of the subject against itself before the rounds. */
  readonly pairs: number
  /** One run in a fresh process. */
  readonly attempt: (variant: Variant) => Promise<Report>
  /** Told before each run. */
  readonly say: (progress: string) => void
}

/** A variant that can run here, and what it has reported so far. */
interface Contender {
  readonly variant: Variant
  readonly version: string
  readonly reports: Report[]
  /** Why it stopped; empty while it runs. One failed run ends it: medians of what is left would flatter. */
  failure: string
}

export async function runRounds(workload: Workload, options: RoundsOptions): Promise<Runs> {
  const outcomes = new Map<string, Outcome>()
  const contenders: Contender[] = []
  for (const variant of workload.variants) {
    const finding = options.findings.get(variant.name)
    assert(finding !== undefined, `nobody looked for '${variant.name}'`)
    if (finding.kind === 'absent') outcomes.set(variant.name, { kind: 'not-run', why: finding.why })
    else contenders.push({ variant, version: finding.version, reports: [], failure: '' })
  }
  const pairs = await runPairs(workload, contenders, options)
  for (let round = 1; round <= options.rounds; round++) {
    for (const contender of contenders) {
      if (contender.failure !== '') continue
      options.say(`round ${round}/${options.rounds}: ${contender.variant.name}`)
      const report = await tryAttempt(contender, options)
      if (report !== null) contender.reports.push(report)
    }
  }
  for (const { variant, version, reports, failure } of contenders) {
    outcomes.set(
      variant.name,
      failure === '' ? { kind: 'measured', version, reports } : { kind: 'failed', why: failure },
    )
  }
  return { workload, pairs, outcomes }
}

async function runPairs(
  workload: Workload,
  contenders: readonly Contender[],
  options: RoundsOptions,
): Promise<readonly (readonly [Report, Report])[]> {
  const subject = contenders.find(({ variant }) => variant === workload.variants[0])
  const pairs: (readonly [Report, Report])[] = []
  for (let pair = 1; subject !== undefined && pair <= options.pairs; pair++) {
    options.say(`A/A ${pair}/${options.pairs}: ${subject.variant.name} against itself`)
    const one = await tryAttempt(subject, options)
    const other = one === null ? null : await tryAttempt(subject, options)
    if (one === null || other === null) break
    pairs.push([one, other])
  }
  return pairs
}

/** `null` once the contender has failed; whoever ended the whole bench gets through. */
async function tryAttempt(contender: Contender, options: RoundsOptions): Promise<Report | null> {
  assert(contender.failure === '', 'a variant that failed runs no more')
  try {
    return await options.attempt(contender.variant)
  } catch (error) {
    if (!(error instanceof AttemptError) || error.code === 'aborted') throw error
    contender.failure = `${error.code}: ${error.message}`
    return null
  }
}

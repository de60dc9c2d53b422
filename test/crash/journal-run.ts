/**
 * Runs the crash enumeration of the journal over sequences of operations and adds up what it saw. Stops at the
 * first state that breaks a promise, with the command that makes it again.
 */
import assert from 'node:assert/strict'
import { Census, type CensusCounts } from '../journal/census.ts'
import { type CrashOptions, type CrashReport, describePlace, enumerate } from './enumerate.ts'
import {
  type Base,
  fresh,
  type JournalState,
  journalSpec,
  operations,
  type RecoverFrom,
} from './journal-spec.ts'
import type { Prefixes } from './prefixes.ts'
import { Recoveries } from './recoveries.ts'

/** Every sequence of `shortest` to `longest` operations, the short ones first. */
export function* sequences(
  shortest: number,
  longest: number,
  names: readonly string[] = Object.keys(operations),
): Generator<readonly string[]> {
  let before: readonly (readonly string[])[] = [[]]
  for (let size = 1; size <= longest; size++) {
    before = before.flatMap((head) => names.map((name) => [...head, name]))
    if (size >= shortest) yield* before
  }
}

type Counts = Pick<
  CrashReport,
  'calls' | 'states' | 'known' | 'againStates' | 'killStates' | 'recoveries' | 'checks'
>

/** What many enumerations saw, in a form that passes between processes. */
export type RunCounts = Counts & { readonly workloads: number; readonly census: CensusCounts }

export class RunTotals {
  workloads = 0
  calls = 0
  states = 0
  known = 0
  againStates = 0
  killStates = 0
  recoveries = 0
  checks = 0
  readonly census: Census = new Census()

  /** One more workload. Its census is already counted: workloads write this one. */
  add(report: Counts): void {
    this.workloads++
    this.#add(report)
  }

  /** All that another process saw. */
  merge(other: RunCounts): void {
    this.workloads += other.workloads
    this.census.add(other.census)
    this.#add(other)
  }

  #add(other: Counts): void {
    this.calls += other.calls
    this.states += other.states
    this.known += other.known
    this.againStates += other.againStates
    this.killStates += other.killStates
    this.recoveries += other.recoveries
    this.checks += other.checks
  }

  get counts(): RunCounts {
    const { workloads, calls, states, known, againStates, killStates, recoveries, checks } = this
    const { counts: census } = this.census
    return {
      ...{ workloads, calls, states, known, againStates, killStates, recoveries, checks, census },
    }
  }

  /** For people: one line. */
  describe(): string {
    const { workloads, calls, states, known, againStates, killStates, recoveries } = this
    const { rolled, retired, cleaned, snapshots, cut, olderSnapshots } = this.census
    return (
      `${workloads} workloads, ${calls} disk calls, ${states} states after one crash ` +
      `(${known} of them recovered before), ` +
      `${againStates} more after a second, ${killStates} kills, ${recoveries} recoveries ` +
      `(rolled ${rolled}, retired ${retired}, cleaned ${cleaned}, snapshots ${snapshots}, ` +
      `torn tails cut ${cut}, older snapshots ${olderSnapshots})`
    )
  }

  /** Throws unless all of these happened: an enumeration that stopped reaching them proves nothing of them. */
  assertCamePast(names: readonly (keyof CensusCounts)[]): void {
    for (const name of names) assert(this.census[name] > 0, `never came past '${name}'`)
  }
}

export type RunOptions = CrashOptions & {
  readonly base: Base
  readonly recoverFrom?: RecoverFrom
  /** What recoveries from there came to; shared with other sequences where it is given. */
  readonly recoveries?: Recoveries<JournalState>
  /** To be given where only a sequence's own points are crashed: all others must be those of shorter ones. */
  readonly prefixes?: Prefixes
  /** Told after each workload. */
  readonly progress?: () => void
}

/** To share among any sequences: what is lost besides is lost before a recovery begins. */
export function journalRecoveries(census: Census): Recoveries<JournalState> {
  return new Recoveries(journalSpec(fresh, [], { census }))
}

/** Adds to the totals; throws at the first state that breaks a promise. */
export async function runSequences(
  all: Iterable<readonly string[]>,
  options: RunOptions,
  totals: RunTotals,
): Promise<void> {
  const { base, recoverFrom = 'newest', prefixes, progress } = options
  const { census } = totals
  const { recoveries = journalRecoveries(census) } = options
  assert((options.points === 'own') === (prefixes !== undefined))
  for (const names of all) {
    const digested = await prefixes?.expecting(names)
    const spec = journalSpec(base, names, { recoverFrom, census, digested })
    const report = await enumerate(spec, options, recoveries)
    if (report.failure !== null) throw explained(report)
    assert(report.isComplete)
    totals.add(report)
    progress?.()
  }
}

function explained({ failure }: CrashReport): Error {
  assert(failure !== null)
  const { place, error } = failure
  const { workload, call, image, againCall, againImage } = place
  const message = error instanceof Error ? error.message : String(error)
  const second = againCall === 0 ? '' : ` ${againCall} '${againImage}'`
  const replay = `node build/test/crash/replay.js '${workload}' ${call} '${image}'${second}`
  return new Error(`${describePlace(place)}: ${message}\nmake it again: ${replay}`, {
    cause: error,
  })
}

/**
 * Runs the crash enumeration of the journal over all sequences of operations, or a share of them,
 * and adds up what it saw.
 */
import { type CrashOptions, type CrashReport, describePlace, enumerate } from './enumerate.ts'
import { type Base, journalSpec, operations, type RecoverFrom } from './journal-spec.ts'

/** Every sequence of 1 to `length` operations, the short ones first. */
function* sequences(length: number): Generator<readonly string[]> {
  const names = Object.keys(operations)
  let before: readonly (readonly string[])[] = [[]]
  for (let size = 1; size <= length; size++) {
    before = before.flatMap((head) => names.map((name) => [...head, name]))
    yield* before
  }
}

export type RunOptions = CrashOptions & {
  readonly base: Base
  readonly recoverFrom?: RecoverFrom
  readonly length: number
  /** Of the sequences, those whose index leaves `share` when divided by `of`. */
  readonly share: number
  readonly of: number
}

export type RunTotals = {
  workloads: number
  calls: number
  states: number
  againStates: number
  killStates: number
  recoveries: number
}

/** Throws at the first state that breaks a promise, with the place to replay. */
export async function runSequences(options: RunOptions): Promise<RunTotals> {
  const totals = { workloads: 0, calls: 0, states: 0, againStates: 0, killStates: 0, recoveries: 0 }
  let index = 0
  for (const names of sequences(options.length)) {
    if (index++ % options.of !== options.share) continue
    const spec = journalSpec(options.base, names, options.recoverFrom)
    const report = await enumerate(spec, options)
    if (report.failure !== null) throw explained(report)
    totals.workloads++
    totals.calls += report.calls
    totals.states += report.states
    totals.againStates += report.againStates
    totals.killStates += report.killStates
    totals.recoveries += report.recoveries
  }
  return totals
}

function explained(report: CrashReport): Error {
  const { place, error } = report.failure!
  const message = error instanceof Error ? error.message : String(error)
  return new Error(`${describePlace(place)}: ${message}`, { cause: error })
}

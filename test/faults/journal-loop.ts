/**
 * Runs the loop over failing calls of the journal over sequences of operations and adds up what it saw. Stops at
 * the first run that breaks a promise, with the command that makes it again.
 */
import assert from 'node:assert/strict'
import { describePlace } from '../crash/enumerate.ts'
import { type FailureReport, failEach } from '../crash/failures.ts'
import { journalRecoveries, sequences } from '../crash/journal-run.ts'
import type { Base, JournalState } from '../crash/journal-spec.ts'
import type { Recoveries } from '../crash/recoveries.ts'
import type { Share } from '../crash/shares.ts'
import { Census } from '../journal/census.ts'
import { failingOperations } from './cold-reads.ts'
import { faultySpec } from './journal-faults.ts'

/** What many loops saw, in a form that passes between processes. */
export type LoopTotals = {
  workloads: number
  /** Runs in which a call failed. */
  injections: number
  /** Disks that a power cut left after them, each distinct among those of its run. */
  states: number
  /** Of those, the ones that had been recovered before. */
  known: number
  /** Recoveries that were run. */
  recoveries: number
}

export function noLoops(): LoopTotals {
  return { workloads: 0, injections: 0, states: 0, known: 0, recoveries: 0 }
}

/** For people: one line. */
export function describeLoops(totals: LoopTotals): string {
  const { workloads, injections, states, known, recoveries } = totals
  return (
    `${workloads} workloads, ${injections} failing calls, ${states} states after them ` +
    `(${known} of them recovered before), ${recoveries} recoveries`
  )
}

export type LoopOptions = {
  readonly base: Base
  /** Which of the failures of each sequence; the next ones of the next sequence, so that all calls get their turn. */
  readonly share: Share
  /** What recoveries came to; all sequences may share them. */
  readonly recoveries?: Recoveries<JournalState>
  /** Told after each workload. */
  readonly progress?: () => void
}

/** Every sequence of `shortest` to `longest` operations, reads among them. */
export function failingSequences(shortest: number, longest: number): Iterable<readonly string[]> {
  return sequences(shortest, longest, Object.keys(failingOperations))
}

/** Adds to the totals; throws at the first run that breaks a promise. */
export async function runLoops(
  all: Iterable<readonly string[]>,
  { base, share: { share, of }, progress, ...options }: LoopOptions,
  totals: LoopTotals,
): Promise<void> {
  const { recoveries = journalRecoveries(new Census()) } = options
  for (const names of all) {
    assert(names.every((name) => name in failingOperations))
    const turn = { share: (share + totals.workloads) % of, of }
    const spec = faultySpec(base, names)
    const report = await failEach(spec, { share: turn, compares: 'yes', recoveries })
    if (report.failure !== null) throw explained(report)
    totals.workloads++
    totals.injections += report.injections
    totals.states += report.states
    totals.known += report.known
    totals.recoveries += report.recoveries
    progress?.()
  }
}

function explained({ workload, failure }: FailureReport): Error {
  assert(failure !== null)
  const { fault, place, error } = failure
  const { call, code, lasts, writtenBytes } = fault
  const message = error instanceof Error ? error.message : String(error)
  const replay = `node build/test/faults/replay.js '${workload}' ${call} ${code} ${lasts} ${writtenBytes}`
  return new Error(`${describePlace(place)}: ${message}\nmake it again: ${replay}`, {
    cause: error,
  })
}

/**
 * Makes every call of a workload fail, one after the other and in every way, and judges what is left: nothing
 * acknowledged may be lost, nothing may be invented, every file must be closed. The workload itself judges how
 * the product refused; it gets the disk and may heal it.
 */
import assert from 'node:assert/strict'
import { CrashDisk } from '../sim/crash-disk.ts'
import { type Call, canFailWith, type Fault } from '../sim/disk-faults.ts'
import { settled } from '../sim/turn.ts'
import { type CrashFailure, type CrashReport, type CrashSpec, enumerate } from './enumerate.ts'
import { Ledger } from './ledger.ts'
import type { Recoveries } from './recoveries.ts'
import { type Share, shareOf } from './shares.ts'

/** A failure, but for the call that it meets. */
export type FaultShape = Omit<Fault, 'call'>

/** EIO, ENOSPC, EMFILE and a failing sync, once and for good; writes that leave a part; short writes. */
export const FAULT_SHAPES: readonly FaultShape[] = [
  { code: 'io', lasts: 'once', writtenBytes: 0 },
  { code: 'io', lasts: 'once', writtenBytes: Number.POSITIVE_INFINITY },
  { code: 'io', lasts: 'until-healed', writtenBytes: 0 },
  { code: 'full', lasts: 'once', writtenBytes: 0 },
  { code: 'full', lasts: 'once', writtenBytes: 513 },
  { code: 'full', lasts: 'until-healed', writtenBytes: 1 },
  { code: 'handles', lasts: 'once', writtenBytes: 0 },
  { code: 'handles', lasts: 'until-healed', writtenBytes: 0 },
  { code: 'short', lasts: 'once', writtenBytes: 1 },
  { code: 'short', lasts: 'once', writtenBytes: 513 },
  { code: 'short', lasts: 'until-healed', writtenBytes: 2_000 },
]

export interface FailureOptions<State> {
  readonly shapes?: readonly FaultShape[]
  /** Whether the power is cut at every call of each failing run, or only after it. Default `last`. */
  readonly points?: 'all' | 'last'
  /** Of the points, each so-many-th is a killed process too; 0 for none. Default 1. */
  readonly killEvery?: number
  /**
   * Whether what one recovery saw must be there for the next, when nobody was promised it: what a failed sync
   * leaves is seen after a kill, counts as synced for the kernel, and is gone after a power cut. A product
   * that writes its tail anew before it trusts it can ask for `yes`. Default `no`.
   */
  readonly compares?: 'yes' | 'no'
  /** What recoveries came to, shared with other workloads; only where they are compared. */
  readonly recoveries?: Recoveries<State>
  /** Of the failures, those whose index leaves `share` when divided by `of`. All without. */
  readonly share?: Share
}

export interface FailureReport {
  readonly workload: string
  /** Runs in which a call failed. */
  readonly injections: number
  /** States judged after them, each distinct among those of its run. */
  readonly states: number
  /** Of those, the ones that had been recovered before. */
  readonly known: number
  /** Recoveries that were run. */
  readonly recoveries: number
  /** The failure of the first run that broke a promise, and the fault of that run. */
  readonly failure: (CrashFailure & { readonly fault: Fault }) | null
}

/** The same workload with a planned fault: for a report, and to make a failure again. */
export function withFault<State, Entry>(
  spec: CrashSpec<State, Entry>,
  fault: Fault,
): CrashSpec<State, Entry> {
  const { code, lasts, writtenBytes, call } = fault
  return {
    ...spec,
    id: `${spec.id} with ${code} (${lasts}, ${writtenBytes} bytes) at call ${call}`,
    disk: () => {
      const disk = spec.disk?.() ?? new CrashDisk()
      disk.faults.plan(fault)
      return disk
    },
    async workload(disk, ledger) {
      await spec.workload(disk, ledger)
      const { openPaths } = disk
      if (openPaths.length > 0) throw new Error(`left open: ${openPaths.join(', ')}`)
    },
  }
}

/**
 * Every failure that this workload can meet, each once: the run with a failure is the dry one up to the call that
 * fails.
 */
async function failuresOf<State, Entry>(
  spec: CrashSpec<State, Entry>,
  shapes: readonly FaultShape[],
): Promise<readonly Fault[]> {
  const disk = spec.disk?.() ?? new CrashDisk()
  const calls: Call[] = []
  disk.observe({ issued: (call) => calls.push(call) })
  await settled(spec.workload(disk, new Ledger()), `the workload ${spec.id}`)
  return shapes.flatMap((shape) =>
    calls
      .filter((call) => canFailWith(call.kind, shape.code) && isOwnWay(shape, call, shapes))
      .map(({ number }) => ({ ...shape, call: number })),
  )
}

/** False if another shape makes this call fail in the same way, or if nothing fails at all. */
function isOwnWay(shape: FaultShape, call: Call, shapes: readonly FaultShape[]): boolean {
  const { code, lasts, writtenBytes } = shape
  if (lasts !== 'once') return true
  if (code === 'short') return writtenBytes < call.sizeBytes
  // What a failing write leaves does not matter where nothing is written.
  const first = shapes.find((other) => other.code === code && other.lasts === lasts)
  return call.kind === 'write' || shape === first
}

export async function failEach<State, Entry>(
  spec: CrashSpec<State, Entry>,
  options: FailureOptions<State> = {},
): Promise<FailureReport> {
  const { shapes = FAULT_SHAPES, share = { share: 0, of: 1 } } = options
  const totals = { workload: spec.id, injections: 0, states: 0, known: 0, recoveries: 0 }
  for (const fault of shareOf(await failuresOf(spec, shapes), share)) {
    const { met, report } = await failOnce(spec, fault, options)
    // A workload heals its disk at the end: what fails only after that fails no more.
    if (met === 0) continue
    totals.injections++
    totals.states += report.states
    totals.known += report.known
    totals.recoveries += report.recoveries
    const { failure } = report
    if (failure !== null) return { ...totals, failure: { ...failure, fault } }
  }
  return { ...totals, failure: null }
}

/** One run of the workload with one failure, and all that a power cut or a kill may leave of it. */
export async function failOnce<State, Entry>(
  spec: CrashSpec<State, Entry>,
  fault: Fault,
  options: FailureOptions<State> = {},
): Promise<{ readonly met: number; readonly report: CrashReport }> {
  const { points = 'last', compares = 'no', killEvery = 1, recoveries } = options
  assert(recoveries === undefined || compares === 'yes', 'shared recoveries compare')
  const disks: CrashDisk[] = []
  const faulty = withFault(spec, fault)
  const disk = (): CrashDisk => {
    const made = faulty.disk?.() ?? new CrashDisk()
    disks.push(made)
    return made
  }
  const compare = compares === 'yes' ? faulty.compare : undefined
  const crashes = { againEvery: 0, killEvery, points }
  const report = await enumerate({ ...faulty, disk, compare }, crashes, recoveries)
  return { met: disks[0]?.faults.met ?? 0, report }
}

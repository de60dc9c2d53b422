/**
 * Makes every call of a workload fail, one after the other and in every way, and judges what is left: nothing
 * acknowledged may be lost, nothing may be invented, every file must be closed. The workload itself judges how
 * the product refused; it gets the disk and may heal it.
 */
import { CrashDisk } from '../sim/crash-disk.ts'
import type { Fault } from '../sim/disk-faults.ts'
import { type CrashFailure, type CrashSpec, enumerate } from './enumerate.ts'

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

/** Calls of one workload: far above any; a workload that never passes untouched is broken. */
const CALLS_MAX = 100_000

export interface FailureOptions {
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
  /** Runs each so-many-th call alone, for long workloads. Default 1. */
  readonly callEvery?: number
}

export interface FailureReport {
  readonly workload: string
  /** Runs in which a call failed. */
  readonly injections: number
  /** Distinct states judged after them. */
  readonly states: number
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

export async function failEach<State, Entry>(
  spec: CrashSpec<State, Entry>,
  options: FailureOptions = {},
): Promise<FailureReport> {
  const { shapes = FAULT_SHAPES, points = 'last', compares = 'no' } = options
  const { callEvery = 1, killEvery = 1 } = options
  let injections = 0
  let states = 0
  let recoveries = 0
  for (const shape of shapes) {
    for (let call = 1; call <= CALLS_MAX; call += callEvery) {
      const fault = { ...shape, call }
      const disks: CrashDisk[] = []
      const faulty = withFault(spec, fault)
      const disk = (): CrashDisk => {
        const made = faulty.disk?.() ?? new CrashDisk()
        disks.push(made)
        return made
      }
      const compare = compares === 'yes' ? faulty.compare : undefined
      const judged = { ...faulty, disk, compare }
      const report = await enumerate(judged, { againEvery: 0, killEvery, points })
      const met = disks[0]?.faults.met ?? 0
      if (met === 0 && call > report.calls) break
      if (met === 0) continue
      injections++
      states += report.states
      recoveries += report.recoveries
      const { failure } = report
      if (failure !== null) {
        return { workload: spec.id, injections, states, recoveries, failure: { ...failure, fault } }
      }
    }
  }
  return { workload: spec.id, injections, states, recoveries, failure: null }
}

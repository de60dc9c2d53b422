/** Made-up workloads, reports and machines for the harness's own tests. Nothing else imports it. */
import type { Machine } from './machine.ts'
import type { Report } from './protocol.ts'
import { type AreaResults, areaResults } from './results.ts'
import { type Outcome, type Runs, summarise } from './summary.ts'
import { judge } from './verdict.ts'
import { defineWorkload, type Workload, type WorkloadOptions } from './workload.ts'

const sampleMachine: Machine = {
  cpu: 'Sample CPU',
  cores: 2,
  memoryBytes: 8 * 1024 ** 3,
  kernel: 'linux 6.1 x64',
  fileSystem: 'ext4 on /dev/sample',
  syncP50Ms: 0.5,
  syncP99Ms: 2,
  loadAverage: 0.1,
  node: 'v20.20.2',
  commit: '0123456789',
  tree: 'clean',
}

/** A report of so many operations in one second; everything else plausible unless said. */
export function sampleReport(operations: number, fields: Partial<Report> = {}): Report {
  return {
    operations,
    seconds: 1,
    latency: { count: operations, p50Ms: 1, p90Ms: 2, p99Ms: 4, p999Ms: 8, maxMs: 16 },
    subject: { cpuSeconds: 0.5, peakRssBytes: 64 * 1024 ** 2, loop: { p99Ms: 1, maxMs: 3 } },
    load: null,
    othersCores: 0.02,
    figures: {},
    ...fields,
  }
}

/** A report of a run whose load client used this share of a core. */
export function sampleLoaded(operations: number, cpuSeconds: number, coreShareMax: number): Report {
  const subject = { cpuSeconds, peakRssBytes: null, loop: null }
  const load = { cpuSeconds: coreShareMax, peakRssBytes: null, loop: null, coreShareMax }
  return sampleReport(operations, { subject, load })
}

export function sampleWorkload(options: Partial<WorkloadOptions> = {}): Workload {
  return defineWorkload({
    name: 'append',
    area: 'sample',
    durability: 'fsync',
    unit: 'msgs',
    payloadBytes: 100,
    inFlight: 16,
    variants: [
      { name: 'ours', role: 'ours', run: async () => {} },
      { name: 'loop', role: 'yardstick', run: async () => {} },
      { name: 'rival', role: 'rival', settings: 'quorum queue', run: async () => {} },
    ],
    ...options,
  })
}

/** Runs in which each variant reported what is given, in the order of the rounds; the rest was not there. */
export function sampleRuns(
  workload: Workload,
  reports: { readonly [variant: string]: readonly Report[] },
  pairs: Runs['pairs'] = [],
): Runs {
  const outcomes = new Map<string, Outcome>()
  for (const { name } of workload.variants) {
    const known = reports[name] ?? null
    outcomes.set(
      name,
      known === null
        ? { kind: 'not-run', why: `${name} is not installed` }
        : { kind: 'measured', version: name === 'rival' ? 'rival 1.2 (2022)' : '', reports: known },
    )
  }
  return { workload, pairs, outcomes }
}

export function sampleResults(runs: readonly Runs[], changes: Partial<Machine> = {}): AreaResults {
  const date = '2026-11-21T09:00:00.000Z'
  const machine = { ...sampleMachine, ...changes }
  return areaResults({
    area: 'sample',
    date,
    machine,
    rounds: 3,
    results: runs.map((one) => {
      const summary = summarise(one)
      return { summary, verdicts: judge(one, summary), date, commit: machine.commit }
    }),
  })
}

/**
 * What a variant runs on, in its own process: a directory, a clock, a latency recorder, probes. The child
 * owns one; it measures one section and turns it into one report.
 */
import { assert } from '../src/base/assert.ts'
import { Histogram } from './histogram.ts'
import type { Effort, LatencyReport, Length, LoadReport, Report, UsageReport } from './protocol.ts'
import { machineCpuSeconds, OwnProbe, type Probe, totalUsage } from './usage.ts'
import type { Durability, Variant, Workload } from './workload.ts'

/**
 * What a watched process is: the `server` under test (then this process is its load client), a `part` of
 * whatever this process is, or one more `load` client.
 */
export type Side = 'server' | 'part' | 'load'

/** What another program measured itself, and says so. */
export interface Claim extends UsageReport {
  readonly operations: number
  readonly seconds: number
}

const MS = 1e3
const QUICK_SECONDS = 0.2 // shows that it runs; says nothing about how fast
const QUICK_SHARE = 0.01 // of the operations, for the same reason

/** The time in which operations count. */
export class Section {
  /** Operations to do; infinite where time ends the section. */
  readonly operations: number
  readonly startMs: number
  readonly latency: Histogram = new Histogram()
  /** Operations acknowledged. Moved by the variant, when the acknowledgement is in its hands and never before. */
  acknowledged = 0
  /** Set where another program did the work. */
  claimed: Claim | null = null
  readonly #endMs: number

  constructor(operations: number, seconds: number) {
    this.operations = operations
    this.startMs = performance.now()
    this.#endMs = this.startMs + seconds * MS
  }

  /** Whether to start no more, after `started` operations. Reads the clock: ask once a batch, not once a message. */
  over(started: number): boolean {
    return started >= this.operations || performance.now() >= this.#endMs
  }

  /** Takes the figures of another program in place of this process's own. */
  claim(claim: Claim): void {
    this.claimed = claim
  }
}

/** Does operations until `section.over`, waits for those in flight, and counts what was acknowledged. */
export type Body = (section: Section) => Promise<void>

export class Stage {
  readonly effort: Effort
  readonly directory: string
  readonly durability: Durability
  readonly payloadBytes: number
  readonly inFlight: number
  readonly #workload: Workload
  readonly #watched: { readonly probe: Probe; readonly side: Side }[] = []
  readonly #figures: { [name: string]: number } = {}
  /** What was measured. Set once, by `measure`. */
  #measured: Omit<Report, 'figures'> | null = null

  constructor(
    workload: Workload,
    variant: Variant,
    run: { readonly effort: Effort; readonly directory: string },
  ) {
    this.#workload = workload
    this.effort = run.effort
    this.directory = run.directory
    this.durability = variant.durability
    this.payloadBytes = workload.payloadBytes
    this.inFlight = workload.inFlight
  }

  /** Counts the cost of another process as well. Before `measure`. */
  watch(probe: Probe, side: Side): void {
    this.#watched.push({ probe, side })
  }

  /** Reports a figure that the workload declared. */
  figure(name: string, value: number): void {
    const declared = this.#workload.figures.some((own) => own.name === name)
    assert(declared, `the workload declares no figure '${name}'`)
    this.#figures[name] = value
  }

  /** Runs the body for the warm-up's length; nothing of it is counted. */
  async warmUp(body: Body): Promise<void> {
    const { operations, seconds } = sectionLength(this.#workload.length, 'warmUp', this.effort)
    if (operations > 0 && seconds > 0) await body(new Section(operations, seconds))
  }

  /** Runs the body and counts. Once a run. */
  async measure(body: Body): Promise<void> {
    assert(this.#measured === null, 'a run measures once')
    const own = { probe: new OwnProbe(), side: 'part' as const }
    globalThis.gc?.() // the garbage of the setup is not the section's
    const loop = this.#workload.unit === 'idle' ? 'unwatched' : 'watched'
    // This process's probe begins last and ends first: asking the others is not the section's work.
    for (const { probe } of [...this.#watched, own]) await probe.begin(loop)
    const { operations, seconds } = sectionLength(this.#workload.length, 'measured', this.effort)
    const busyBefore = machineCpuSeconds()
    const section = new Section(operations, seconds)
    await body(section)
    const elapsed = (performance.now() - section.startMs) / MS
    const busy = machineCpuSeconds() - busyBefore
    const usages = await Promise.all(
      [own, ...this.#watched].map(async ({ probe, side }) => ({ side, usage: await probe.end() })),
    )
    this.#measured = summed(section, { elapsed, busy }, usages)
  }

  /** The usual run: the same body for the warm-up and for the measured section. */
  async drive(body: Body): Promise<void> {
    await this.warmUp(body)
    await this.measure(body)
  }

  report(): Report {
    assert(this.#measured !== null, 'the run measured nothing')
    const { operations } = this.#measured
    const isIdle = this.#workload.unit === 'idle'
    assert(isIdle || operations > 0, 'no operation was acknowledged')
    assert(!isIdle || operations === 0, 'an idle workload counts no operations')
    return { ...this.#measured, figures: this.#figures }
  }
}

function sectionLength(
  length: Length,
  phase: 'warmUp' | 'measured',
  effort: Effort,
): { readonly operations: number; readonly seconds: number } {
  if (length.kind === 'seconds') {
    const seconds = effort === 'quick' ? Math.min(QUICK_SECONDS, length[phase]) : length[phase]
    return { operations: Number.POSITIVE_INFINITY, seconds }
  }
  const share = effort === 'quick' ? QUICK_SHARE : 1
  return { operations: Math.ceil(length[phase] * share), seconds: Number.POSITIVE_INFINITY }
}

/** Seconds of wall time, and CPU seconds of the whole machine within them. */
interface Elapsed {
  readonly elapsed: number
  readonly busy: number
}

interface SidedUsage {
  readonly side: Side
  readonly usage: UsageReport
}

function summed(
  section: Section,
  { elapsed, busy }: Elapsed,
  usages: readonly SidedUsage[],
): Omit<Report, 'figures'> {
  const of = (side: Side): UsageReport[] =>
    usages.filter((one) => one.side === side).map((one) => one.usage)
  const servers = of('server')
  const hasServer = servers.length > 0
  const loads = [...of('load'), ...(hasServer ? of('part') : [])]
  const { claimed } = section
  const seconds = claimed?.seconds ?? elapsed
  const subject = claimed === null ? totalUsage(hasServer ? servers : of('part')) : usageOf(claimed)
  const ours = totalUsage([subject, ...loads]).cpuSeconds
  return {
    operations: claimed?.operations ?? section.acknowledged,
    seconds,
    latency: section.latency.count === 0 ? null : latencyReport(section.latency),
    subject,
    load: loads.length === 0 ? null : loadReport(loads, seconds),
    // Counted in ticks of 10 ms on either side, so the difference may come out below zero.
    othersCores: ours === null ? null : Math.max(0, busy - ours) / elapsed,
  }
}

function usageOf(claim: Claim): UsageReport {
  return { cpuSeconds: claim.cpuSeconds, peakRssBytes: claim.peakRssBytes, loop: claim.loop }
}

function loadReport(loads: readonly UsageReport[], seconds: number): LoadReport {
  const shares = loads.flatMap((load) =>
    load.cpuSeconds === null ? [] : [load.cpuSeconds / seconds],
  )
  const coreShareMax = shares.length === 0 ? null : Math.max(...shares)
  return { ...totalUsage(loads), coreShareMax }
}

function latencyReport(latency: Histogram): LatencyReport {
  return {
    count: latency.count,
    p50Ms: latency.quantileMs(0.5),
    p90Ms: latency.quantileMs(0.9),
    p99Ms: latency.quantileMs(0.99),
    p999Ms: latency.quantileMs(0.999),
    maxMs: latency.maxMs,
  }
}

/**
 * What a process costs while it is measured: CPU seconds, peak memory, lateness of its event loop. A probe
 * looks at one process; the stage that watches it owns it.
 */
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import type { LoopReport, UsageReport } from './protocol.ts'

/** Whether a probe may wake the loop it watches: an idle workload is measured without. */
export type LoopWatch = 'watched' | 'unwatched'

/** Looks at one process between `begin` and `end`. */
export interface Probe {
  begin(loop: LoopWatch): Promise<void>
  end(): Promise<UsageReport>
}

const MICROSECONDS = 1e6
const MILLISECONDS = 1e3
const NANOSECONDS_PER_MS = 1e6
const KIBIBYTE = 1024
const LOOP_RESOLUTION_MS = 2 // a delay is seen to within 2 ms, for about 1% of a core
const LOOP_SETTLE_MS = 10 // the monitor drops its first tick, so a delay right after it would go unseen
const CLOCK_TICKS_PER_SECOND = 100 // USER_HZ, part of Linux's promise to programs

/** Lateness of this process's event loop. */
class LoopMonitor {
  #histogram: IntervalHistogram | null = null

  async begin(): Promise<void> {
    this.#histogram = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS })
    this.#histogram.enable()
    await delay(LOOP_SETTLE_MS)
  }

  /** Waits one tick first, so that a delay that is still going on is counted. */
  async end(): Promise<LoopReport | null> {
    const histogram = this.#histogram
    if (histogram === null) return null
    await delay(LOOP_RESOLUTION_MS * 2)
    histogram.disable()
    this.#histogram = null
    const late = (nanoseconds: number): number =>
      Math.max(0, nanoseconds / NANOSECONDS_PER_MS - LOOP_RESOLUTION_MS)
    return { p99Ms: late(histogram.percentile(99)), maxMs: late(histogram.max) }
  }
}

/** This process, its threads included. */
export class OwnProbe implements Probe {
  readonly #monitor = new LoopMonitor()
  #before: NodeJS.CpuUsage = process.cpuUsage()

  async begin(loop: LoopWatch): Promise<void> {
    if (loop === 'watched') await this.#monitor.begin()
    this.#before = process.cpuUsage()
  }

  async end(): Promise<UsageReport> {
    const spent = process.cpuUsage(this.#before)
    const cpuSeconds = (spent.user + spent.system) / MICROSECONDS
    return { cpuSeconds, peakRssBytes: ownPeakRssBytes(), loop: await this.#monitor.end() }
  }
}

/**
 * The system's own count of the largest memory of this program. Not `maxRSS` where it can be helped: Linux
 * hands that down from the parent through fork and exec, so a small child of a large runner looks large.
 */
function ownPeakRssBytes(): number {
  return peakRssBytesOf('self') ?? process.resourceUsage().maxRSS * KIBIBYTE
}

/** Any process, through /proc: Linux only, in steps of 10 ms of CPU time. Elsewhere everything is `null`. */
export function processProbe(pid: number): Probe {
  let before: number | null = null
  return {
    begin: async () => {
      before = cpuSecondsOf(pid)
    },
    end: async () => {
      const after = cpuSecondsOf(pid)
      const cpuSeconds = after === null || before === null ? null : after - before
      return { cpuSeconds, peakRssBytes: peakRssBytesOf(pid), loop: null }
    },
  }
}

/** User and system time of all threads since the process started. */
function cpuSecondsOf(pid: number): number | null {
  const text = readProc(`/proc/${pid}/stat`)
  return text === null ? null : cpuSecondsInStat(text)
}

/** Fields 14 and 15: the process itself. */
export function cpuSecondsInStat(text: string): number {
  return secondsInFields(text, 14)
}

/** Fields 16 and 17: its children that have ended and were waited for. */
export function cpuSecondsOfChildrenInStat(text: string): number {
  return secondsInFields(text, 16)
}

/** User and system time; counted from the last parenthesis, because the name before it may hold anything. */
function secondsInFields(text: string, first: number): number {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const FIRST_FIELD = 3 // what follows the parenthesis
  const at = first - FIRST_FIELD
  return (Number(fields[at]) + Number(fields[at + 1])) / CLOCK_TICKS_PER_SECOND
}

function peakRssBytesOf(pid: number | 'self'): number | null {
  const found = readProc(`/proc/${pid}/status`)?.match(/^VmHWM:\s+(\d+) kB$/m)
  return found ? Number(found[1]) * KIBIBYTE : null
}

function readProc(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null // no /proc here, or the process is gone
  }
}

/** CPU seconds of everything that ran on this machine since it started. */
export function machineCpuSeconds(): number {
  const busyMs = cpus().map(({ times }) => times.user + times.nice + times.sys + times.irq)
  return busyMs.reduce((total, one) => total + one, 0) / MILLISECONDS
}

/** Several processes as one: sums of CPU and memory, the worst of the loops. */
export function totalUsage(parts: readonly UsageReport[]): UsageReport {
  const sum = (of: (part: UsageReport) => number | null): number | null =>
    parts.reduce<number | null>((total, part) => {
      const value = of(part)
      return total === null || value === null ? null : total + value
    }, 0)
  const loops = parts.flatMap((part) => (part.loop === null ? [] : [part.loop]))
  return {
    cpuSeconds: sum((part) => part.cpuSeconds),
    peakRssBytes: sum((part) => part.peakRssBytes),
    loop:
      loops.length === 0
        ? null
        : {
            p99Ms: Math.max(...loops.map((loop) => loop.p99Ms)),
            maxMs: Math.max(...loops.map((loop) => loop.maxMs)),
          },
  }
}

/**
 * What an invocation found out, as files: raw JSON of every run, kept and not committed, and the baseline of
 * an area, committed. It never decides whether a number is good.
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { assert } from '../src/base/assert.ts'
import { type Machine, sameMachine } from './machine.ts'
import { UsageError } from './options.ts'
import type { Outcome, Runs, Summary } from './summary.ts'
import type { Verdict } from './verdict.ts'

/** One workload, summed up and judged. */
export interface Result {
  readonly summary: Summary
  readonly verdicts: readonly Verdict[]
  /** When it was measured, as ISO 8601 in UTC, and of which commit. */
  readonly date: string
  readonly commit: string
}

/** All workloads of one area, measured in one invocation; in a baseline some may be of a later one. */
export interface AreaResults {
  readonly format: typeof FORMAT
  readonly area: string
  /** When it was measured, as ISO 8601 in UTC. */
  readonly date: string
  readonly machine: Machine
  readonly rounds: number
  readonly results: readonly Result[]
}

const FORMAT = 2 // moves when an old baseline can no longer be read

export function areaResults(fields: Omit<AreaResults, 'format'>): AreaResults {
  return { format: FORMAT, ...fields }
}

/** Writes every report beside the summary. The name tells when, what and which area. */
export async function saveRaw(
  directory: string,
  results: AreaResults,
  runs: readonly Runs[],
): Promise<string> {
  await mkdir(directory, { recursive: true })
  const { date, machine, area } = results
  const stamp = date.replaceAll(':', '-').replace(/\.\d+Z$/, 'Z') // no colons: Windows
  const path = join(directory, `${stamp}-${machine.commit}-${area}.json`)
  const raw = runs.map(({ workload, pairs, outcomes }) => ({
    workload: workload.name,
    length: workload.length,
    pairs,
    outcomes: Object.fromEntries<Outcome>(outcomes),
  }))
  await writeFile(path, `${JSON.stringify({ ...results, raw }, null, 1)}\n`)
  return path
}

export async function saveBaseline(directory: string, results: AreaResults): Promise<string> {
  await mkdir(directory, { recursive: true })
  const path = join(directory, `${results.area}.json`)
  await writeFile(path, `${JSON.stringify(results, roundedNumbers, 2)}\n`)
  return path
}

/** The baseline with what was measured anew, by itself, in the place of what it had. */
export function replaceResults(baseline: AreaResults, part: AreaResults): AreaResults {
  if (!sameMachine(baseline.machine, part.machine)) {
    throw new UsageError('the baseline is from another machine: measure the whole area')
  }
  if (part.rounds < baseline.rounds) {
    throw new UsageError(`the baseline has ${baseline.rounds} rounds, and this is ${part.rounds}`)
  }
  const anew = new Map(part.results.map((result) => [result.summary.name, result]))
  const results = baseline.results.map((old) => anew.get(old.summary.name) ?? old)
  const known = new Set(baseline.results.map(({ summary }) => summary.name))
  return {
    ...baseline,
    results: [...results, ...part.results.filter((one) => !known.has(one.summary.name))],
  }
}

/** Six digits are more than any run repeats; the rest would be noise in every diff. */
function roundedNumbers(_key: string, value: unknown): unknown {
  if (typeof value !== 'number' || Number.isInteger(value)) return value
  return Number(value.toPrecision(6))
}

/** The committed baseline of an area, or `null` where there is none yet. */
export async function loadBaseline(directory: string, area: string): Promise<AreaResults | null> {
  const text = await readFile(join(directory, `${area}.json`), 'utf8').catch(() => null)
  if (text === null) return null
  const loaded = JSON.parse(text) as AreaResults
  assert(loaded.format === FORMAT, `the baseline of ${area} has format ${loaded.format}`)
  return loaded
}

/** All committed baselines, in the order of the areas' names. */
export async function loadBaselines(directory: string): Promise<readonly AreaResults[]> {
  const names = await readdir(directory).catch((): string[] => [])
  const areas = names.filter((name) => name.endsWith('.json')).toSorted()
  const loaded = await Promise.all(
    areas.map((name) => loadBaseline(directory, name.slice(0, -'.json'.length))),
  )
  return loaded.filter((one) => one !== null)
}

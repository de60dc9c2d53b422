/** Runs a range of seeds and counts: what they came to, which marks they came past, and what went wrong. */
import { hearMarks } from '../../src/base/mark.ts'
import { withStrays } from './strays.ts'
import type { WorldReport } from './world.ts'

export type SeedRange = {
  readonly first: number
  readonly count: number
  /** One in so many is run twice, and must be the same. */
  readonly againEvery: number
}

/** Which world, and what to type to see one seed of it. */
export type WorldRun = {
  readonly play: (seed: number) => Promise<WorldReport>
  readonly command: string
}

export type RangeReport = {
  readonly seeds: number
  /** Sums over all seeds. */
  readonly sums: Readonly<Record<string, number>>
  /** How many seeds came past each mark. */
  readonly seedsByMark: Readonly<Record<string, number>>
  readonly again: number
  /** The first few, in words. */
  readonly failures: readonly string[]
}

const OPERATIONS_MIN = 200 // fewer are no story: a seed with less is badly drawn
const FAILURES_MAX = 5 // a broken broker fails in most seeds, and each takes a while

export async function runRange(
  range: SeedRange,
  { play, command }: WorldRun,
): Promise<RangeReport> {
  const seedsByMark: Record<string, number> = {}
  const sums: Record<string, number> = {}
  const failures: string[] = []
  let again = 0
  for (let seed = range.first; seed < range.first + range.count; seed++) {
    try {
      const report = await hearing(() => play(seed), seedsByMark)
      if (seed % range.againEvery === 0) {
        again++
        refuse((await play(seed)).hash !== report.hash, 'not the same when it is run twice')
      }
      refuse(report.operations < OPERATIONS_MIN, `only ${report.operations} operations`)
      refuse(report.crashes === 0 || report.restarts === 0, 'nothing happened')
      const { operations, crashes, restarts, verdict } = report
      const counts = { operations, crashes, restarts, ...Object.fromEntries(verdict.notices) }
      for (const [name, count] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + count
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
      failures.push(`${command} ${seed}\n${text}`)
      if (failures.length === FAILURES_MAX) break
    }
  }
  return { seeds: range.count, sums, seedsByMark, again, failures }
}

function refuse(isWrong: boolean, what: string): void {
  if (isWrong) throw new Error(what)
}

async function hearing(
  play: () => Promise<WorldReport>,
  seedsByMark: Record<string, number>,
): Promise<WorldReport> {
  const heard = new Set<string>()
  const stop = hearMarks((name) => {
    heard.add(name)
  })
  try {
    return await withStrays(play)
  } finally {
    stop()
    for (const name of heard) seedsByMark[name] = (seedsByMark[name] ?? 0) + 1
  }
}

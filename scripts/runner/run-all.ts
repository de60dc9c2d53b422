/**
 * Runs many test files, a few at a time, the longest first. It owns the order and the table of how
 * long each file took last time; what a file's result means is decided in run-file.ts.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestFile } from './files.ts'
import { type FileReport, runFile } from './run-file.ts'

export interface RunAllOptions {
  readonly root: string
  /** How many files run at once. */
  readonly concurrency: number
  readonly limitMsOf: (file: TestFile) => number
  readonly signal: AbortSignal
  /** Told after each file, in the order in which they end. */
  readonly onReport: (report: FileReport) => void
}

/** Milliseconds per source, from the last run on this machine. A missing file counts as the longest. */
type Durations = Record<string, number>

/** The reports in the order of the files' paths. */
export async function runAll(
  files: readonly TestFile[],
  options: RunAllOptions,
): Promise<FileReport[]> {
  const tablePath = join(options.root, 'build', 'test-durations.json')
  const durations = readDurations(tablePath)
  const waiting = orderLongestFirst(files, durations)
  const scratch = mkdtempSync(join(tmpdir(), 'naru-test-'))
  const reports: FileReport[] = []
  const work = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      if (options.signal.aborted) return
      const { root, signal } = options
      const report = await runFile(file, {
        root,
        scratch,
        limitMs: options.limitMsOf(file),
        signal,
      })
      durations[file.source] = Math.round(report.elapsedMs)
      reports.push(report)
      options.onReport(report)
    }
  }
  try {
    await Promise.all(Array.from({ length: options.concurrency }, work))
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
  mkdirSync(dirname(tablePath), { recursive: true })
  writeFileSync(tablePath, JSON.stringify(durations, null, 1))
  return reports.sort((a, b) => (a.file.source < b.file.source ? -1 : 1))
}

/** A long file that starts last would keep one core busy while the others have nothing left to do. */
export function orderLongestFirst(files: readonly TestFile[], durations: Durations): TestFile[] {
  const known = (file: TestFile) => durations[file.source] ?? Number.POSITIVE_INFINITY
  return [...files].sort((a, b) => (known(a) === known(b) ? 0 : known(b) - known(a)))
}

function readDurations(path: string): Durations {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Durations
  } catch {
    return {}
  }
}

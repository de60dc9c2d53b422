/** What a run of the tests tells a person, as text. It prints nothing itself. */
import type { Failure, FileReport } from './run-file.ts'

/** The counts that the last line gives. */
export interface Totals {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

export function totalsOf(reports: readonly FileReport[]): Totals {
  return {
    passed: sum(reports, (report) => report.passed),
    failed: sum(reports, (report) => report.failures.length),
    skipped: sum(reports, (report) => report.skipped.length),
  }
}

/** One line per world: files, tests and the seconds they took, which add up over all cores. */
export function worldLines(reports: readonly FileReport[]): string[] {
  const worlds = [...new Set(reports.map((report) => report.file.world))]
  return worlds.map((world) => {
    const own = reports.filter((report) => report.file.world === world)
    const { passed, failed, skipped } = totalsOf(own)
    const seconds = (sum(own, (report) => report.elapsedMs) / 1000).toFixed(1)
    return [world, plural(own.length, 'file'), `${passed} passed`, `${failed} failed`]
      .concat(`${skipped} skipped`, `${seconds} s`)
      .map((cell, column) => cell.padEnd(column === 0 ? 14 : 12))
      .join('')
      .trimEnd()
  })
}

/** Every failure in full, then what its file printed. */
export function failureLines(reports: readonly FileReport[]): string[] {
  const failed = reports.filter((report) => report.failures.length > 0)
  return failed.flatMap((report) => [
    '',
    ...report.failures.flatMap((failure) => describeFailure(report.file.source, failure)),
    ...(report.output.trim() === '' ? [] : ['  what the file printed:', indent(report.output)]),
  ])
}

function describeFailure(source: string, failure: Failure): string[] {
  const where = failure.where === '' ? source : failure.where
  return [`FAILED ${source}: ${failure.title}`, `  at ${where}`, indent(failure.details)]
}

export function skipLines(reports: readonly FileReport[]): string[] {
  return reports.flatMap((report) =>
    report.skipped.map((title) => `skipped ${report.file.source}: ${title}`),
  )
}

/** What the tests counted. */
export function remarkLines(reports: readonly FileReport[]): string[] {
  return reports.flatMap((report) =>
    report.remarks.map((remark) => `${report.file.source}: ${remark}`),
  )
}

/** The last line, alone, in the form that machines read. */
export function closingLine(totals: Totals): string {
  return `${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`
}

function indent(text: string): string {
  return text.trimEnd().replace(/^/gm, '    ')
}

function plural(count: number, noun: string): string {
  return count === 1 ? `1 ${noun}` : `${count} ${noun}s`
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}

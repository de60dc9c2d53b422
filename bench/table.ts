/** The printed table: one block a workload, columns aligned, targets below. Pure: it returns lines. */
import {
  COLUMNS,
  describeNoise,
  describeOwnFigures,
  describeVariant,
  describeWork,
} from './columns.ts'
import { describeMachine, type Machine } from './machine.ts'
import type { Result } from './results.ts'
import type { Summary } from './summary.ts'
import { verdictInWords } from './verdict.ts'

const GAP = '  '

/** `versions` of whatever we are compared with; each is said once. */
export function printHeader(machine: Machine, versions: readonly string[]): readonly string[] {
  const rivals = [...new Set(versions)].join(', ')
  return [...describeMachine(machine), ...(rivals === '' ? [] : [`compared with: ${rivals}`])]
}

/** Versions of everything that is not ours, each once. */
export function versionsIn(results: readonly Result[]): readonly string[] {
  const versions = results.flatMap(({ summary }) =>
    summary.variants.filter((variant) => variant.role !== 'ours').map((variant) => variant.version),
  )
  return [...new Set(versions)].filter((version) => version !== '')
}

export function printResult({ summary, verdicts }: Result): readonly string[] {
  const work = describeWork(summary).join(', ')
  return [
    `${summary.area} / ${summary.name}  [${work}]  ${describeNoise(summary)}`,
    ...indent(printVariants(summary)),
    ...indent(printNotes(summary)),
    ...indent(
      verdicts.map((verdict) => {
        const { target, found } = verdict
        return `target  ${target}: ${found}, ${verdictInWords(verdict)}`
      }),
    ),
  ]
}

function printVariants(summary: Summary): readonly string[] {
  const measured = summary.variants.filter((variant) => variant.state === 'measured')
  const rows = measured.map((variant) => COLUMNS.map((column) => column.cell(variant, summary)))
  return alignColumns([COLUMNS.map((column) => column.heading), ...rows])
}

function printNotes(summary: Summary): readonly string[] {
  return summary.variants.flatMap((variant) => {
    const note = describeVariant(variant, summary)
    const own = describeOwnFigures(variant)
    return [...(note === '' ? [] : [note]), ...own].map((text) => `${variant.name}: ${text}`)
  })
}

/** The first column to the left, the others to the right, where numbers line up. */
export function alignColumns(rows: readonly (readonly string[])[]): readonly string[] {
  const columnCount = Math.max(0, ...rows.map((row) => row.length))
  const widths = Array.from({ length: columnCount }, (_, index) =>
    Math.max(...rows.map((row) => row[index]?.length ?? 0)),
  )
  return rows.map((row) =>
    row
      .map((cell, index) => {
        const width = widths[index] ?? 0
        return index === 0 ? cell.padEnd(width) : cell.padStart(width)
      })
      .join(GAP)
      .trimEnd(),
  )
}

function indent(lines: readonly string[]): readonly string[] {
  return lines.map((line) => GAP + line)
}

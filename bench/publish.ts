/**
 * Puts the committed baselines into the documentation: the tables between two markers of docs/benchmarks.md and of
 * docs/primitives.md, and one chart an area. It measures nothing, so that what is published is what is committed.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { assert } from '../src/base/assert.ts'
import { drawArea } from './chart.ts'
import { COLUMNS, describeNoise, describeVariant, describeWork } from './columns.ts'
import { renderCosts } from './costs.ts'
import { describeMachine } from './machine.ts'
import { type AreaResults, loadBaselines } from './results.ts'
import { versionsIn } from './table.ts'
import { verdictInWords } from './verdict.ts'

const NOTHING_YET = 'No baseline is committed yet.'

/** Where what is published comes from and goes to. */
export interface PublishPlaces {
  readonly baselines: string
  readonly docs: string
}

/** Where something is published: a page, and the name of its two markers there. */
export interface Published {
  readonly page: string
  readonly marker: string
  readonly render: (areas: readonly AreaResults[]) => string
}

export const published: readonly Published[] = [
  { page: 'benchmarks.md', marker: 'bench', render: renderAreas },
  { page: 'primitives.md', marker: 'costs', render: renderCosts },
]

export async function publishTables(places: PublishPlaces): Promise<readonly string[]> {
  const areas = await loadBaselines(places.baselines)
  return Promise.all(
    published.map(async ({ page, marker, render }) => {
      const path = join(places.docs, page)
      const text = await readFile(path, 'utf8')
      await writeFile(path, replaceBetween(text, marker, render(areas)))
      return path
    }),
  )
}

export async function publishCharts(places: PublishPlaces): Promise<readonly string[]> {
  const directory = join(places.docs, 'bench')
  await mkdir(directory, { recursive: true })
  const paths: string[] = []
  for (const results of await loadBaselines(places.baselines)) {
    const path = join(directory, `${results.area}.svg`)
    await writeFile(path, drawArea(results))
    paths.push(path)
  }
  return paths
}

/** The page with everything between the markers replaced. */
export function replaceBetween(page: string, marker: string, content: string): string {
  const [first, last] = [`<!-- ${marker}:begin -->`, `<!-- ${marker}:end -->`]
  const begin = page.indexOf(first)
  const end = page.indexOf(last)
  assert(begin >= 0 && end > begin, `the page lacks ${first} before ${last}`)
  return `${page.slice(0, begin + first.length)}\n${content}\n${page.slice(end)}`
}

export function renderAreas(areas: readonly AreaResults[]): string {
  return areas.length === 0 ? NOTHING_YET : areas.map(renderArea).join('\n\n')
}

function renderArea(results: AreaResults): string {
  const { area, date, machine, rounds } = results
  const versions = versionsIn(results.results)
  const header = [
    ...describeMachine(machine),
    `measured ${dayOf(date)}, median of ${rounds} rounds`,
    ...(versions.length === 0 ? [] : [`compared with ${versions.join(', ')}`]),
  ]
  return [
    `### ${area}`,
    '',
    ...header.map((line) => `- ${escapeCell(line)}`),
    '',
    ...renderTable(results),
    '',
    ...renderNotes(results),
  ]
    .join('\n')
    .trimEnd()
}

function renderTable({ results }: AreaResults): readonly string[] {
  const headings = ['workload', ...COLUMNS.map((column) => column.heading)]
  const rows = results.flatMap(({ summary }) => {
    const work = `**${summary.name}** (${[...describeWork(summary), describeNoise(summary)].join(', ')})`
    const measured = summary.variants.filter((variant) => variant.state === 'measured')
    return measured.map((variant, index) => [
      index === 0 ? work : '',
      ...COLUMNS.map((column) => column.cell(variant, summary)),
    ])
  })
  const alignment = headings.map((_, index) => (index < 2 ? ':--' : '--:'))
  return [headings, alignment, ...rows.map((row) => row.map(escapeCell))].map(
    (cells) => `| ${cells.join(' | ')} |`,
  )
}

/** What does not fit a cell: versions and settings, what was not run, and how the targets fared. */
function renderNotes({ machine, results }: AreaResults): readonly string[] {
  return results.flatMap(({ summary, verdicts, commit, date }) => [
    ...(commit === machine.commit
      ? []
      : [`- ${summary.name}: measured anew ${dayOf(date)}, commit ${commit}`]),
    ...summary.variants.flatMap((variant) => {
      const note = describeVariant(variant, summary)
      return note === '' ? [] : [`- ${summary.name}, ${variant.name}: ${escapeCell(note)}`]
    }),
    ...verdicts.map((verdict) => {
      const words = `${verdict.target}: ${verdict.found}, **${verdictInWords(verdict)}**`
      return `- ${summary.name}, target ${escapeCell(words)}`
    }),
  ])
}

function dayOf(date: string): string {
  return date.slice(0, 'yyyy-mm-dd'.length)
}

/** A bar would end the cell, a line break the table. */
function escapeCell(content: string): string {
  return content.replaceAll('|', '\\|').replaceAll('\n', ' ')
}

/**
 * Charts as SVG text: for each workload of an area a panel of bars with its own scale, medians with whiskers
 * from the slowest to the fastest round. Pure; no script, no font of its own, readable on light and dark.
 */
import { describeNoise, describeWork, formatComparison } from './columns.ts'
import { formatCount } from './format.ts'
import type { AreaResults } from './results.ts'
import type { Summary, VariantSummary } from './summary.ts'
import { versionsIn } from './table.ts'
import type { Role } from './workload.ts'

const WIDTH = 860
const MARGIN = 20
const LABEL_WIDTH = 190
const VALUE_WIDTH = 250 // the widest value with its comparison
const BAR_HEIGHT = 16
const BAR_STEP = 24
const TITLE_HEIGHT = 30
const PANEL_GAP = 18
const HEAD_HEIGHT = 58
const FOOT_STEP = 16
const LEGEND_STEP = 74
const NAME_LENGTH_MAX = 28 // what LABEL_WIDTH holds at 12 px

const ROLES: readonly Role[] = ['ours', 'yardstick', 'rival']

const BAR_LEFT: number = MARGIN + LABEL_WIDTH
const BAR_WIDTH: number = WIDTH - BAR_LEFT - VALUE_WIDTH - MARGIN

const STYLE = `
  .card { fill: #ffffff; stroke: #d0d7de; }
  text { font: 12px system-ui, -apple-system, 'Segoe UI', sans-serif; fill: #1f2328; }
  .head { font-size: 17px; font-weight: 600; }
  .title { font-size: 13px; font-weight: 600; }
  .quiet { fill: #59636e; }
  .number { font-variant-numeric: tabular-nums; }
  .ours { fill: #0969da; }
  .yardstick { fill: #8c959f; }
  .rival { fill: #bc6c0a; }
  .whisker { stroke: #1f2328; stroke-width: 1.5; fill: none; }
  @media (prefers-color-scheme: dark) {
    .card { fill: #0d1117; stroke: #3d444d; }
    text { fill: #f0f6fc; }
    .quiet { fill: #9198a1; }
    .ours { fill: #4493f8; }
    .yardstick { fill: #656c76; }
    .rival { fill: #d29922; }
    .whisker { stroke: #f0f6fc; }
  }`

/** The chart of one area. Workloads without a rate (idle ones) have no bars and are left out. */
export function drawArea(results: AreaResults): string {
  const panels = results.results
    .map(({ summary }) => summary)
    .filter((summary) => barsOf(summary).length > 0)
  let top = HEAD_HEIGHT
  const drawn: string[] = []
  for (const summary of panels) {
    drawn.push(drawPanel(summary, top))
    top += TITLE_HEIGHT + barsOf(summary).length * BAR_STEP + PANEL_GAP
  }
  const foot = footOf(results)
  const height = top + FOOT_STEP * foot.length + MARGIN
  const modes = [...new Set(panels.map((summary) => summary.durability))].join(', ')
  const title = `${results.area}: acknowledged operations a second (durability: ${modes})`
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img">`,
    `<title>${escapeXml(title)}</title>`,
    `<style>${STYLE}\n</style>`,
    `<rect class="card" x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="8"/>`,
    text({ x: MARGIN, y: 34, kind: 'head' }, title),
    drawLegend(),
    ...drawn,
    ...foot.map((line, index) =>
      text({ x: MARGIN, y: top + FOOT_STEP * (index + 1), kind: 'quiet' }, line),
    ),
    '</svg>',
  ]
  return `${lines.join('\n')}\n`
}

function footOf({ machine, date, rounds, results }: AreaResults): readonly string[] {
  const day = date.slice(0, 'yyyy-mm-dd'.length)
  const versions = versionsIn(results).join(', ')
  return [
    `median of ${rounds} rounds, whiskers from slowest to fastest; ` +
      `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, ${machine.commit}, ${day}`,
    ...(versions === '' ? [] : [`compared with ${versions}`]),
  ]
}

/** What the three colours stand for. */
function drawLegend(): string {
  return ROLES.map((role, index) => {
    const x = WIDTH - MARGIN - (ROLES.length - index) * LEGEND_STEP
    const square = `<rect class="${role}" x="${x}" y="24" width="10" height="10" rx="2"/>`
    return `${square}\n${text({ x: x + 15, y: 33, kind: 'quiet' }, role)}`
  }).join('\n')
}

function barsOf(summary: Summary): readonly VariantSummary[] {
  return summary.variants.filter((variant) => variant.figures.perSecond !== undefined)
}

function drawPanel(summary: Summary, top: number): string {
  const bars = barsOf(summary)
  const most = Math.max(...bars.map((bar) => bar.figures.perSecond?.max ?? 0))
  const title = `${summary.name} [${describeWork(summary).join(', ')}]`
  return [
    '<g>',
    text({ x: MARGIN, y: top + 16, kind: 'title' }, title),
    text({ x: WIDTH - MARGIN, y: top + 16, kind: 'quiet', anchor: 'end' }, describeNoise(summary)),
    ...bars.map((bar, index) =>
      drawBar({ bar, summary, most, top: top + TITLE_HEIGHT + index * BAR_STEP }),
    ),
    '</g>',
  ].join('\n')
}

interface Bar {
  readonly bar: VariantSummary
  readonly summary: Summary
  /** What the full width stands for. */
  readonly most: number
  readonly top: number
}

function drawBar({ bar, summary, most, top }: Bar): string {
  const { perSecond } = bar.figures
  if (perSecond === undefined) return ''
  const { median, min, max } = perSecond
  const at = (value: number): number => BAR_LEFT + round((value / most) * BAR_WIDTH)
  const middle = top + BAR_HEIGHT / 2
  const baseline = middle + 4 // of the text, so that it stands in the bar's middle
  const comparison = summary.comparisons.find((one) => one.to === bar.name)
  const against = comparison === undefined ? '' : `, ours is ${formatComparison(comparison)}`
  const value = formatCount(median) + against
  return [
    text({ x: BAR_LEFT - 8, y: baseline, kind: 'name', anchor: 'end' }, shorten(bar.name)),
    `<rect class="${bar.role}" x="${BAR_LEFT}" y="${top}" width="${round(at(median) - BAR_LEFT)}" height="${BAR_HEIGHT}" rx="2"/>`,
    `<path class="whisker" d="M${at(min)} ${middle}H${at(max)}M${at(min)} ${middle - 4}v8M${at(max)} ${middle - 4}v8"/>`,
    text({ x: at(max) + 8, y: baseline, kind: 'number' }, value),
  ].join('\n')
}

interface TextPlace {
  readonly x: number
  readonly y: number
  readonly kind: string
  readonly anchor?: 'end'
}

function text(place: TextPlace, content: string): string {
  const anchor = place.anchor === undefined ? '' : ` text-anchor="${place.anchor}"`
  return `<text class="${place.kind}" x="${place.x}" y="${place.y}"${anchor}>${escapeXml(content)}</text>`
}

function shorten(name: string): string {
  return name.length > NAME_LENGTH_MAX ? `${name.slice(0, NAME_LENGTH_MAX - 1)}…` : name
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

function escapeXml(content: string): string {
  return content
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

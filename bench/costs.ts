/**
 * What the ways of passing messages cost, side by side: the tables of docs/primitives.md, taken from the committed
 * baselines. It measures nothing and knows no figure; it only says which stands where.
 */
import { formatCount } from './format.ts'
import type { AreaResults } from './results.ts'

/** The figure of one variant of one workload. */
export interface Cell {
  readonly area: string
  readonly workload: string
  readonly variant: string
}

interface Row {
  readonly name: string
  /** A column each; `null` where there is no such thing. */
  readonly cells: readonly (Cell | null)[]
}

interface Table {
  readonly headings: readonly string[]
  readonly rows: readonly Row[]
}

function inArea(area: string): (workload: string, variant: string) => Cell {
  return (workload, variant) => ({ area, workload, variant })
}

const channels = inArea('channels')
const pool = inArea('pool')
const slice = inArea('slice')

const messages: Table = {
  headings: [
    'messages a second',
    'without a wait (`tryGet`)',
    'each awaited (`get`)',
    '1 KiB each',
    'of 100 at once',
  ],
  rows: [
    {
      name: 'a channel in one process',
      cells: [
        channels('channel: tryPut and tryGet', 'channel'),
        channels('channel: awaited put and get', 'get'),
        null,
        null,
      ],
    },
    {
      name: 'a channel between threads',
      cells: [
        channels('thread channel: 64 bytes', 'tryGet'),
        channels('thread channel: 64 bytes', 'awaited get'),
        channels('thread channel: 1 KiB, Uint8Array', 'tryGet'),
        null,
      ],
    },
    {
      name: "Node's `postMessage`",
      cells: [
        null,
        channels('thread channel: 64 bytes', 'postMessage'),
        channels('thread channel: 1 KiB, Uint8Array', 'postMessage'),
        channels('thread channel: 64 bytes', 'postMessage, arrays of 100'),
      ],
    },
    {
      name: 'a channel between processes',
      cells: [
        channels('process channel: 100-byte messages', 'tryGet'),
        channels('process channel: 100-byte messages', 'awaited get'),
        null,
        null,
      ],
    },
    {
      name: "Node's `process.send`",
      cells: [
        null,
        channels('process channel: 100-byte messages', 'child_process IPC'),
        null,
        null,
      ],
    },
    {
      name: "Python's `queue.Queue`, threads",
      cells: [null, channels('channel: awaited put and get', 'queue.Queue of Python'), null, null],
    },
    {
      name: "Python's `multiprocessing.Queue`",
      cells: [
        null,
        channels('process channel: 100-byte messages', 'multiprocessing.Queue of Python'),
        null,
        null,
      ],
    },
    {
      name: 'a queue of an embedded broker, each on disk',
      cells: [
        null,
        slice('embedded queue, persistent, consumed one by one', 'naru'),
        null,
        slice('embedded queue, persistent, consumed in batches', 'naru'),
      ],
    },
  ],
}

const meetings: Table = {
  headings: ['a second', 'calls, 64 under way', 'rounds of 2 at a barrier', 'of 4'],
  rows: [
    {
      name: 'in one process',
      cells: [
        channels('RPC in one process', 'rpc'),
        null,
        channels('barrier of 4 in one process', 'barrier'),
      ],
    },
    {
      name: 'between threads',
      cells: [
        channels('thread RPC', 'two rings'),
        channels('barrier of 2 threads', 'thread barrier'),
        channels('barrier of 4 threads', 'thread barrier'),
      ],
    },
    {
      name: 'between processes',
      cells: [
        channels('process RPC', 'Unix socket'),
        null,
        channels('barrier across processes: 4 parties', 'coordinator'),
      ],
    },
    {
      name: "Python's `threading.Barrier`",
      cells: [
        null,
        channels('barrier of 2 threads', 'threading.Barrier of Python'),
        channels('barrier of 4 threads', 'threading.Barrier of Python'),
      ],
    },
  ],
}

const tasks: Table = {
  headings: ['tasks a second', '`run`, 64 under way', '`imap`, one at a time'],
  rows: [
    {
      name: 'a pool of threads',
      cells: [
        pool('run, 64 callers, threads', 'threads'),
        pool('imap, one task at a time', 'threads'),
      ],
    },
    {
      name: 'piscina by itself',
      cells: [pool('run, 64 callers, threads', 'piscina'), null],
    },
    {
      name: 'a pool of processes',
      cells: [
        pool('run, 64 callers, processes', 'processes'),
        pool('imap, one task at a time', 'processes'),
      ],
    },
    {
      name: "Python's `multiprocessing.Pool`",
      cells: [null, pool('imap, one task at a time', 'python')],
    },
  ],
}

const tables: readonly Table[] = [messages, meetings, tasks]

/** Every figure that the tables name. */
export const cells: readonly Cell[] = tables
  .flatMap(({ rows }) => rows.flatMap((row) => row.cells))
  .filter((cell) => cell !== null)

export function renderCosts(areas: readonly AreaResults[]): string {
  return tables.map((table) => renderTable(table, areas)).join('\n\n')
}

/** Padded as the formatter of the tree would. */
function renderTable({ headings, rows }: Table, areas: readonly AreaResults[]): string {
  const lines = rows.map((row) => [row.name, ...row.cells.map((cell) => renderCell(cell, areas))])
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...lines.map((line) => line[column]?.length ?? 0)),
  )
  const pad = (line: readonly string[]): string[] =>
    line.map((text, column) => {
      const width = widths[column] ?? 0
      return column === 0 ? text.padEnd(width) : text.padStart(width)
    })
  const alignment = widths.map((width, column) =>
    column === 0 ? `:${'-'.repeat(width - 1)}` : `${'-'.repeat(width - 1)}:`,
  )
  return [pad(headings), alignment, ...lines.map(pad)]
    .map((line) => `| ${line.join(' | ')} |`)
    .join('\n')
}

function renderCell(cell: Cell | null, areas: readonly AreaResults[]): string {
  if (cell === null) return '-'
  const results = areas.find(({ area }) => area === cell.area)?.results ?? []
  const { variants = [] } =
    results.find(({ summary }) => summary.name === cell.workload)?.summary ?? {}
  const perSecond = variants.find(({ name }) => name === cell.variant)?.figures.perSecond
  return perSecond === undefined ? 'not measured' : formatCount(perSecond.median)
}

/**
 * `npm test`: runs every test file in a process of its own over all cores and ends with one line
 * `N passed, N failed, N skipped`. It fails when a test fails, and when there was no test to run.
 */
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { listTestFiles, selectFiles } from './runner/files.ts'
import {
  closingLine,
  failureLines,
  remarkLines,
  skipLines,
  totalsOf,
  worldLines,
} from './runner/print.ts'
import { runAll } from './runner/run-all.ts'

const USAGE = `usage: npm test -- [options] [PATTERN...]
  PATTERN          run only files whose path contains it
  --world NAME     run only this world (may be given again); unit is src/, the others are test/NAME,
                   scripts, bench and examples
  --list           print the files instead of running them
  --jobs N         how many files run at once (default: one per core)
  --limit SECONDS  after this long a file hangs and fails (default: 120, for some worlds more)`

/** A hang shows within two minutes; no single file of the quick worlds takes a tenth of that. */
const LIMIT_MS = 120_000

/** Worlds whose files are long on purpose, within the time budget of the whole run. */
const LIMIT_MS_BY_WORLD: Readonly<Record<string, number>> = {
  crash: 300_000, // crash states are budgeted 150 s, and a loaded machine may be half as fast
  faults: 300_000, // failing calls, 45 s
  bits: 300_000, // flipped bits, 60 s
  sim: 300_000, // seeds are budgeted 150 s
  world: 300_000, // likewise
}

const root = join(import.meta.dirname, '..', '..')

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      world: { type: 'string', multiple: true, default: [] },
      list: { type: 'boolean', default: false },
      jobs: { type: 'string', default: String(availableParallelism()) },
      limit: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(USAGE)
    return 0
  }
  const selection = { patterns: positionals, worlds: values.world }
  const files = selectFiles(listTestFiles(root), selection)
  if (values.list) {
    for (const file of files) console.log(`${file.world.padEnd(14)}${file.source}`)
    return 0
  }
  const stop = new AbortController()
  // Not once: a terminal and npm may both pass the same signal on, and the second would kill us unheard.
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stop.abort())
  const limitMs = values.limit === undefined ? null : Number(values.limit) * 1000
  const startedMs = performance.now()
  const reports = await runAll(files, {
    root,
    concurrency: Math.max(1, Number(values.jobs)),
    limitMsOf: (file) => limitMs ?? LIMIT_MS_BY_WORLD[file.world] ?? LIMIT_MS,
    signal: stop.signal,
    onReport: (report) => {
      const [first] = report.failures
      if (first === undefined) return
      const [headline = ''] = first.details.split('\n')
      console.log(`FAILED ${report.file.source}: ${first.title}: ${headline}`)
    },
  })
  const totals = totalsOf(reports)
  for (const line of failureLines(reports)) console.log(line)
  for (const line of skipLines(reports)) console.log(line)
  for (const line of remarkLines(reports)) console.log(line)
  for (const line of worldLines(reports)) console.log(line)
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
  console.log(`${reports.length} files in ${seconds} s on Node ${process.versions.node}`)
  if (totals.passed + totals.failed === 0) console.log('No test ran.')
  console.log(closingLine(totals))
  return stop.signal.aborted || totals.failed > 0 || totals.passed === 0 ? 1 : 0
}

process.exitCode = await main()

/**
 * `npm run planted`: tests the tests. It plants one bug at a time in a copy of the tree and says which test noticed,
 * or that none did; then it fails.
 */
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { bugs } from './planted/bugs.ts'
import { type Finding, Hunt } from './planted/hunt.ts'

const USAGE = `usage: npm run planted -- [options] [PATTERN...]
  PATTERN    plant only bugs whose description or source contains it
  --list     print the bugs instead of planting them
  --named    run only the tests that a bug names, not all others that may notice
  --jobs N   how many tests run at once (default: one per core)`

const root = join(import.meta.dirname, '..', '..')

function seconds(elapsedMs: number): string {
  return `${(elapsedMs / 1000).toFixed(1)} s`
}

function describe({ bug, by, elapsedMs }: Finding): string {
  const verdict = by === null ? 'MISSED' : 'caught'
  const how = by === null ? 'no test noticed' : by
  return `${verdict}  ${bug.what}\n        ${bug.file} -> ${how} (${seconds(elapsedMs)})`
}

function printTable(findings: readonly Finding[]): void {
  const files = [...new Set(findings.map(({ bug }) => bug.file))]
  for (const file of files) {
    const own = findings.filter(({ bug }) => bug.file === file)
    const caught = own.filter(({ by }) => by !== null).length
    console.log(`${file.padEnd(40)}${caught} of ${own.length}`)
  }
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      list: { type: 'boolean', default: false },
      named: { type: 'boolean', default: false },
      jobs: { type: 'string', default: String(availableParallelism()) },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(USAGE)
    return 0
  }
  const isChosen = (text: string): boolean => positionals.some((pattern) => text.includes(pattern))
  const chosen = bugs.filter(
    ({ what, file }) => positionals.length === 0 || isChosen(what) || isChosen(file),
  )
  if (values.list) {
    for (const { what, file } of chosen) console.log(`${file}: ${what}`)
    return 0
  }
  const startedMs = performance.now()
  const hunt = new Hunt(root, {
    jobs: Math.max(1, Number(values.jobs)),
    reach: values.named ? 'named' : 'all',
  })
  const findings: Finding[] = []
  try {
    for (const bug of chosen) {
      const finding = await hunt.run(bug)
      findings.push(finding)
      console.log(`${findings.length}/${chosen.length} ${describe(finding)}`)
    }
  } finally {
    hunt.close()
  }
  console.log('')
  printTable(findings)
  const missed = findings.filter(({ by }) => by === null)
  for (const finding of missed) console.log(describe(finding))
  const caught = `${findings.length - missed.length} of ${findings.length} bugs caught`
  console.log(`${caught} in ${seconds(performance.now() - startedMs)}`)
  return missed.length === 0 && findings.length > 0 ? 0 : 1
}

process.exitCode = await main()

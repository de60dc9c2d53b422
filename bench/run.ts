/**
 * The program behind `npm run bench`: finds workloads, runs them in turn, prints, compares, saves. One
 * process at a time is measured, and it is never this one.
 */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AttemptError, attempt } from './attempt.ts'
import { compareResults, describeCompared, isRegression } from './compare.ts'
import { discover, type Found, findVariants } from './discover.ts'
import { inspectMachine, type Machine } from './machine.ts'
import { type BenchOptions, HELP, parseOptions, UsageError } from './options.ts'
import type { Report } from './protocol.ts'
import { publishCharts, publishTables } from './publish.ts'
import {
  areaResults,
  loadBaseline,
  type Result,
  replaceResults,
  saveBaseline,
  saveRaw,
} from './results.ts'
import { runRounds } from './rounds.ts'
import { type Runs, summarise } from './summary.ts'
import { printHeader, printResult } from './table.ts'
import { judge } from './verdict.ts'
import type { Finding, Variant } from './workload.ts'

/** Where this invocation reads and writes. */
interface Places {
  readonly root: string
  readonly baselines: string
  readonly results: string
  readonly docs: string
  /** On the disk under test. */
  readonly work: string
}

/** A workload, and which of its variants can run here. */
interface Candidate extends Found {
  readonly findings: ReadonlyMap<string, Finding>
}

const SECOND_MS = 1e3

const print = (lines: readonly string[]): void => {
  process.stdout.write(`${lines.join('\n')}\n`)
}
const say = (text: string): void => {
  process.stderr.write(`${text}\n`)
}

async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args)
  if (options.task === 'help') {
    print([HELP])
    return 0
  }
  const places = await findPlaces(options)
  if (options.task === 'publish') {
    await publish(options, places)
    return 0
  }
  const chosen = choose(await discover(), options)
  if (options.task === 'list') {
    print(chosen.map(({ workload }) => `${workload.area} / ${workload.name}`))
    return 0
  }
  const isFine = await runAll(chosen, options, places)
  await publish(options, places)
  return isFine ? 0 : 1
}

/** The program runs from build/, the baselines live beside the sources: the package's own manifest is the root. */
async function findPlaces(options: BenchOptions): Promise<Places> {
  let root = dirname(fileURLToPath(import.meta.url))
  while ((await readFile(join(root, 'package.json')).catch(() => null)) === null) {
    const parent = dirname(root)
    if (parent === root) throw new UsageError('no package.json above this program')
    root = parent
  }
  const work = options.directory ?? join(root, 'data', 'bench')
  const bench = join(root, 'bench')
  const [baselines, results] = [join(bench, 'baselines'), join(bench, 'results')]
  return { root, baselines, results, docs: join(root, 'docs'), work }
}

function choose(found: readonly Found[], options: BenchOptions): readonly Found[] {
  const { areas, filter } = options
  const known = new Set(found.map(({ workload }) => workload.area))
  const unknown = areas.find((area) => !known.has(area))
  if (unknown !== undefined) {
    throw new UsageError(`no area '${unknown}'; there are ${[...known].join(', ')}`)
  }
  const chosen = found.filter(
    ({ workload }) =>
      (areas.length === 0 || areas.includes(workload.area)) && workload.name.includes(filter),
  )
  if (chosen.length === 0) throw new UsageError(`no workload's name contains '${filter}'`)
  return chosen
}

async function publish(options: BenchOptions, places: Places): Promise<void> {
  if (options.publish.has('docs')) say(`wrote ${(await publishTables(places)).join(', ')}`)
  if (options.publish.has('charts')) say(`wrote ${(await publishCharts(places)).join(', ')}`)
}

/** Resolves to whether every variant that could run did, and nothing got worse. */
async function runAll(
  chosen: readonly Found[],
  options: BenchOptions,
  places: Places,
): Promise<boolean> {
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  await mkdir(places.work, { recursive: true })
  const machine = await inspectMachine(places.work, places.root)
  const candidates: Candidate[] = []
  for (const found of chosen) {
    candidates.push({ ...found, findings: await findVariants(found.workload) })
  }
  print([...printHeader(machine, candidates.flatMap(versionsOf)), ''])
  if (options.effort === 'quick') print(['quick: it runs; the figures below mean nothing', ''])
  const areas = [...new Set(chosen.map(({ workload }) => workload.area))]
  let isFine = true
  for (const area of areas) {
    const ofArea = candidates.filter(({ workload }) => workload.area === area)
    const run = { options, places, machine, signal: stop.signal }
    if (!(await runArea(area, ofArea, run))) isFine = false
  }
  return isFine
}

function versionsOf({ findings }: Candidate): readonly string[] {
  const versions = [...findings.values()].map((one) => (one.kind === 'found' ? one.version : ''))
  return versions.filter((version) => version !== '')
}

interface Invocation {
  readonly options: BenchOptions
  readonly places: Places
  readonly machine: Machine
  readonly signal: AbortSignal
}

async function runArea(
  area: string,
  found: readonly Candidate[],
  run: Invocation,
): Promise<boolean> {
  const { options, places, machine } = run
  const date = new Date().toISOString()
  const runs: Runs[] = []
  const results: Result[] = []
  for (const one of found) {
    const ran = await runWorkload(one, run)
    const summary = summarise(ran)
    const result = { summary, verdicts: judge(ran, summary), date, commit: machine.commit }
    runs.push(ran)
    results.push(result)
    print([...printResult(result), ''])
  }
  const whole = areaResults({ area, date, machine, rounds: options.rounds, results })
  say(`raw results in ${await saveRaw(places.results, whole, runs)}`)
  const failed = results.some(({ summary }) => summary.variants.some((v) => v.state === 'failed'))
  let isFine = !failed
  if (options.baseline.has('compare')) {
    const baseline = await loadBaseline(places.baselines, area)
    if (baseline === null) {
      print([`${area} has no baseline to compare with`])
    } else {
      const compared = compareResults(
        whole,
        baseline,
        found.map(({ workload }) => workload),
      )
      print([`${area} against ${baseline.machine.commit}:`, ...describeCompared(compared), ''])
      isFine &&= !isRegression(compared)
    }
  }
  if (options.baseline.has('save')) {
    if (failed) throw new UsageError(`${area}: a variant failed, so no baseline was written`)
    const old = options.filter === '' ? null : await loadBaseline(places.baselines, area)
    const baseline = old === null ? whole : replaceResults(old, whole)
    say(`wrote ${await saveBaseline(places.baselines, baseline)}`)
  }
  return isFine
}

async function runWorkload(
  { module, workload, findings }: Candidate,
  run: Invocation,
): Promise<Runs> {
  const { options, places, signal } = run
  const attemptOnce = async (variant: Variant): Promise<Report> => {
    const directory = await mkdtemp(join(places.work, 'run-'))
    const { effort } = options
    const request = { module, workload: workload.name, variant: variant.name, effort, directory }
    try {
      return await attempt({ request, limitMs: workload.limitSeconds * SECOND_MS, signal })
    } finally {
      await rm(directory, { recursive: true, force: true, maxRetries: 5 }) // a killed child may still write
    }
  }
  return await runRounds(workload, {
    findings,
    rounds: options.rounds,
    pairs: options.pairs,
    attempt: attemptOnce,
    say: (progress) => say(`${workload.area} / ${workload.name}: ${progress}`),
  })
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  const isExpected =
    error instanceof UsageError || (error instanceof AttemptError && error.code === 'aborted')
  if (!isExpected) throw error
  say(error.message)
  process.exitCode = 2
}

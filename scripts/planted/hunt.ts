/**
 * Runs tests on a copy with a bug in it until one of them fails. A test counts only if it passes on the tree itself,
 * which is found out when it is first needed.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { listTestFiles, selectFiles, type TestFile } from '../runner/files.ts'
import { type FileReport, runFile } from '../runner/run-file.ts'
import type { Bug } from './bug.ts'
import { Copy } from './plant.ts'

/** What is run after the tests that a bug names, by the folder that it is planted in: everything that may notice. */
const wider: Readonly<Record<string, readonly string[]>> = {
  'src/journal/': [
    'src/journal/',
    'test/journal/',
    'test/golden/',
    'test/faults/',
    'test/bits/',
    'test/crash/',
  ],
  'src/node/': ['src/node/', 'src/journal/', 'test/kill/'],
  'src/channels/': ['src/channels/', 'test/model/', 'test/threads/'],
  'src/client/': ['src/client/'],
  'src/': ['src/machine/', 'src/broker/', 'src/api/', 'src/gateway/', 'test/world/'],
}

/** A test that never fails by itself may hang when something is wrong: so much longer than without the bug. */
const LIMIT_FACTOR = 5
const LIMIT_MS_MIN = 30_000 // a machine that is busy with something else stretches short tests most
const LIMIT_MS_CLEAN = 600_000 // of a test without a bug: twice what the longest may take

/** Which tests are run: those that a bug names, or all others, too, that may notice. */
export type Reach = 'named' | 'all'

export interface Finding {
  readonly bug: Bug
  /** The test that noticed; null when none did. */
  readonly by: string | null
  readonly elapsedMs: number
}

export class Hunt {
  readonly #root: string
  readonly #jobs: number
  readonly #reach: Reach
  readonly #copy: Copy
  readonly #scratch: string
  /** Milliseconds that each test file takes on the tree itself. */
  readonly #cleanMs = new Map<string, number>()

  constructor(root: string, options: { readonly jobs: number; readonly reach: Reach }) {
    this.#root = root
    this.#jobs = options.jobs
    this.#reach = options.reach
    this.#copy = new Copy(root)
    this.#scratch = mkdtempSync(join(tmpdir(), 'naru-hunt-'))
  }

  close(): void {
    this.#copy.remove()
    rmSync(this.#scratch, { recursive: true, force: true })
  }

  /** Plants the bug and runs the tests that it names, then all others that may notice. */
  async run(bug: Bug): Promise<Finding> {
    const startedMs = performance.now()
    const done = new Set<string>()
    const folder = Object.keys(wider).find((name) => bug.file.startsWith(name)) ?? 'src/'
    let by: string | null = null
    const more = this.#reach === 'all' ? (wider[folder] ?? []) : []
    for (const pattern of [...bug.by, ...more]) {
      const files = filesOf(this.#root, pattern).filter(({ source }) => !done.has(source))
      for (const { source } of files) done.add(source)
      by = await this.#stage(bug, files)
      if (by !== null) break
    }
    return { bug, by, elapsedMs: performance.now() - startedMs }
  }

  /** The first test of these that fails with the bug and not without, the quick ones first. */
  async #stage(bug: Bug, files: readonly TestFile[]): Promise<string | null> {
    for (const { source } of files) await this.#measure(source)
    const waiting = files
      .map((file) => ({ file, cleanMs: this.#cleanMs.get(file.source) ?? 0 }))
      .sort((left, right) => left.cleanMs - right.cleanMs)
    const heal = this.#copy.plant(bug)
    const stop = new AbortController()
    let found: string | null = null
    const work = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        if (found !== null) return
        const limitMs = Math.max(LIMIT_MS_MIN, LIMIT_FACTOR * next.cleanMs)
        const report = await this.#runOn(this.#copy.root, next.file.source, {
          limitMs,
          signal: stop.signal,
        })
        found ??= failureIn(report)
        if (found !== null) stop.abort()
      }
    }
    try {
      await Promise.all(Array.from({ length: this.#jobs }, work))
    } finally {
      heal()
    }
    return found
  }

  async #measure(source: string): Promise<void> {
    if (this.#cleanMs.has(source)) return
    const signal = new AbortController().signal
    const report = await this.#runOn(this.#root, source, { limitMs: LIMIT_MS_CLEAN, signal })
    const failure = failureIn(report)
    if (failure !== null) throw new Error(`fails without any bug: ${failure}`)
    this.#cleanMs.set(source, report.elapsedMs)
  }

  async #runOn(
    root: string,
    source: string,
    options: { readonly limitMs: number; readonly signal: AbortSignal },
  ): Promise<FileReport> {
    const file = filesOf(root, source)[0]
    if (file === undefined) throw new Error(`${source} is no test`)
    return runFile(file, { root, scratch: this.#scratch, ...options })
  }
}

/** Test files whose path contains the pattern. */
export function filesOf(root: string, pattern: string): TestFile[] {
  return selectFiles(listTestFiles(root), { patterns: [pattern], worlds: [] })
}

function failureIn(report: FileReport): string | null {
  const [failure] = report.failures
  if (failure === undefined) return null
  const [headline = ''] = failure.details.split('\n')
  const what = failure.title === 'the file' ? headline : failure.title
  return `${report.file.source}: ${what}`
}

/**
 * Runs one test file in a process of its own and says what came of it. It owns that process and
 * everything the process started: when the file is over, by itself or by the limit, all of it dies.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Readable } from 'node:stream'
import { pathToFileURL } from 'node:url'
import type { TestFile } from './files.ts'
import { REPORT_VARIABLE, type ReportLine } from './reporter.ts'

export interface Failure {
  readonly title: string
  /** `file:line:column` in the source, from the root; empty where nobody knows it. */
  readonly where: string
  readonly details: string
}

/** What came of one file. */
export interface FileReport {
  readonly file: TestFile
  readonly passed: number
  readonly skipped: readonly string[]
  readonly failures: readonly Failure[]
  /** What its tests said of themselves: counts, mostly. */
  readonly remarks: readonly string[]
  /** What the file wrote to its stdout and stderr; the end of it if it was too much. */
  readonly output: string
  readonly elapsedMs: number
}

export interface RunOptions {
  readonly root: string
  /** A directory for reports; the caller makes and removes it. */
  readonly scratch: string
  /** After this long a file hangs: it is killed and fails. */
  readonly limitMs: number
  /** Ends the process at once; the report then says so. */
  readonly signal: AbortSignal
}

/** Output kept per file: enough for a long diff, little enough for a test in an endless print loop. */
const OUTPUT_SIZE_MAX = 256 * 1024

/** After the process has ended, how long its pipes may stay open in the hands of a child it left behind. */
const PIPE_GRACE_MS = 500

type Ending =
  | { readonly kind: 'exit'; readonly code: number }
  | { readonly kind: 'signal'; readonly name: string }
  | { readonly kind: 'limit' }
  | { readonly kind: 'aborted' }

type Child = ChildProcessByStdio<null, Readable, Readable>

let reportCount = 0

export async function runFile(file: TestFile, options: RunOptions): Promise<FileReport> {
  const startedMs = performance.now()
  reportCount += 1
  const reportPath = join(options.scratch, `${reportCount}.jsonl`)
  const output = new Tail()
  const ending = existsSync(file.built)
    ? await endOf(start(file, reportPath, options), output, options)
    : ({ kind: 'exit', code: 1 } as const)
  const lines = readReport(reportPath)
  rmSync(reportPath, { force: true })
  const failures = [
    ...lines.flatMap((line) => failureOf(line, options.root)),
    ...(existsSync(file.built) ? [] : [failure(`is not compiled: ${file.built} is missing`)]),
  ]
  if (failures.length === 0) failures.push(...judgeEnding(file, lines, ending, options))
  else if (ending.kind === 'limit') failures.push(failure(hangText(options.limitMs)))
  const isProgram = file.kind === 'program'
  return {
    file,
    passed: isProgram ? Number(failures.length === 0) : count(lines, 'pass'),
    skipped: lines.flatMap((line) => (line.kind === 'skip' ? [`${line.title}: ${line.why}`] : [])),
    failures,
    remarks: lines.flatMap((line) => (line.kind === 'remark' ? [line.text] : [])),
    output: output.text(),
    elapsedMs: performance.now() - startedMs,
  }
}

/** What the end of the process adds to what the tests themselves told. */
function judgeEnding(
  file: TestFile,
  lines: readonly ReportLine[],
  ending: Ending,
  options: RunOptions,
): Failure[] {
  if (ending.kind === 'limit') return [failure(hangText(options.limitMs))]
  if (ending.kind === 'aborted') return [failure('was stopped because the run was stopped')]
  if (ending.kind === 'signal') return [failure(`was killed by ${ending.name}`)]
  if (file.kind === 'program') {
    return ending.code === 0 ? [] : [failure(`ended with exit code ${ending.code}`)]
  }
  if (!lines.some((line) => line.kind === 'end')) {
    return [failure(`ended with exit code ${ending.code} before its tests were over`)]
  }
  if (count(lines, 'pass') + count(lines, 'skip') === 0) return [failure('has no test')]
  if (ending.code === 0) return []
  return [failure(`ended with exit code ${ending.code} although its tests passed`)]
}

function hangText(limitMs: number): string {
  return `was still running after ${limitMs / 1000} s and was killed`
}

function failure(details: string): Failure {
  return { title: 'the file', where: '', details }
}

function failureOf(line: ReportLine, root: string): Failure[] {
  if (line.kind === 'stray') return [failure(line.details)]
  if (line.kind !== 'fail') return []
  const { title, where, details } = line
  return [{ title, where: where === '' ? '' : relative(root, where), details }]
}

function count(lines: readonly ReportLine[], kind: ReportLine['kind']): number {
  return lines.filter((line) => line.kind === kind).length
}

function readReport(path: string): ReportLine[] {
  if (!existsSync(path)) return []
  // A killed process may have been in the middle of its last line; what has no newline is not told.
  const whole = readFileSync(path, 'utf8').split('\n').slice(0, -1)
  return whole.map((line) => JSON.parse(line) as ReportLine)
}

function start(file: TestFile, reportPath: string, options: RunOptions): Child {
  const reporter = pathToFileURL(join(import.meta.dirname, 'reporter.js')).href
  const flags = ['--enable-source-maps']
  if (file.kind === 'tests') flags.push(`--test-reporter=${reporter}`)
  const { NODE_TEST_CONTEXT: _ours, ...environment } = process.env
  return spawn(process.execPath, [...flags, file.built], {
    cwd: options.root,
    env: { ...environment, [REPORT_VARIABLE]: reportPath },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that what the test leaves behind dies with it. Windows has no groups.
    detached: process.platform !== 'win32',
  })
}

/** Waits for the end of the process, the limit or the abort, whichever comes first. */
function endOf(child: Child, output: Tail, options: RunOptions): Promise<Ending> {
  return new Promise<Ending>((resolve, reject) => {
    let forced: Ending | null = null
    const force = (ending: Ending) => {
      forced ??= ending
      killGroup(child)
    }
    const streams = [child.stdout, child.stderr]
    for (const stream of streams) stream.on('data', (chunk: Buffer) => output.push(chunk))
    const timer = setTimeout(() => force({ kind: 'limit' }), options.limitMs)
    const onAbort = () => force({ kind: 'aborted' })
    options.signal.addEventListener('abort', onAbort)
    if (options.signal.aborted) onAbort()
    const finish = (ending: Ending) => {
      clearTimeout(timer)
      options.signal.removeEventListener('abort', onAbort)
      killGroup(child)
      for (const stream of streams) stream.destroy()
      resolve(forced ?? ending)
    }
    child.once('error', reject)
    child.once('exit', (code, name) => {
      const ending: Ending =
        code === null ? { kind: 'signal', name: name ?? '?' } : { kind: 'exit', code }
      // 'close' waits for the pipes, which a grandchild may hold for ever.
      const grace = setTimeout(() => finish(ending), PIPE_GRACE_MS)
      child.once('close', () => {
        clearTimeout(grace)
        finish(ending)
      })
    })
  })
}

function killGroup(child: Child): void {
  if (child.pid === undefined) return
  try {
    if (process.platform === 'win32') child.kill('SIGKILL')
    else process.kill(-child.pid, 'SIGKILL')
  } catch {
    // Nobody of the group is alive any more: that is what was asked for.
  }
}

/** Keeps the end of what it is given. */
class Tail {
  #chunks: Buffer[] = []
  #size = 0
  #dropped = 0

  push(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#size += chunk.length
    while (this.#size > OUTPUT_SIZE_MAX && this.#chunks.length > 1) {
      const oldest = this.#chunks.shift()
      this.#size -= oldest?.length ?? 0
      this.#dropped += oldest?.length ?? 0
    }
  }

  text(): string {
    const kept = Buffer.concat(this.#chunks).toString('utf8')
    return this.#dropped === 0 ? kept : `[${this.#dropped} bytes before this were dropped]\n${kept}`
  }
}

/**
 * The reporter that node:test loads inside each test process. It writes one JSON line per finished
 * test to the file that the runner named, synchronously, so that what was told survives a crash; it
 * prints nothing and decides nothing.
 */
import { AssertionError } from 'node:assert'
import { openSync, writeSync } from 'node:fs'
import { inspect } from 'node:util'

/** One line of the report. */
export type ReportLine =
  | { readonly kind: 'pass'; readonly title: string }
  | { readonly kind: 'skip'; readonly title: string; readonly why: string }
  | {
      readonly kind: 'fail'
      readonly title: string
      readonly where: string
      readonly details: string
    }
  /** What a test says of itself with `context.diagnostic`. */
  | { readonly kind: 'remark'; readonly text: string }
  /** Something node:test only remarks on, but which is a failure here: a rejection nobody awaited. */
  | { readonly kind: 'stray'; readonly details: string }
  /** The last line. Without it the process ended before its tests did. */
  | { readonly kind: 'end' }

/** The name of the environment variable that carries the report's path. */
export const REPORT_VARIABLE = 'NARU_TEST_REPORT'

/** What node:test sends, as far as it is the same in every version from 20 to 26. */
interface TestEvent {
  readonly type: string
  readonly data?: {
    readonly name?: string
    readonly nesting?: number
    readonly file?: string | undefined
    readonly line?: number | undefined
    readonly column?: number | undefined
    readonly skip?: string | boolean | undefined
    readonly todo?: string | boolean | undefined
    readonly message?: string
    readonly details?: { readonly type?: string | undefined; readonly error?: unknown }
  }
}

/** Turns node:test's events into report lines. Groups count only when they fail by themselves. */
class Translator {
  /** Titles of the groups and tests around the current one, outermost first. */
  #path: string[] = []

  translate(event: TestEvent): ReportLine | null {
    const data = event.data
    if (data === undefined) return null
    if (event.type === 'test:start') {
      this.#path.length = data.nesting ?? 0
      this.#path.push(data.name ?? '')
      return null
    }
    if (event.type === 'test:diagnostic') return translateDiagnostic(data.message ?? '')
    if (event.type !== 'test:pass' && event.type !== 'test:fail') return null
    const title = [...this.#path.slice(0, data.nesting ?? 0), data.name ?? ''].join(' > ')
    return translateResult(event.type, data, title)
  }
}

function translateResult(
  type: string,
  data: NonNullable<TestEvent['data']>,
  title: string,
): ReportLine | null {
  const why = data.skip ?? data.todo
  if (why !== undefined && why !== false) {
    return { kind: 'skip', title, why: typeof why === 'string' ? why : '' }
  }
  const error = data.details?.error
  if (type === 'test:pass') {
    return data.details?.type === 'suite' ? null : { kind: 'pass', title }
  }
  // The subtest has told its own failure; its parent's would be the same one again.
  if (readProperty(error, 'failureType') === 'subtestsFailed') return null
  const where = data.file === undefined ? '' : `${data.file}:${data.line}:${data.column}`
  return { kind: 'fail', title, where, details: describe(error) }
}

/** The counts with which node:test ends a file. */
const CLOSING = /^(?:tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/

function translateDiagnostic(message: string): ReportLine | null {
  // node:test calls this a remark and still exits with 1. Here it is what failed.
  if (message.includes('asynchronous activity after the test ended')) {
    return { kind: 'stray', details: message }
  }
  return CLOSING.test(message) ? null : { kind: 'remark', text: message }
}

/** The error a test died of, without node:test's wrapping and without Node's own stack lines. */
function describe(error: unknown): string {
  const cause = readProperty(error, 'cause') ?? error
  return describeCause(cause)
    .split('\n')
    .filter((line) => !/^\s+at .*\(?node:/.test(line))
    .join('\n')
}

function describeCause(cause: unknown): string {
  if (typeof cause === 'string') return cause
  // Its message shows what differs; its properties would show it again.
  if (cause instanceof AssertionError && cause.stack !== undefined) return cause.stack
  return inspect(cause, { depth: 4 })
}

function readProperty(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  return (value as Record<string, unknown>)[name]
}

/** What node:test calls. It must be the default export: that is how node:test finds it. */
// biome-ignore lint/style/noDefaultExport: node:test loads a reporter by its default export
export default async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const path = process.env[REPORT_VARIABLE]
  if (path === undefined) throw new Error(`${REPORT_VARIABLE} is not set`)
  const file = openSync(path, 'a')
  const tell = (line: ReportLine) => writeSync(file, `${JSON.stringify(line)}\n`)
  const translator = new Translator()
  for await (const event of source) {
    const line = translator.translate(event)
    if (line !== null) tell(line)
  }
  tell({ kind: 'end' })
  yield ''
}

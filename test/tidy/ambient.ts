/**
 * What only the edges may touch: clocks, chance, timers, files, sockets, the process. Everything
 * else takes a port, so that one seed is one run and a year of waiting is one loop in a test.
 */
import { importsOf } from './imports.ts'
import { lineOf } from './mask.ts'
import { type Finding, isProduct, type Page } from './rule.ts'

type Power = 'clock' | 'chance' | 'timers' | 'process' | 'console' | 'network' | 'modules'

/** How code reaches for each power, other than by importing a module that has it. */
const reaches: Readonly<Record<Exclude<Power, 'modules'>, RegExp>> = {
  clock:
    /\bDate\.now\b|\bnew Date\(\s*\)|(?<!new )\bDate\(\s*\)|\bperformance\.(now|timeOrigin|timerify)\b/g,
  chance:
    /\bMath\.random\b|\bcrypto\.(random\w+|getRandomValues)\b|\b(randomUUID|randomBytes|randomInt|randomFillSync|getRandomValues)\(/g,
  timers:
    /(?<![.\w#])(setTimeout|setInterval|setImmediate|queueMicrotask)\b|\bAbortSignal\.timeout\b|\bscheduler\.(wait|yield)\b/g,
  process: /(?<![.\w#'])process\.|\bglobalThis\.process\b/g,
  console: /(?<![.\w#'])console\./g,
  network: /(?<![.\w#])(fetch|WebSocket|EventSource)\(/g,
}

/** Modules of Node that carry a power whatever their functions are called. */
const MODULES =
  /^node:(fs|fs\/promises|net|tls|dgram|dns|dns\/promises|http|http2|https|timers|timers\/promises|process|child_process|cluster|os|perf_hooks|worker_threads|readline|readline\/promises|inspector)$/

interface Allowance {
  readonly folder: string
  readonly powers: readonly Power[]
  readonly reason: string
}

/** The edges. Anything that is not here has no ambient power at all. */
const allowances: readonly Allowance[] = [
  {
    folder: 'src/node/',
    powers: ['clock', 'chance', 'timers', 'process', 'network', 'modules'],
    reason: 'the real ports: the one home of each power but the terminal',
  },
  {
    folder: 'src/cli/',
    powers: ['process', 'console', 'modules'],
    reason: 'the command: arguments, signals, exit code and terminal are its work; time is a port',
  },
  {
    folder: 'src/channels/threads/',
    powers: ['clock', 'timers', 'process', 'modules'],
    reason:
      'it waits with Atomics on shared memory, by the clock of its thread: no port can stand in',
  },
  {
    folder: 'src/channels/processes/',
    powers: ['process', 'modules'],
    reason: 'sockets, child processes and who is alive are what it is about',
  },
  {
    folder: 'src/pool/',
    powers: ['process', 'clock', 'modules'],
    reason: 'starts and ends workers of both kinds; a worker times its task where no port reaches',
  },
]

export function checkAmbient(pages: readonly Page[]): Finding[] {
  return pages.filter((page) => isProduct(page.path)).flatMap(checkPage)
}

function checkPage(page: Page): Finding[] {
  const own = allowances.filter((allowance) => page.path.startsWith(allowance.folder))
  const may = new Set<Power>(own.flatMap((allowance) => allowance.powers))
  const findings: Finding[] = []
  for (const [power, pattern] of Object.entries(reaches)) {
    if (may.has(power as Power)) continue
    for (const match of page.code.matchAll(pattern)) {
      const message = `${match[0].trim()} is ambient (${power}): take a port`
      findings.push({ path: page.path, line: lineOf(page.text, match.index), message })
    }
  }
  if (may.has('modules')) return findings
  for (const { specifier, line } of importsOf(page)) {
    if (!MODULES.test(specifier)) continue
    findings.push({ path: page.path, line, message: `${specifier} is ambient: take a port` })
  }
  return findings
}

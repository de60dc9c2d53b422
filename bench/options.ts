/** What the command line of `npm run bench` says. Pure: it reads arguments and refuses what makes no sense. */
import { parseArgs } from 'node:util'
import type { Effort } from './protocol.ts'

export const HELP = `npm run bench -- [options]

  --list             name the workloads and end
  --area NAME        only this area (repeatable)
  --filter TEXT      only workloads whose name contains TEXT
  --rounds N         rounds of every variant (default 5)
  --pairs N          A/A pairs before the rounds (default 1)
  --quick            one short round without A/A: shows that it runs, measures nothing
  --dir DIR          where workloads keep their files (default data/bench)
  --compare          compare with the committed baseline; ends with 1 if anything got worse
  --save-baseline    write bench/baselines/<area>.json; with --filter replace what was measured in it
  --docs             write the committed baselines into docs/benchmarks.md
  --charts           draw the committed baselines into docs/bench/<area>.svg
  --help             this text

--docs and --charts measure nothing unless something else is asked for as well.`

/** Thrown on arguments that make no sense; the message is for the person who typed them. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  readonly code = 'BENCH_USAGE'
}

export interface BenchOptions {
  readonly task: 'run' | 'list' | 'help' | 'publish'
  /** Empty means all. */
  readonly areas: readonly string[]
  readonly filter: string
  readonly rounds: number
  readonly pairs: number
  readonly effort: Effort
  /** `null` is the default place. */
  readonly directory: string | null
  readonly baseline: ReadonlySet<'compare' | 'save'>
  readonly publish: ReadonlySet<'docs' | 'charts'>
}

const ROUNDS_DEFAULT = 5 // the fewest whose median two bad rounds cannot move
const ROUNDS_MAX = 1_000 // a typing error must not cost a day

export function parseOptions(args: readonly string[]): BenchOptions {
  const values = readArguments(args)
  const effort = values.quick === true ? 'quick' : 'full'
  const baseline = new Set<'compare' | 'save'>()
  if (values.compare === true) baseline.add('compare')
  if (values['save-baseline'] === true) baseline.add('save')
  const publish = new Set<'docs' | 'charts'>()
  if (values.docs === true) publish.add('docs')
  if (values.charts === true) publish.add('charts')
  if (effort === 'quick' && baseline.size > 0) {
    throw new UsageError('quick numbers mean nothing: no --compare and no --save-baseline')
  }
  return {
    task: taskOf(values, publish.size),
    areas: values.area ?? [],
    filter: values.filter ?? '',
    rounds: effort === 'quick' ? 1 : (wholeNumber('rounds', values.rounds, 1) ?? ROUNDS_DEFAULT),
    pairs: effort === 'quick' ? 0 : (wholeNumber('pairs', values.pairs, 0) ?? 1),
    effort,
    directory: values.dir ?? null,
    baseline,
    publish,
  }
}

type Values = ReturnType<typeof readArguments>

function readArguments(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        list: { type: 'boolean' },
        area: { type: 'string', multiple: true },
        filter: { type: 'string' },
        rounds: { type: 'string' },
        pairs: { type: 'string' },
        quick: { type: 'boolean' },
        dir: { type: 'string' },
        compare: { type: 'boolean' },
        'save-baseline': { type: 'boolean' },
        docs: { type: 'boolean' },
        charts: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    })
    return values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function taskOf(values: Values, published: number): BenchOptions['task'] {
  if (values.help === true) return 'help'
  if (values.list === true) return 'list'
  const asksForRuns =
    values.area ?? values.filter ?? values.quick ?? values.compare ?? values['save-baseline']
  return published > 0 && asksForRuns === undefined ? 'publish' : 'run'
}

function wholeNumber(name: string, text: string | undefined, least: number): number | null {
  if (text === undefined) return null
  const value = Number(text)
  if (!Number.isInteger(value) || value < least || value > ROUNDS_MAX) {
    throw new UsageError(`--${name} takes a whole number from ${least} to ${ROUNDS_MAX}`)
  }
  return value
}

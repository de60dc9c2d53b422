/**
 * Makes the shared-memory code itself explorable: every function of the given modules that touches shared
 * memory becomes a generator, which stops before each step and lets somebody else go first. It works on the
 * compiled text of the product's own modules, so there is no second description that could differ.
 *
 * A step is a call of `Atomics`, or a line marked with a step's name, such as `// G2`. Between two steps the
 * code runs undisturbed: what a line reads or writes plainly happens together with the step before it, so
 * lines where that matters carry a mark.
 */
import { readFileSync } from 'node:fs'

/** A step that a generator is about to take: the operation on shared memory, or `plain` for a marked line. */
export interface Step {
  readonly operation: string
  readonly words: Int32Array
  readonly at: number
  readonly values: readonly number[]
  /** The code, for people. */
  readonly text: string
}

/** What a step answers to the code: a number, or how a sleep ended. */
export type Answer = number | string

export type Stepping<T> = Generator<Step, T, Answer>

/** A step as the interleaved code makes it. */
export function step(operation: string, text: string, words: Int32Array, ...rest: number[]): Step {
  const [at = 0, ...values] = rest
  return { operation, text, words, at, values }
}

/** A step that touches shared memory plainly, for code that the model brings along. */
export function plain(text: string): Step {
  return step('plain', text, nowhere)
}

const nowhere = new Int32Array(0)

/** Exports by name; functions that step have become generator functions. */
export type Exports = Record<string, unknown>

export interface StepwiseOptions {
  /** Folder of the compiled modules. */
  readonly folder: URL
  /** Their base names, dependencies first. */
  readonly modules: readonly string[]
  /** What other imports get, by base name. */
  readonly given: Readonly<Record<string, Exports>>
  /** A mistake to put into the code first, or `null`. */
  readonly fault: Fault | null
}

/** A mistake: a piece of a module's compiled text, and what stands there instead. */
export interface Fault {
  readonly module: string
  readonly text: string
  readonly instead: string
}

const functionHead = /^(?:export )?function (\w+)\(/gm
const markedLine = /^(?!.*Atomics\.)\s*\S.*\/\/ [A-Z]\d'?\b.*$/
/** Called on objects that the model brings along. */
const methodsThatStep = ['attempt', 'fill', 'copy']

interface Source {
  readonly name: string
  readonly text: string
}

export function stepwise(options: StepwiseOptions): Record<string, Exports> {
  const sources = options.modules.map((name) => ({
    name,
    text: withFault(
      name,
      readFileSync(new URL(`${name}.js`, options.folder), 'utf8'),
      options.fault,
    ),
  }))
  const stepping = steppingFunctions(sources)
  const made: Record<string, Exports> = { ...options.given }
  for (const source of sources) made[source.name] = evaluate(source, stepping, made)
  return made
}

function withFault(name: string, text: string, fault: Fault | null): string {
  if (fault === null || fault.module !== name) return text
  if (text.split(fault.text).length !== 2) throw new Error(`not once in ${name}: ${fault.text}`)
  return text.replace(fault.text, () => fault.instead)
}

/** Names of functions that take a step, or call one that does. Names are unique among the modules, or it throws. */
function steppingFunctions(sources: readonly Source[]): ReadonlySet<string> {
  const bodies = new Map<string, string>()
  for (const { text } of sources) {
    for (const head of text.matchAll(functionHead)) {
      const name = head[1] ?? ''
      if (bodies.has(name)) throw new Error(`two functions are called ${name}`)
      bodies.set(name, bodyAt(text, head.index))
    }
  }
  const stepping = new Set(methodsThatStep)
  for (let size = -1; size !== stepping.size; ) {
    size = stepping.size
    for (const [name, body] of bodies) {
      const direct =
        body.includes('Atomics.') || body.split('\n').some((line) => markedLine.test(line))
      const calls = [...stepping].some((other) => new RegExp(`\\b${other}\\(`).test(body))
      if (direct || calls) stepping.add(name)
    }
  }
  return stepping
}

/** From a top-level function's head to the brace that closes it, which the compiler puts at a line's start. */
function bodyAt(text: string, from: number): string {
  const open = text.indexOf('{\n', from)
  return text.slice(open, text.indexOf('\n}', open))
}

function evaluate(
  source: Source,
  stepping: ReadonlySet<string>,
  made: Record<string, Exports>,
): Exports {
  const exported: string[] = []
  let text = source.text.replace(/^\/\/#.*$/gm, '')
  text = text.replace(
    /^import \{([^}]*)\} from '[^']*?([\w-]+)\.js';$/gm,
    (_all, names: string, from: string) => {
      if (made[from] === undefined)
        throw new Error(`${source.name} imports ${from}, which is not there`)
      return `const {${names.replace(/ as /g, ': ')}} = made[${JSON.stringify(from)}];`
    },
  )
  text = text.replace(
    /^export (const|function|class) (\w+)/gm,
    (_all, what: string, name: string) => {
      exported.push(name)
      return `${what} ${name}`
    },
  )
  const body = `'use strict';\n${interleave(text, stepping)}\nreturn { ${exported.join(', ')} };`
  const run = new Function('made', 'step', 'plain', body) as (
    made: Record<string, Exports>,
    ...makers: [typeof step, typeof plain]
  ) => Exports
  return run(made, step, plain)
}

/** Puts a `yield` at each step, function by function; everything outside stays as it is. */
function interleave(text: string, stepping: ReadonlySet<string>): string {
  let result = ''
  let done = 0
  for (const head of text.matchAll(/^function (\w+)\(/gm)) {
    if (!stepping.has(head[1] ?? '')) continue
    const end = head.index + text.slice(head.index).indexOf('\n}')
    result += text.slice(done, head.index)
    result += interleaveFunction(text.slice(head.index, end), stepping)
    done = end
  }
  return result + text.slice(done)
}

function interleaveFunction(text: string, stepping: ReadonlySet<string>): string {
  const [head = '', ...lines] = text.split('\n')
  const callsStep = new RegExp(`\\b(${[...stepping].join('|')})\\(`)
  const marked = lines.map((line) =>
    markedLine.test(line) && !callsStep.test(line) ? withPlainStep(line) : line,
  )
  let body = marked.join('\n')
  for (const name of stepping) {
    const call = methodsThatStep.includes(name) ? `\\w+\\.${name}` : `(?<![\\w.*])${name}`
    body = wrapCalls(body, new RegExp(`${call}\\(`, 'g'), (text) => `(yield* ${text})`)
  }
  body = wrapCalls(body, /Atomics\.(\w+)\(/g, (text, open) => {
    const operation = text.slice('Atomics.'.length, open)
    const args = text.slice(open + 1, -1)
    return `(yield step('${operation}', ${JSON.stringify(text)}, ${args}))`
  })
  return `${head.replace('function ', 'function* ')}\n${body}`
}

function withPlainStep(line: string): string {
  const stop = `yield plain(${JSON.stringify(line.trim())});`
  const declares = /^\s*(const|let) /.test(line)
  // A statement may be all that an `if` governs, so that both must be one; a declaration never is.
  return declares ? `${stop}\n${line}` : `{ ${stop}\n${line}\n}`
}

/** Replaces each call that the pattern finds the beginning of, up to its closing parenthesis. */
function wrapCalls(
  text: string,
  pattern: RegExp,
  wrap: (call: string, open: number) => string,
): string {
  let result = ''
  let done = 0
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const open = match.index + match[0].length - 1
    const end = closing(text, open) + 1
    result += text.slice(done, match.index)
    // What is inside the parentheses is wrapped in the same way.
    const inside = wrapCalls(text.slice(open + 1, end - 1), new RegExp(pattern.source, 'g'), wrap)
    result += wrap(`${match[0]}${inside})`, match[0].length - 1)
    done = end
    pattern.lastIndex = end
  }
  return result + text.slice(done)
}

function closing(text: string, open: number): number {
  let depth = 0
  for (let at = open; at < text.length; at++) {
    if (text[at] === '(') depth += 1
    if (text[at] === ')') depth -= 1
    if (depth === 0) return at
  }
  throw new Error('a parenthesis is not closed')
}

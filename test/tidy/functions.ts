/**
 * Finds the functions of a masked source: where each begins and ends and what its parameters are.
 * It reads brackets, not grammar; a form it does not know it passes over and never guesses at.
 */
import { lineOf, type Masked } from './mask.ts'

export interface FunctionText {
  /** `=>` for a function without a name of its own. */
  readonly name: string
  readonly line: number
  readonly lineCount: number
  /** What stands between the parentheses. */
  readonly parameters: string
  readonly body: string
}

/** These are followed by parentheses and a block and are no functions. */
const CONTROL = new Set(['if', 'for', 'while', 'switch', 'catch', 'with', 'await', 'return'])

/** After these words of a type another operand follows. */
const TYPE_OPERATORS = new Set([
  'is',
  'extends',
  'keyof',
  'typeof',
  'readonly',
  'asserts',
  'unique',
])

export function findFunctions(masked: Masked): FunctionText[] {
  const { code } = masked
  const closes = matchBrackets(code)
  const found: FunctionText[] = []
  for (const [open, close] of closes) {
    if (code[open] !== '(') continue
    const name = nameBefore(code, open)
    if (CONTROL.has(name)) continue
    const body = findBody(code, close + 1, closes)
    if (body === null) continue
    const end = closes.get(body.at)
    if (end === undefined) continue
    const line = lineOf(code, open)
    found.push({
      name: body.arrow ? '=>' : name,
      line,
      lineCount: lineOf(code, end) - line + 1,
      parameters: code.slice(open + 1, close),
      body: code.slice(body.at, end),
    })
  }
  return found
}

type Closes = ReadonlyMap<number, number>

/** From each opening bracket to the one that closes it. */
function matchBrackets(code: string): Closes {
  const closeOf = new Map<number, number>()
  const open: number[] = []
  for (let at = 0; at < code.length; at += 1) {
    const char = code[at] ?? ''
    if ('([{'.includes(char)) open.push(at)
    else if (')]}'.includes(char)) {
      const start = open.pop()
      if (start !== undefined) closeOf.set(start, at)
    }
  }
  return closeOf
}

/** The word before a parenthesis, past type parameters: `read` of `read<T>(`. */
function nameBefore(code: string, open: number): string {
  const before = code.slice(Math.max(0, open - 200), open).trimEnd()
  const plain = before.endsWith('>') ? before.replace(/<[^()]*>$/, '') : before
  return /(#?[\w$]+|\[[^\]]*\])$/.exec(plain)?.[1] ?? ''
}

/** Where the block of a function begins whose parameters end before `from`; null if there is none. */
function findBody(
  code: string,
  from: number,
  closes: Closes,
): { at: number; arrow: boolean } | null {
  let at = skipSpace(code, from)
  if (code[at] === ':') at = skipType(code, at + 1, closes)
  if (at === -1) return null
  if (code[at] === '{') return { at, arrow: false }
  if (!code.startsWith('=>', at)) return null
  const block = skipSpace(code, at + 2)
  return code[block] === '{' ? { at: block, arrow: true } : null
}

/** The index behind a return type, or -1 where what stands there is none. */
function skipType(code: string, from: number, closes: Closes): number {
  let at = skipSpace(code, from)
  let wantsOperand = true
  /** Behind a parenthesis `=>` goes on with the type; elsewhere it ends it. */
  let afterParenthesis = false
  while (at < code.length) {
    const char = code[at] ?? ''
    const closed = closes.get(at)
    const word = /^[\w$.]+/.exec(code.slice(at, at + 100))?.[0] ?? ''
    if (char === '{' && !wantsOperand) return at
    if (code.startsWith('=>', at)) {
      if (!afterParenthesis) return at
      wantsOperand = true
      at += 2
    } else if (closed !== undefined) {
      if (!wantsOperand && char !== '[') return -1
      wantsOperand = false
      at = closed + 1
    } else if (char === '<') {
      at = skipAngles(code, at)
    } else if (char === '|' || char === '&') {
      wantsOperand = true
      at += 1
    } else if (char === "'" || char === '"') {
      wantsOperand = false
      at = code.indexOf(char, at + 1) + 1
    } else if (word !== '') {
      if (!wantsOperand && !TYPE_OPERATORS.has(word)) return -1
      wantsOperand = TYPE_OPERATORS.has(word)
      at += word.length
    } else return -1
    afterParenthesis = char === '('
    at = skipSpace(code, at)
  }
  return -1
}

function skipAngles(code: string, from: number): number {
  let depth = 0
  for (let at = from; at < code.length; at += 1) {
    if (code[at] === '<') depth += 1
    else if (code[at] === '>' && code[at - 1] !== '=') depth -= 1
    if (depth === 0) return at + 1
  }
  return code.length
}

function skipSpace(code: string, from: number): number {
  let at = from
  while (/\s/.test(code[at] ?? '')) at += 1
  return at
}

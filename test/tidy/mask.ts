/**
 * Blanks what is not code, so that a rule can look for words without meeting them in a comment or a
 * string. A few states instead of a parser: it knows where text ends, and nothing else.
 */

export interface Comment {
  /** With its slashes and stars. */
  readonly text: string
  /** Index of its first character. */
  readonly at: number
}

export interface Masked {
  /** As long as the source, line for line; comments and the insides of strings are spaces. */
  readonly code: string
  readonly comments: readonly Comment[]
}

const BLANKABLE = /[^\n]/g

/** After one of these words a slash opens a regular expression and does not divide. */
const BEFORE_REGEX = /(^|[^\w$.])(return|typeof|case|of|in|do|else|void|delete|await|yield|throw)$/

export function mask(text: string): Masked {
  const pieces: string[] = []
  const comments: Comment[] = []
  let at = 0
  /** Depths of `{` at which a `}` goes back into a template. */
  const templates: number[] = []
  let depth = 0
  const blank = (end: number) => {
    pieces.push(text.slice(at, end).replace(BLANKABLE, ' '))
    at = end
  }
  const copy = (end: number) => {
    pieces.push(text.slice(at, end))
    at = end
  }
  /** Blanks the text of a template up to its end, or up to `${`, which opens code. */
  const template = () => {
    const { end, opens } = endOfTemplate(text, at)
    blank(opens ? end - 1 : end)
    if (opens) templates.push(depth)
  }
  while (at < text.length) {
    const char = text[at] ?? ''
    const two = text.slice(at, at + 2)
    if (two === '//' || two === '/*') {
      const end = two === '//' ? indexOr(text, '\n', at) : indexOr(text, '*/', at + 2) + 2
      comments.push({ text: text.slice(at, end), at })
      blank(Math.min(end, text.length))
    } else if (char === "'" || char === '"') {
      const end = endOfQuoted(text, at, char)
      copy(at + 1)
      blank(end - 1)
      copy(end)
    } else if (char === '`') {
      at += 1
      pieces.push(' ')
      template()
    } else if (char === '/' && opensRegex(pieces)) {
      blank(endOfRegex(text, at))
    } else if (char === '}' && templates.at(-1) === depth - 1) {
      templates.pop()
      depth -= 1
      copy(at + 1)
      template()
    } else {
      if (char === '{') depth += 1
      else if (char === '}') depth -= 1
      copy(at + 1)
    }
  }
  return { code: pieces.join(''), comments }
}

function indexOr(text: string, what: string, from: number): number {
  const index = text.indexOf(what, from)
  return index === -1 ? text.length : index
}

function endOfQuoted(text: string, from: number, quote: string): number {
  let at = from + 1
  while (at < text.length && text[at] !== quote && text[at] !== '\n') {
    at += text[at] === '\\' ? 2 : 1
  }
  return Math.min(at + 1, text.length)
}

/** `end` is behind the closing backtick, or behind the `{` of `${`. */
function endOfTemplate(text: string, from: number): { end: number; opens: boolean } {
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1
    else if (text[at] === '`') return { end: at + 1, opens: false }
    else if (text[at] === '$' && text[at + 1] === '{') return { end: at + 2, opens: true }
  }
  return { end: text.length, opens: false }
}

function endOfRegex(text: string, from: number): number {
  let inClass = false
  for (let at = from + 1; at < text.length && text[at] !== '\n'; at += 1) {
    const char = text[at]
    if (char === '\\') at += 1
    else if (char === '[') inClass = true
    else if (char === ']') inClass = false
    else if (char === '/' && !inClass)
      return at + 1 + (/^[a-z]*/.exec(text.slice(at + 1))?.[0].length ?? 0)
  }
  // No end on this line: it was a division after all.
  return from + 1
}

function opensRegex(pieces: readonly string[]): boolean {
  const before = pieces.slice(-200).join('').trimEnd()
  const last = before.at(-1)
  if (last === undefined || '(,=:[!&|?{};+-*%<>~^'.includes(last)) return true
  return BEFORE_REGEX.test(before)
}

/** The 1-based line of an index. */
export function lineOf(text: string, at: number): number {
  let line = 1
  for (let index = text.indexOf('\n'); index !== -1 && index < at; line += 1) {
    index = text.indexOf('\n', index + 1)
  }
  return line
}

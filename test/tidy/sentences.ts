/** What must be said in words: what a file is, and why a limit is what it is. */
import { lineOf } from './mask.ts'
import type { Finding, Page } from './rule.ts'

/** The opening comment: a capital, a digit or a name in backticks, and later the end of a sentence. */
const SENTENCE = /^[A-Z0-9`'"(][\s\S]*?[.!?:](\s|$)/

export function checkOpeningSentence(pages: readonly Page[]): Finding[] {
  return pages.flatMap(({ path, text, comments }) => {
    const start = text.startsWith('#!') ? text.indexOf('\n') + 1 : 0
    const opening = comments.find((comment) => comment.at === start)
    const words = opening?.text
      .replace(/^\/\*\*|\*\/$/g, '')
      .replace(/^\s*\* ?/gm, '')
      .trim()
    if (opening?.text.startsWith('/**') && SENTENCE.test(words ?? '')) return []
    const message = 'must open with a doc comment that says in a sentence what the file is'
    return [{ path, line: 1, message }]
  })
}

/** A property of a limits object, or a constant whose name says that it bounds something. */
const LIMIT_PROPERTY = /^ {2}(?:readonly )?\w+: (?!\{$).*,?$/
const LIMIT_CONSTANT = /^(?:export )?const \w*_(?:MAX|LIMIT)\b.*=/

export function checkLimitReasons(pages: readonly Page[]): Finding[] {
  return pages.flatMap((page) => {
    const { path, code } = page
    const isLimits = /(^|[/-])limits\.ts$/.test(path)
    const reasons = commentLines(page)
    const lines = code.split('\n')
    // Inside braces only: a parameter on a line of its own looks like a property.
    const objectLines = isLimits ? linesInObjects(code) : new Set<number>()
    return lines.flatMap((line, index) => {
      const number = index + 1
      const isLimit =
        LIMIT_CONSTANT.test(line) || (objectLines.has(number) && LIMIT_PROPERTY.test(line))
      // A comment above counts only on a line of its own: beside code it is that code's reason.
      const isAbove = reasons.has(number - 1) && lines[index - 1]?.trim() === ''
      if (!isLimit || reasons.has(number) || isAbove) return []
      const name = /\w+(?=\s*[:=])/.exec(line)?.[0] ?? line.trim()
      return [{ path, line: number, message: `the limit ${name} has no reason beside it` }]
    })
  })
}

function commentLines({ text, comments }: Page): Set<number> {
  const lines = new Set<number>()
  for (const comment of comments) {
    const first = lineOf(text, comment.at)
    for (let line = first; line < first + comment.text.split('\n').length; line += 1) {
      lines.add(line)
    }
  }
  return lines
}

/** Lines that lie in an object literal of the top level: `const limits = {`. */
function linesInObjects(code: string): Set<number> {
  const lines = new Set<number>()
  let inside = false
  for (const [index, line] of code.split('\n').entries()) {
    if (/^(export )?const \w+.*= (Object\.freeze\()?\{\s*$/.test(line)) inside = true
    else if (/^\}/.test(line)) inside = false
    else if (inside) lines.add(index + 1)
  }
  return lines
}

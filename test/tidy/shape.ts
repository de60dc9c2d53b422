/** The house rules in numbers and names: sizes, file names, and what no source may contain. */
import { findFunctions } from './functions.ts'
import { lineOf } from './mask.ts'
import { type Finding, isTest, type Page } from './rule.ts'

/** More than a screenful times eight: then the file is two nouns. */
const FILE_LINES_MAX = 400

/** A function that does not fit on one screen hides its control flow. */
const FUNCTION_LINES_MAX = 70

/** Code is held to 100 columns by the formatter, which leaves comments alone. */
const COMMENT_COLUMNS_MAX = 120

/** Names that say nothing about what is inside, so that everything ends up inside. */
const SAYS_NOTHING = /^(utils?|helpers?|common|manager|data|info|misc|index)$/

export function checkFileSize(pages: readonly Page[]): Finding[] {
  return pages.flatMap(({ path, text }) => {
    if (path.endsWith('.generated.ts')) return []
    const count = text.trimEnd().split('\n').length
    if (count <= FILE_LINES_MAX) return []
    return [{ path, line: count, message: `${count} lines; ${FILE_LINES_MAX} are the most` }]
  })
}

export function checkFunctionSize(pages: readonly Page[]): Finding[] {
  return pages.flatMap((page) =>
    findFunctions(page)
      // A group of tests is a heading, not control flow; its tests are measured one by one.
      .filter(({ body }) => !(isOfTests(page.path) && NAMED_BLOCK.test(body)))
      .filter(({ lineCount }) => lineCount > FUNCTION_LINES_MAX)
      .map(({ name, line, lineCount }) => ({
        path: page.path,
        line,
        message: `${name} has ${lineCount} lines; ${FUNCTION_LINES_MAX} are the most`,
      })),
  )
}

/** `test('a rule', async () => {` and its like, whatever the function that takes it is called. */
const NAMED_BLOCK = /^ *\w+\(\s*'[^']*',\s*(\{[^}]*\},\s*)?(async )?\(.*\) => \{$/m

function isOfTests(path: string): boolean {
  return isTest(path) || path.startsWith('test/')
}

export function checkCommentWidth(pages: readonly Page[]): Finding[] {
  return pages.flatMap(({ path, text, comments }) => {
    const lines = text.split('\n')
    const wide = new Set<number>()
    for (const comment of comments) {
      const first = lineOf(text, comment.at)
      const count = comment.text.split('\n').length
      for (let line = first; line < first + count; line += 1) {
        if ((lines[line - 1]?.length ?? 0) > COMMENT_COLUMNS_MAX) wide.add(line)
      }
    }
    const message = `a comment goes past column ${COMMENT_COLUMNS_MAX}`
    return [...wide].map((line) => ({ path, line, message }))
  })
}

export function checkFileNames(paths: readonly string[]): Finding[] {
  return paths.flatMap((path) => {
    const parts = path.split('/')
    const stem = (parts.pop() ?? '').replace(/\..*$/, '')
    const words = [...parts, ...stem.split('-')]
    const empty = words.find((word) => SAYS_NOTHING.test(word))
    return empty === undefined
      ? []
      : [{ path, line: 1, message: `the name '${empty}' does not say what is inside` }]
  })
}

/** What no source may contain, and what to do instead. */
const banned: readonly (readonly [RegExp, string])[] = [
  [/[:<|,&(]\s*any\b(?!\s*[:(?.])|\bas any\b/g, '`any` turns the types off: say what it is'],
  [/^export default\b(?! async function\* report)/gm, 'export by name'],
  [/^export \* from\b/gm, 'name what is passed on: a star hides what the package offers'],
  [/^(export )?(const )?enum\b/gm, 'an enum is not erasable: use a union'],
  [/^(export )?(declare )?namespace\b/gm, 'a namespace is not erasable: use a module'],
]

const UNFINISHED = /\b(TODO|FIXME|XXX|HACK)\b/

export function checkBanned(pages: readonly Page[]): Finding[] {
  return pages.flatMap(({ path, text, code, comments }) => {
    const inCode = banned.flatMap(([pattern, message]) =>
      [...code.matchAll(pattern)].map((match) => ({
        path,
        line: lineOf(text, match.index),
        message,
      })),
    )
    const unfinished = comments
      .filter((comment) => UNFINISHED.test(comment.text))
      .map(({ at }) => ({ path, line: lineOf(text, at), message: 'finish it, or file an issue' }))
    return [...inCode, ...unfinished]
  })
}

/** A message that is put together is put together at every call, whether the check fails or not. */
export function checkAssertMessages(pages: readonly Page[]): Finding[] {
  return pages
    .filter(({ path }) => path.startsWith('src/') && !isTest(path))
    .flatMap(({ path, text, code }) =>
      [...code.matchAll(/\bassert\(/g)]
        .filter(({ index }) => callAt(code, index).includes('`'))
        .map(({ index }) => ({
          path,
          line: lineOf(text, index),
          message: 'a plain message, and what it is about as the third argument',
        })),
    )
}

/** The call that begins at `at`, to its closing parenthesis. */
function callAt(code: string, at: number): string {
  let depth = 0
  for (let end = code.indexOf('(', at); end < code.length; end += 1) {
    if (code[end] === '(') depth += 1
    if (code[end] === ')') depth -= 1
    if (depth === 0) return code.slice(at, end)
  }
  return code.slice(at)
}

/** Booleans as parameters say nothing where they are passed: `sync(true)`. */
const BOOLEAN_PARAMETER =
  /^[\s\w$]*?([\w$]+)\??\s*(?::\s*boolean\s*(?:=.*)?|=\s*(?:true|false)\s*)$/

/** Functions that may take one, each with its reason, by `path name`. */
const booleanAllowances: Readonly<Record<string, string>> = {
  'src/base/assert.ts assert': 'a condition is what it is about, and a union would say it twice',
}

export function checkBooleanParameters(pages: readonly Page[]): Finding[] {
  return pages
    .filter((page) => page.path.startsWith('src/'))
    .flatMap((page) =>
      findFunctions(page).flatMap(({ name, line, parameters }) => {
        if (name === '=>' || `${page.path} ${name}` in booleanAllowances) return []
        return parameters.split(',').flatMap((parameter) => {
          const flag = BOOLEAN_PARAMETER.exec(parameter)?.[1]
          if (flag === undefined) return []
          const message = `${name} takes the boolean '${flag}': take a union or an options object`
          return [{ path: page.path, line, message }]
        })
      }),
    )
}

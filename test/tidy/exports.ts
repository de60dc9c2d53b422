/** Exports that nobody imports are dead code with a door; marks that no test names prove nothing. */
import { exportsOf, importsOf } from './imports.ts'
import { lineOf } from './mask.ts'
import { type Finding, isProduct, isTest, type Page } from './rule.ts'

/**
 * A value must be imported somewhere, if only by a test. A type may stay when its own file speaks of
 * it twice: then it is part of a signature, and whoever holds such a value may have to name it.
 */
export function checkUnusedExports(pages: readonly Page[]): Finding[] {
  const used = new Set<string>()
  for (const page of pages) {
    for (const { path, names } of importsOf(page)) {
      for (const name of names) used.add(`${path} ${name}`)
    }
    // What is started by its URL, a worker or the module of a pool, is used by name at run time.
    for (const match of page.text.matchAll(/new URL\(\s*'\.\/([\w-]+)\.js'/g)) {
      used.add(`${page.path.slice(0, page.path.lastIndexOf('/'))}/${match[1]}.ts *`)
    }
  }
  return pages.flatMap((page) => {
    const { path, code } = page
    if (path.endsWith('/mod.ts') || isTest(path) || used.has(`${path} *`)) return []
    return exportsOf(page).flatMap(({ name, kind, line }) => {
      if (used.has(`${path} ${name}`)) return []
      if (kind === 'type' && code.split(new RegExp(`(?<![\\w$])${name}(?![\\w$])`)).length > 2) {
        return []
      }
      return [{ path, line, message: `nobody imports ${name}: do not export it, or delete it` }]
    })
  })
}

const MARK = /(?<![\w$.])mark\(\s*' *'/g
const EXPECT_MARK = /(?<![\w$.])expectMark\(\s*' *'/g
/** A list of marks that together the runs of a seeded world have to come past. */
const MARK_LIST = /(?<![\w$.])MARKS = \[[^\]]*\]/g

/** Each mark in the product is named by a test, and a test names no mark that is not there. */
export function checkMarks(pages: readonly Page[]): Finding[] {
  // A world says by a mark of its own that it came to something rare.
  const marked = pages
    .filter((page) => isProduct(page.path) || page.path.startsWith('test/world/'))
    .flatMap((page) => names(page, MARK))
  const expected = pages
    .filter((page) => !isProduct(page.path) && page.path !== 'src/base/mark.test.ts')
    .flatMap((page) => [...names(page, EXPECT_MARK), ...listed(page)])
  const unproved = marked
    .filter((mark) => !expected.some((other) => other.name === mark.name))
    .map(({ path, line, name }) => ({ path, line, message: `no test expects the mark '${name}'` }))
  const stale = expected
    .filter((mark) => !marked.some((other) => other.name === mark.name))
    .map(({ path, line, name }) => ({ path, line, message: `no code has the mark '${name}'` }))
  return [...unproved, ...stale]
}

function names(page: Page, pattern: RegExp): { path: string; line: number; name: string }[] {
  return [...page.code.matchAll(pattern)].map((match) => {
    const open = match.index + match[0].indexOf("'") + 1
    const name = page.text.slice(open, match.index + match[0].length - 1)
    return { path: page.path, line: lineOf(page.text, match.index), name }
  })
}

function listed(page: Page): { path: string; line: number; name: string }[] {
  return [...page.code.matchAll(MARK_LIST)].flatMap((match) => {
    const list = page.text.slice(match.index, match.index + match[0].length)
    return [...list.matchAll(/'([^']+)'/g)].map((each) => {
      const line = lineOf(page.text, match.index + each.index)
      return { path: page.path, line, name: each[1]! }
    })
  })
}

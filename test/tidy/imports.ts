/** Reads the imports and the exports of a page, types included. It resolves names, never files. */
import { lineOf } from './mask.ts'
import type { Page } from './rule.ts'

export interface Import {
  /** As written: `../base/ring.ts`, `node:fs`, `commander`. */
  readonly specifier: string
  /** For a relative specifier the path from the root, otherwise null. */
  readonly path: string | null
  /** Names as the other file exports them; `*` stands for all of them. */
  readonly names: readonly string[]
  readonly line: number
}

export interface Export {
  readonly name: string
  readonly kind: 'value' | 'type'
  readonly line: number
}

const CLAUSE = String.raw`(?:type\s+)?([\w$]+\s*,?\s*)?(\{[^}]*\}|\*(?:\s*as\s+[\w$]+)?)?\s*`
const STATIC = new RegExp(String.raw`\b(?:import|export)\s+${CLAUSE}\bfrom\s*(['"])( *)\3`, 'g')
const BARE = /\bimport\s*(['"])( *)\1/g
const DYNAMIC = /\bimport\s*\(\s*(['"])( *)\1/g

export function importsOf(page: Page): Import[] {
  const found: Import[] = []
  const add = (match: RegExpExecArray, names: readonly string[], blank: string) => {
    // The mask has kept the quotes and blanked what is between them; the text has it.
    const from = match.index + match[0].length - 1 - blank.length
    const specifier = page.text.slice(from, from + blank.length)
    const path = specifier.startsWith('.') ? resolvePath(page.path, specifier) : null
    found.push({ specifier, path, names, line: lineOf(page.text, match.index) })
  }
  for (const match of page.code.matchAll(STATIC)) {
    add(match, importedNames(match[1] ?? '', match[2] ?? ''), match[4] ?? '')
  }
  for (const match of page.code.matchAll(BARE)) add(match, [], match[2] ?? '')
  for (const match of page.code.matchAll(DYNAMIC)) add(match, ['*'], match[2] ?? '')
  return found
}

function importedNames(first: string, rest: string): string[] {
  const names = first.trim() === '' ? [] : ['default']
  if (rest.startsWith('*')) return [...names, '*']
  const listed = rest.replace(/[{}]/g, '').split(',')
  const plain = listed.map((name) => name.trim().replace(/^type\s+/, ''))
  return [...names, ...plain.map((name) => name.split(/\s+as\s+/)[0] ?? '').filter(Boolean)]
}

const DECLARED =
  /^export\s+(?:declare\s+)?(?:abstract\s+)?(async\s+function\*?|function\*?|const|let|class|interface|type)\s+([\w$]+)/gm
const LISTED = /^export\s+(type\s+)?\{([^}]*)\}(?!\s*from)/gm

/** What a page exports by itself; what it only passes on is an import of its. */
export function exportsOf(page: Page): Export[] {
  const found: Export[] = []
  for (const match of page.code.matchAll(DECLARED)) {
    const kind = match[1] === 'interface' || match[1] === 'type' ? 'type' : 'value'
    found.push({ name: match[2] ?? '', kind, line: lineOf(page.text, match.index) })
  }
  for (const match of page.code.matchAll(LISTED)) {
    for (const listed of (match[2] ?? '').split(',')) {
      const name =
        listed
          .trim()
          .split(/\s+as\s+/)
          .at(-1) ?? ''
      const kind = match[1] === undefined ? 'value' : 'type'
      if (name !== '') found.push({ name, kind, line: lineOf(page.text, match.index) })
    }
  }
  return found
}

/** `../base/ring.ts` seen from `src/journal/frame.ts` is `src/base/ring.ts`. */
function resolvePath(from: string, specifier: string): string {
  const parts = from.split('/').slice(0, -1)
  for (const part of specifier.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '.') parts.push(part)
  }
  return parts.join('/')
}

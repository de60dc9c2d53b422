/** The Markdown: links lead somewhere, decisions are complete, snippets run, commands exist. */
import { findTypedSnippets, includeExamples } from '../../scripts/include.ts'
import type { Source } from '../../scripts/sources.ts'
import { lineOf } from './mask.ts'
import type { Finding } from './rule.ts'

/** A README of a folder is read standing. */
const README_LINES_MAX = 40

/** What a rule about prose may look at: the Markdown, and which paths there are. */
export interface Prose {
  readonly documents: readonly Source[]
  /** Every file of the project, by its path from the root. */
  readonly paths: ReadonlySet<string>
  /** Names of the scripts in package.json. */
  readonly scripts: readonly string[]
  readonly readFile: (path: string) => string | null
}

const LINK = /(?<!!)\[[^\]\n]*\]\(([^)\s]+)\)/g

export function checkLinks({ documents, paths }: Prose): Finding[] {
  const exists = (path: string) =>
    paths.has(path) || [...paths].some((other) => other.startsWith(`${path.replace(/\/$/, '')}/`))
  return documents.flatMap(({ path, text }) =>
    [...withoutFences(text).matchAll(LINK)].flatMap((match) => {
      const target = (match[1] ?? '').replace(/#.*$/, '')
      if (target === '' || /^[a-z]+:/.test(target)) return []
      const resolved = new URL(target, `file:///${path}`).pathname.slice(1)
      if (exists(decodeURIComponent(resolved))) return []
      return [{ path, line: lineOf(text, match.index), message: `${target} leads nowhere` }]
    }),
  )
}

/** `ADR-NNNN` in a source or a document must be a file of docs/decisions. */
export function checkDecisionLinks(
  sources: readonly Source[],
  paths: ReadonlySet<string>,
): Finding[] {
  const numbers = [...paths].map((path) => /^docs\/decisions\/(\d{4})-/.exec(path)?.[1])
  return sources.flatMap(({ path, text }) =>
    [...text.matchAll(/\bADR[- ](\d{1,4})\b/g)].flatMap((match) => {
      const number = (match[1] ?? '').padStart(4, '0')
      if (numbers.includes(number)) return []
      return [{ path, line: lineOf(text, match.index), message: `there is no ADR ${number}` }]
    }),
  )
}

const DECISION_PARTS = ['Context', 'Decision', 'Rejected', 'Consequences', 'How we would notice']

export function checkDecisions({ documents }: Prose): Finding[] {
  const decisions = documents.filter(({ path }) => /^docs\/decisions\/\d{4}-/.test(path))
  return decisions.flatMap(({ path, text }) =>
    DECISION_PARTS.filter((part) => !new RegExp(`^## ${part}`, 'm').test(text)).map((part) => ({
      path,
      line: 1,
      message: `a decision needs the part '${part}'`,
    })),
  )
}

/** Every folder of src/ has a README, and none is longer than a person reads standing. */
export function checkReadmes({ documents, paths }: Prose): Finding[] {
  const folders = [...paths].flatMap((path) => /^src\/([^/]+)\/.*\.ts$/.exec(path)?.[1] ?? [])
  const missing = [...new Set(folders)]
    .map((folder) => `src/${folder}/README.md`)
    .filter((path) => !paths.has(path))
    .map((path) => ({ path, line: 1, message: 'is missing: what lives here and what never may' }))
  const long = documents
    .filter(({ path }) => /^src\/.*README\.md$/.test(path))
    .map(({ path, text }) => ({ path, line: text.trimEnd().split('\n').length }))
    .filter(({ line }) => line > README_LINES_MAX)
    .map((at) => ({ ...at, message: `${at.line} lines; ${README_LINES_MAX} are the most` }))
  return [...missing, ...long]
}

/** No snippet is typed by hand; each is what the example that runs says. */
export function checkSnippets({ documents, readFile }: Prose): Finding[] {
  return documents.flatMap(({ path, text }) => {
    const { text: wanted, faults } = includeExamples(text, readFile)
    const typed = findTypedSnippets(text).map((line) => ({
      path,
      line,
      message: 'a snippet is included from an example that runs: <!-- include examples/x.ts -->',
    }))
    const broken = faults.map((message) => ({ path, line: 1, message }))
    const stale = wanted === text ? [] : [{ path, line: 1, message: 'run `npm run format`' }]
    return [...typed, ...broken, ...stale]
  })
}

const COMMAND = /\bnpm (?:run ([\w:-]+)|(test|start)\b)/g

/** A command that a document tells the reader to type is a script of package.json. */
export function checkCommands({ documents, scripts }: Prose): Finding[] {
  // A changelog and a decision speak of their own day; the commands of that day may be gone.
  const current = documents.filter(({ path }) => !/^CHANGELOG|^docs\/decisions\//.test(path))
  return current.flatMap(({ path, text }) =>
    [...text.matchAll(COMMAND)].flatMap((match) => {
      const name = match[1] ?? match[2] ?? ''
      if (scripts.includes(name)) return []
      return [{ path, line: lineOf(text, match.index), message: `there is no script '${name}'` }]
    }),
  )
}

/** Fenced blocks, blanked line for line: what looks like a link in code is none. */
function withoutFences(text: string): string {
  return text.replace(/^```[\s\S]*?^```/gm, (block) => block.replace(/[^\n]/g, ' '))
}

/** Sentences, reasons, exports, marks and documents, on planted sources. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkMarks, checkUnusedExports } from './exports.ts'
import * as prose from './prose.ts'
import { type Finding, toPage } from './rule.ts'
import { checkLimitReasons, checkOpeningSentence } from './sentences.ts'

type Files = Readonly<Record<string, string>>

function pagesOf(files: Files) {
  return Object.entries(files).map(([path, text]) => toPage(path, text))
}

function proseOf(files: Files, scripts: readonly string[] = []): prose.Prose {
  const documents = Object.entries(files).map(([path, text]) => ({ path, text }))
  return {
    documents: documents.filter(({ path }) => path.endsWith('.md')),
    paths: new Set(Object.keys(files)),
    scripts,
    readFile: (path) => files[path] ?? null,
  }
}

function shown(findings: readonly Finding[]): string[] {
  return findings.map((finding) => `${finding.path}:${finding.line} ${finding.message}`)
}

test('a source opens with a doc comment that holds a sentence', () => {
  const bad = ['', 'const a = 1', '// A ring.\n', '/** ring */', '/** */', '\n/** A ring. */']
  for (const text of bad) {
    assert.equal(checkOpeningSentence(pagesOf({ 'src/x.ts': text })).length, 1, text)
  }
  const good = [
    '/** A ring. */',
    '/**\n * A ring: see\n * below.\n */',
    '#!/usr/bin/env node\n/** Runs. */',
  ]
  for (const text of good) {
    assert.deepEqual(checkOpeningSentence(pagesOf({ 'src/x.ts': text })), [], text)
  }
})

test('each limit has a reason on its line or on the line above, not on the one before', () => {
  const text = `export const limits = {
  // A reason above.
  one: 1,
  two: 2, // a reason beside
  three: 3,
  four: 4 as number, // another
} as const
`
  const found = shown(checkLimitReasons(pagesOf({ 'src/base/limits.ts': text })))
  assert.deepEqual(found, ['src/base/limits.ts:5 the limit three has no reason beside it'])
})

test('a constant that names a bound has a reason wherever it stands', () => {
  const bad = 'const SIZE_MAX = 3'
  assert.equal(checkLimitReasons(pagesOf({ 'src/base/x.ts': bad })).length, 1)
  const good = '/** Three: because. */\nconst SIZE_MAX = 3\nconst sum = SIZE_MAX + 1'
  assert.deepEqual(checkLimitReasons(pagesOf({ 'src/base/x.ts': good })), [])
})

test('an export that nobody imports is found', () => {
  const found = checkUnusedExports(
    pagesOf({
      'src/a.ts': `export const used = 1
export const unused = 2
export function alsoUnused(): Signature {}
export interface Signature { a: 1 }
export type Nowhere = 1
export { used as listed }`,
      'src/b.test.ts': "import { used } from './a.ts'",
      'src/mod.ts': 'export const offered = 1',
      'src/c.ts': 'export const all = 1',
      'src/d.ts': "import * as c from './c.ts'; new URL('./e-worker.js', import.meta.url)",
      'src/e-worker.ts': 'export const started = 1',
    }),
  )
  assert.deepEqual(
    found.map(({ message }) => /imports (\w+)/.exec(message)?.[1]),
    ['unused', 'alsoUnused', 'Nowhere', 'listed'],
  )
})

test('a mark without its test is found, and a test without its mark', () => {
  const found = checkMarks(
    pagesOf({
      'src/journal/a.ts': "mark('torn/last')\nmark('torn/first')\n// mark('comment')",
      'src/journal/a.test.ts': "await expectMark('torn/last', f); await expectMark('gone', f)",
      'src/broker/b.ts': "mark('room/held')",
      'test/world/seeds.ts': "const MARKS = [\n  'room/held',\n  'room/gone',\n]",
    }),
  )
  assert.deepEqual(shown(found), [
    "src/journal/a.ts:2 no test expects the mark 'torn/first'",
    "src/journal/a.test.ts:1 no code has the mark 'gone'",
    "test/world/seeds.ts:3 no code has the mark 'room/gone'",
  ])
})

test('a link that leads nowhere is found', () => {
  const found = prose.checkLinks(
    proseOf({
      'docs/a.md': `[up](../README.md) [folder](../src/base/) [web](https://example.org) [here](#b)
[part](../README.md#b) [gone](gone.md)
\`\`\`
[code](in-a-fence.md)
\`\`\``,
      'README.md': '',
      'src/base/x.ts': '',
    }),
  )
  assert.deepEqual(shown(found), ['docs/a.md:2 gone.md leads nowhere'])
})

test('a cited decision that does not exist is found, and one that lacks a part', () => {
  const parts = ['Context', 'Decision', 'Rejected', 'Consequences']
  const text = parts.map((part) => `## ${part}\nText.\n`).join('')
  const files = { 'docs/decisions/0001-x.md': text }
  const cited = [{ path: 'src/a.ts', text: `// ${'ADR'}-0001, ${'ADR'}-0002` }]
  const { paths } = proseOf(files)
  assert.deepEqual(shown(prose.checkDecisionLinks(cited, paths)), [
    `src/a.ts:1 there is no ${'ADR'} 0002`,
  ])
  assert.match(prose.checkDecisions(proseOf(files))[0]?.message ?? '', /How we would notice/)
})

test('a folder of src/ without a README is found, and a README of 41 lines', () => {
  const files = {
    'src/base/x.ts': '',
    'src/wire/amqp/y.ts': '',
    'src/wire/README.md': 'line\n'.repeat(41),
  }
  assert.deepEqual(
    prose.checkReadmes(proseOf(files)).map(({ path }) => path),
    ['src/base/README.md', 'src/wire/README.md'],
  )
})

test('a snippet that is typed, stale or of a missing example is found', () => {
  const files = {
    'examples/a.ts': '/** An example. */\nrun()\n',
    'examples/b.ts': '  // #region part\n  one()\n    two()\n  // #endregion\n',
    'docs/good.md':
      '<!-- include examples/a.ts -->\n```ts\nrun()\n```\n' +
      '<!-- include examples/b.ts#part -->\n```ts\none()\n  two()\n```\n',
    'docs/typed.md': '```ts\nrun()\n```\n',
    'docs/stale.md': '<!-- include examples/a.ts -->\n```ts\nwalk()\n```\n',
    'docs/missing.md': '<!-- include examples/c.ts -->\n```ts\nrun()\n```\n',
    'docs/regionless.md': '<!-- include examples/b.ts#none -->\n',
  }
  assert.deepEqual(
    prose.checkSnippets(proseOf(files)).map(({ path }) => path),
    ['docs/typed.md', 'docs/stale.md', 'docs/missing.md', 'docs/regionless.md'],
  )
})

test('a command that does not exist is found, but not in a changelog', () => {
  const files = {
    'README.md': '`npm test` and `npm run bench` and `npm run gone`',
    'CHANGELOG.md': '`npm run gone`',
  }
  const found = prose.checkCommands(proseOf(files, ['test', 'bench']))
  assert.deepEqual(shown(found), ["README.md:1 there is no script 'gone'"])
})

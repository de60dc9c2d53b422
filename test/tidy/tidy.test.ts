/** The house rules, applied to the project as it stands. What they mean is shown beside each rule. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { findPackageFaults, type Manifest } from '../../scripts/entries.ts'
import { listPaths, readSources, type Source } from '../../scripts/sources.ts'
import { checkAmbient } from './ambient.ts'
import { checkMarks, checkUnusedExports } from './exports.ts'
import { checkLayers } from './layers.ts'
import * as prose from './prose.ts'
import { describeFinding, type Finding, isTest, toPage } from './rule.ts'
import { checkLimitReasons, checkOpeningSentence } from './sentences.ts'
import * as shape from './shape.ts'

const root = join(import.meta.dirname, '..', '..', '..')
const paths = listPaths(root, '')
const sources = readSources(root, '', ['.ts']).filter(({ path }) => !path.includes('/fixtures/'))
const pages = sources.map(({ path, text }) => toPage(path, text))
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest & {
  readonly scripts: Readonly<Record<string, string>>
}
const documents: prose.Prose = {
  documents: readSources(root, '', ['.md']),
  paths: new Set(paths),
  scripts: Object.keys(manifest.scripts).concat('ci'),
  readFile: (path) =>
    existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : null,
}

function isOfProduct(source: Source): boolean {
  return source.path.startsWith('src/')
}

function assertNone(findings: readonly Finding[]): void {
  if (findings.length > 0) assert.fail(findings.map(describeFinding).join('\n'))
}

test('the rules see the sources', () => {
  assert.ok(pages.some((page) => page.path === 'src/base/ports.ts'))
  assert.ok(documents.documents.some((document) => document.path === 'README.md'))
})

test('layers import only downward', () => assertNone(checkLayers(pages)))

test('only the edges touch clocks, chance, timers, files, sockets and the process', () =>
  assertNone(checkAmbient(pages)))

test('files are small', () => assertNone(shape.checkFileSize(pages)))

test('functions are small', () => assertNone(shape.checkFunctionSize(pages)))

test('comments keep to their columns', () => assertNone(shape.checkCommentWidth(pages)))

test('file names say what is inside', () =>
  assertNone(shape.checkFileNames(sources.map(({ path }) => path))))

test('sources contain nothing banned and nothing unfinished', () =>
  assertNone(shape.checkBanned(pages)))

test('no check puts its message together before it fails', () =>
  assertNone(shape.checkAssertMessages(pages)))

test('no function of the product takes a boolean', () =>
  assertNone(shape.checkBooleanParameters(pages)))

test('every source opens with a sentence', () => assertNone(checkOpeningSentence(pages)))

test('every limit has a reason', () =>
  assertNone(checkLimitReasons(pages.filter((page) => !isTest(page.path)))))

test('every export is imported', () => assertNone(checkUnusedExports(pages)))

test('every coverage mark has its test', () => assertNone(checkMarks(pages)))

test('links in documents lead somewhere', () => assertNone(prose.checkLinks(documents)))

test('every decision that is cited exists', () =>
  assertNone(prose.checkDecisionLinks([...sources, ...documents.documents], documents.paths)))

test('every decision has its parts', () => assertNone(prose.checkDecisions(documents)))

test('every folder of src/ has a short README', () => assertNone(prose.checkReadmes(documents)))

test('snippets in documents are examples that run', () =>
  assertNone(prose.checkSnippets(documents)))

test('commands in documents exist', () => assertNone(prose.checkCommands(documents)))

test('the package offers what there is, and nothing else', () =>
  assert.deepEqual(findPackageFaults(manifest, sources.filter(isOfProduct)), []))

test('continuous integration runs the commands of the README', () => {
  const readme = documents.readFile('README.md') ?? ''
  const script = documents.readFile('.ci/run') ?? ''
  for (const command of ['npm ci', 'npm test']) {
    assert.ok(readme.includes(command), `README.md does not say '${command}'`)
    assert.match(script, new RegExp(`^${command}$`, 'm'))
  }
})

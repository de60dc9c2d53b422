/** The linters, with the project's own configuration, against planted code. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { runTool, toolCommand } from '../../scripts/tools.ts'

const root = join(import.meta.dirname, '..', '..', '..')
const PLANTED = 'test/tidy/fixtures/promises'

test('a promise that nobody awaits is reported on its line, and no other line is', () => {
  const { output } = runTool(root, [...toolCommand(root, 'oxlint'), '--format=unix', PLANTED])
  const reported = [...output.matchAll(/^(\S+):(\d+):\d+: .*\(([\w-]+)\)\]$/gm)].map(
    ([, path, line, rule]) => `${path}:${line} ${rule}`,
  )
  const planted = ['promises.ts', 'remote.ts'].flatMap((name) => {
    const path = `${PLANTED}/${name}`
    return readFileSync(join(root, path), 'utf8')
      .split('\n')
      .flatMap((line, index) => {
        const rule = /\/\/ caught: ([\w-]+)$/.exec(line)?.[1]
        return rule === undefined ? [] : [`${path}:${index + 1} ${rule}`]
      })
  })
  assert.ok(planted.length > 30)
  assert.deepEqual([...new Set(reported)].sort(compare), planted.sort(compare))
})

function compare(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true })
}

/** Writes planted code beside a copy of the configuration, where git has nothing to say. */
function biome(command: 'lint' | 'format', text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'naru-biome-'))
  try {
    const config = JSON.parse(readFileSync(join(root, 'biome.json'), 'utf8')) as object
    writeFileSync(join(folder, 'biome.json'), JSON.stringify({ ...config, vcs: {} }))
    writeFileSync(join(folder, 'planted.ts'), text)
    return runTool(folder, [...toolCommand(root, 'biome'), command, 'planted.ts']).output
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

describe('the linter knows the house rules it is there for', () => {
  const cases: readonly (readonly [rule: string, text: string])[] = [
    ['noExplicitAny', 'export const a: any = 1\n'],
    ['noDefaultExport', 'export default class A {}\n'],
    ['useNodejsImportProtocol', "import { join } from 'path'\nexport const a = join('b')\n"],
    ['useImportType', "import { A } from './a.ts'\nexport const b = (a: A): A => a\n"],
    ['noUnusedImports', "import { a } from './a.ts'\nexport const b = 1\n"],
  ]
  for (const [rule, text] of cases) {
    test(rule, () => assert.match(biome('lint', text), new RegExp(`/${rule}\\b`)))
  }
  test('and passes what keeps them', () => {
    assert.doesNotMatch(biome('lint', 'export const a = 1\n'), / lint\//)
  })
})

test('the formatter holds code to 100 columns, two spaces and no semicolons', () => {
  const wide = `const list = ['${'x'.repeat(45)}', '${'y'.repeat(45)}']\n`
  assert.match(biome('format', wide), /Formatter would have printed/)
  assert.match(biome('format', 'f();\n'), /Formatter would have printed/)
  assert.match(biome('format', 'if (a) {\n    f()\n}\n'), /Formatter would have printed/)
  assert.doesNotMatch(biome('format', 'if (a) {\n  f()\n}\n'), /Formatter/)
})

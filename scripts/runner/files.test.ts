/** Which files the runner takes for tests, and the order and the words of its report. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kindOf, selectFiles, type TestFile, worldOf } from './files.ts'
import { closingLine, failureLines, totalsOf, worldLines } from './print.ts'
import { orderLongestFirst } from './run-all.ts'
import type { FileReport } from './run-file.ts'

function file(source: string): TestFile {
  return { kind: 'tests', source, built: `/${source}`, world: worldOf(source) }
}

function report(source: string, change: Partial<FileReport>): FileReport {
  const base = { passed: 0, skipped: [], failures: [], remarks: [], output: '', elapsedMs: 0 }
  return { ...base, file: file(source), ...change }
}

test('tests are *.test.ts, examples are programs, fixtures and everything else are neither', () => {
  assert.equal(kindOf('src/base/ring.test.ts'), 'tests')
  assert.equal(kindOf('examples/queue.ts'), 'program')
  assert.equal(kindOf('examples/parts/worker.ts'), 'neither')
  assert.equal(kindOf('src/base/ring.ts'), 'neither')
  assert.equal(kindOf('test/tidy/fixtures/a.test.ts'), 'neither')
})

test('the world of a source is unit, the folder below test, or its first folder', () => {
  assert.equal(worldOf('src/base/ring.test.ts'), 'unit')
  assert.equal(worldOf('test/sim/net.test.ts'), 'sim')
  assert.equal(worldOf('test/loose.test.ts'), 'test')
  assert.equal(worldOf('bench/report.test.ts'), 'bench')
})

test('patterns and worlds both must match, and none of a kind means any', () => {
  const files = [file('src/base/ring.test.ts'), file('test/sim/ring.test.ts')]
  const pick = (patterns: string[], worlds: string[]) =>
    selectFiles(files, { patterns, worlds }).map((chosen) => chosen.world)
  assert.deepEqual(pick([], []), ['unit', 'sim'])
  assert.deepEqual(pick(['base'], []), ['unit'])
  assert.deepEqual(pick(['ring'], ['sim']), ['sim'])
  assert.deepEqual(pick(['base'], ['sim']), [])
})

test('unknown files start first, then the longest', () => {
  const files = [file('a.test.ts'), file('b.test.ts'), file('c.test.ts')]
  const order = orderLongestFirst(files, { 'a.test.ts': 10, 'c.test.ts': 20 })
  assert.deepEqual(
    order.map((each) => each.source),
    ['b.test.ts', 'c.test.ts', 'a.test.ts'],
  )
})

test('the closing line and the line of a world add up the files', () => {
  const failures = [{ title: 'x', where: '', details: 'boom' }]
  const reports = [
    report('src/a.test.ts', { passed: 2, elapsedMs: 1_200 }),
    report('src/b.test.ts', { passed: 1, failures, skipped: ['s: why'], elapsedMs: 300 }),
  ]
  assert.equal(closingLine(totalsOf(reports)), '3 passed, 1 failed, 1 skipped')
  assert.equal(
    worldLines(reports)[0]?.replace(/ +/g, ' '),
    'unit 2 files 3 passed 1 failed 1 skipped 1.5 s',
  )
})

test('a failure names its file and its place, and shows what the file printed', () => {
  const failures = [{ title: 'group > rule', where: 'src/b.test.ts:7:3', details: 'boom\nagain' }]
  const lines = failureLines([report('src/b.test.ts', { failures, output: 'printed\n' })])
  assert.deepEqual(lines, [
    '',
    'FAILED src/b.test.ts: group > rule',
    '  at src/b.test.ts:7:3',
    '    boom\n    again',
    '  what the file printed:',
    '    printed',
  ])
})

/** The runner against planted files: each way in which a test file can go wrong is told as such. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { transform } from 'esbuild'
import type { TestFile } from './files.ts'
import { type FileReport, runFile } from './run-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'naru-planted-'))
after(() => rmSync(folder, { recursive: true, force: true }))

let plantedCount = 0

/** Long enough for any planted file that ends by itself, on a machine that does much else. */
const PATIENT_MS = 60_000

interface Planted {
  readonly text: string
  readonly kind?: TestFile['kind']
  readonly limitMs?: number
  readonly signal?: AbortSignal
}

async function runPlanted(planted: Planted): Promise<FileReport> {
  plantedCount += 1
  const name = `planted-${plantedCount}.mjs`
  const built = join(folder, name)
  writeFileSync(built, planted.text)
  const file = { kind: planted.kind ?? 'tests', source: name, built, world: 'planted' } as const
  return await runFile(file, {
    root: folder,
    scratch: folder,
    limitMs: planted.limitMs ?? PATIENT_MS,
    signal: planted.signal ?? new AbortController().signal,
  })
}

const IMPORTS = "import { test, describe, it, before } from 'node:test'\n"

test('a file whose tests pass and skip is counted so and has no failure', async () => {
  const report = await runPlanted({
    text: `${IMPORTS}
      test('one', () => {})
      test('no tool', { skip: 'no strace here' }, () => {})
      describe('group', () => { it('two', async (t) => { await t.test('three', () => {}) }) })`,
  })
  assert.equal(report.passed, 3)
  assert.deepEqual(report.skipped, ['no tool: no strace here'])
  assert.deepEqual(report.failures, [])
})

test('what a test says of itself is told, and the counts of node:test are not', async () => {
  const report = await runPlanted({
    text: `${IMPORTS}
      test('one', (context) => { context.diagnostic('7 seeds, none of them failed') })`,
  })
  assert.deepEqual(report.remarks, ['7 seeds, none of them failed'])
})

test('a failing test is told with its path, its place and its error, and counted once', async () => {
  const report = await runPlanted({
    text: `${IMPORTS}
      describe('outer', () => { it('inner', () => { throw new Error('planted boom') }) })
      test('fine', () => {})`,
  })
  assert.equal(report.passed, 1)
  assert.equal(report.failures.length, 1)
  assert.equal(report.failures[0]?.title, 'outer > inner')
  assert.match(report.failures[0]?.where ?? '', /^planted-\d+\.mjs:3:33$/)
  assert.match(report.failures[0]?.details ?? '', /planted boom/)
})

test('a failure in compiled TypeScript is told at its place in the source', async () => {
  const source = `type Gone = { readonly one: number }
${IMPORTS.trim()}
interface GoneToo { readonly two: number }

test('mapped', () => {
  const gone: Gone & GoneToo = { one: 1, two: 2 }
  throw new Error(String(gone.one))
})`
  const { code } = await transform(source, {
    loader: 'ts',
    sourcemap: 'inline',
    sourcefile: 'mapped.ts',
  })
  const report = await runPlanted({ text: code })
  assert.equal(report.failures[0]?.where, 'mapped.ts:5:1')
  assert.match(report.failures[0]?.details ?? '', /mapped\.ts:7:9/)
})

test('a file that throws while it is imported fails and shows what it printed', async () => {
  const report = await runPlanted({
    text: `${IMPORTS} test('never', () => {}); throw new Error('planted at import')`,
  })
  assert.equal(report.failures.length, 1)
  assert.match(report.failures[0]?.details ?? '', /before its tests were over/)
  assert.match(report.output, /planted at import/)
})

test('a file that imports what is not there fails and names it', async () => {
  const report = await runPlanted({ text: `import './absent.mjs'` })
  assert.equal(report.failures.length, 1)
  assert.match(report.output, /absent\.mjs/)
})

test('a file that hangs is killed at the limit, named, and keeps what it told until then', async () => {
  const report = await runPlanted({
    text: `${IMPORTS}
      console.log('planted output')
      test('quick', () => {})
      test('hangs', () => new Promise((resolve) => setTimeout(resolve, 3_600_000)))`,
    limitMs: 3_000,
  })
  assert.match(report.failures[0]?.details ?? '', /still running after 3 s/)
  assert.match(report.output, /planted output/)
})

test('a file that blocks its own event loop is killed at the limit', async () => {
  const report = await runPlanted({
    text: `${IMPORTS} test('spins', () => { for (;;); })`,
    limitMs: 2_000,
  })
  assert.match(report.failures[0]?.details ?? '', /still running/)
})

test('a file that exits with 0 in the middle of its tests fails', async () => {
  const report = await runPlanted({
    text: `${IMPORTS} test('a', () => {}); test('b', () => process.exit(0)); test('c', () => {})`,
  })
  assert.match(report.failures[0]?.details ?? '', /exit code 0 before its tests were over/)
})

test('a rejection that nobody awaits fails the file, though each test passed', async () => {
  const report = await runPlanted({
    text: `${IMPORTS}
      test('leaks', () => { setTimeout(() => { Promise.reject(new Error('planted stray')) }, 1) })
      test('waits', () => new Promise((resolve) => setTimeout(resolve, 50)))`,
  })
  assert.equal(report.failures.length, 1)
  assert.match(report.failures[0]?.details ?? '', /planted stray/)
})

test('a hook that fails fails the file', async () => {
  const report = await runPlanted({
    text: `${IMPORTS}
      describe('group', () => { before(() => { throw new Error('planted hook') }); it('x', () => {}) })`,
  })
  assert.ok(report.failures.some((failure) => failure.details.includes('planted hook')))
})

test('a file without a test fails', async () => {
  const report = await runPlanted({ text: `${IMPORTS} describe('empty', () => {})` })
  assert.match(report.failures[0]?.details ?? '', /has no test/)
})

test('an exit code that no test explains fails the file', async () => {
  const report = await runPlanted({
    text: `${IMPORTS} test('a', () => {}); process.on('exit', () => { process.exitCode = 3 })`,
  })
  assert.match(report.failures[0]?.details ?? '', /exit code 3 although its tests passed/)
})

test('a file that was never compiled fails and is named', async () => {
  const file = {
    kind: 'tests',
    source: 'ghost.test.ts',
    built: join(folder, 'ghost.js'),
    world: 'planted',
  } as const
  const { signal } = new AbortController()
  const report = await runFile(file, { root: folder, scratch: folder, limitMs: 1, signal })
  assert.match(report.failures[0]?.details ?? '', /ghost\.js is missing/)
})

test('an example passes by ending with 0 and fails otherwise', async () => {
  const good = await runPlanted({ text: `console.log('done')`, kind: 'program' })
  assert.equal(good.passed, 1)
  const bad = await runPlanted({ text: 'process.exitCode = 2', kind: 'program' })
  assert.equal(bad.passed, 0)
  assert.match(bad.failures[0]?.details ?? '', /exit code 2/)
})

test('a run that is stopped kills its file', async () => {
  const stop = new AbortController()
  const running = runPlanted({
    text: `${IMPORTS} test('long', () => new Promise((resolve) => setTimeout(resolve, 3_600_000)))`,
    signal: stop.signal,
  })
  stop.abort()
  const report = await running
  assert.match(report.failures[0]?.details ?? '', /the run was stopped/)
})

test('what a file leaves running dies with it', {
  skip: process.platform === 'win32',
}, async () => {
  const pidPath = join(folder, 'left-behind.pid')
  const report = await runPlanted({
    text: `${IMPORTS}
      import { spawn } from 'node:child_process'
      import { writeFileSync } from 'node:fs'
      test('leaves a child', () => {
        const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 3_600_000)'])
        writeFileSync(${JSON.stringify(pidPath)}, String(child.pid))
        child.unref()
        for (const stream of [child.stdin, child.stdout, child.stderr]) stream.unref()
      })`,
  })
  assert.deepEqual(report.failures, [])
  assert.ok(existsSync(pidPath))
  const pid = Number(readFileSync(pidPath, 'utf8'))
  // The kernel buries a killed process in its own time; that it is buried at all is the rule.
  for (let tries = 0; isAlive(pid); tries += 1) {
    assert.ok(tries < 500, 'the child outlived its test file')
    await sleep(10)
  }
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  // A zombie answers signals; it is dead all the same.
  const status = `/proc/${pid}/stat`
  return !existsSync(status) || !/\) Z /.test(readFileSync(status, 'utf8'))
}

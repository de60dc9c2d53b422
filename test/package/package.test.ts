/** What a user gets: the bundled package in dist/, as `npm run build` left it. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join, posix } from 'node:path'
import { test } from 'node:test'
import type { Manifest } from '../../scripts/entries.ts'

const root = join(import.meta.dirname, '..', '..', '..')

/** What the start of the command may load; everything heavy must wait until it is needed. */
const START = {
  files: 12, // each file costs about 0.3 ms, a hundred of them a twentieth of a second
  bytes: 160 * 1024, // parsed before the first line is printed
  packages: ['commander'], // anything else is loaded by whoever needs it, when it is needed
} as const

interface Bundle {
  readonly outputs: Readonly<
    Record<
      string,
      {
        readonly bytes: number
        readonly inputs: Readonly<Record<string, unknown>>
        readonly imports: readonly {
          readonly path: string
          readonly kind: string
          readonly external?: boolean
        }[]
      }
    >
  >
}

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(join(root, path), 'utf8')) as T
}

const { outputs } = readJson<Bundle>('build/dist-meta.json')
const manifest = readJson<Manifest & { readonly version: string }>('package.json')

/** All that is loaded by importing one file of dist/: its files and the packages they need. */
function loadedBy(entry: string): { files: Set<string>; packages: Set<string> } {
  const files = new Set<string>()
  const packages = new Set<string>()
  const waiting = [entry]
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (files.has(path)) continue
    files.add(path)
    for (const each of outputs[path]?.imports ?? []) {
      if (each.kind === 'dynamic-import') continue
      if (each.external !== true) waiting.push(each.path)
      else if (!isBuiltin(each.path)) packages.add(each.path)
    }
  }
  return { files, packages }
}

test('every export and every command of package.json is there', () => {
  const named = Object.values(manifest.exports).flatMap((value) =>
    typeof value === 'string' ? [value] : Object.values(value),
  )
  for (const path of [...named, ...Object.values(manifest.bin)]) {
    assert.ok(existsSync(join(root, path)), `${path} is missing`)
  }
})

test('dist/ is flat but for its types, and holds no code of a test', () => {
  const folders = readdirSync(join(root, 'dist'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
  assert.deepEqual(folders, ['types'])
  const inputs = Object.values(outputs).flatMap((output) => Object.keys(output.inputs))
  assert.deepEqual(
    inputs.filter((path) => !/^src\/.*(?<!\.test)\.ts$/.test(path)),
    [],
  )
  const types = readdirSync(join(root, 'dist', 'types'), { recursive: true, encoding: 'utf8' })
  assert.deepEqual(
    types.filter((path) => path.includes('.test.')),
    [],
  )
})

test('a worker lies beside whoever starts it', () => {
  const workers = Object.keys(outputs).flatMap((path) => {
    if (!path.endsWith('.js')) return []
    const text = readFileSync(join(root, path), 'utf8')
    return [...text.matchAll(/new URL\("\.\/([\w-]+\.js)", import\.meta\.url\)/g)].map((m) => m[1])
  })
  assert.ok(workers.length > 0)
  for (const worker of workers) assert.ok(existsSync(join(root, 'dist', worker ?? '')), worker)
})

test('the command starts from a few small files, and what is heavy loads when it is needed', () => {
  const { files, packages } = loadedBy('dist/cli.js')
  const bytes = [...files].reduce((sum, path) => sum + (outputs[path]?.bytes ?? 0), 0)
  assert.ok(files.size <= START.files, `${files.size} files: ${[...files].join(', ')}`)
  assert.ok(bytes <= START.bytes, `${bytes} bytes`)
  const heavy = [...packages].filter(
    (name) => !(START.packages as readonly string[]).includes(name),
  )
  assert.deepEqual(heavy, [])
})

test('the bundled command says the version of package.json', () => {
  const args = [join(root, 'dist', 'cli.js'), '--version']
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  assert.equal(stderr, '')
  assert.equal(stdout, `${manifest.version}\n`)
  assert.equal(status, 0)
})

test('the package can be imported by its own name', async () => {
  for (const key of Object.keys(manifest.exports)) {
    if (key === './package.json') continue
    const offered: object = await import(posix.join('naru', key))
    assert.ok(Object.keys(offered).length > 0, `${key} offers nothing`)
  }
})

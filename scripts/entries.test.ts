/** What the package is made of, on planted sources. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findEntries, findPackageFaults, type Manifest } from './entries.ts'

const WORKER = "new Worker(new URL('./pool-worker.js', import.meta.url))"

const sources = [
  { path: 'src/mod.ts', text: '' },
  { path: 'src/channels/mod.ts', text: '' },
  { path: 'src/channels/threads/mod.ts', text: '' },
  { path: 'src/cli/main.ts', text: '' },
  { path: 'src/pool/pool.ts', text: WORKER },
  { path: 'src/pool/other.ts', text: WORKER },
  { path: 'src/pool/pool.test.ts', text: "new URL('./planted.js', import.meta.url)" },
  { path: 'src/pool/pool-worker.ts', text: '' },
]

const manifest: Manifest = {
  bin: { naru: 'dist/cli.js' },
  exports: {
    '.': { types: './dist/types/mod.d.ts', default: './dist/mod.js' },
    './channels': {
      types: './dist/types/channels/mod.d.ts',
      default: './dist/channels.js',
    },
    './channels/threads': {
      types: './dist/types/channels/threads/mod.d.ts',
      default: './dist/channels-threads.js',
    },
    './package.json': './package.json',
  },
}

test('the entries are the command, each mod.ts and each worker, once', () => {
  assert.deepEqual(
    findEntries(sources).map((entry) => `${entry.source} ${entry.name}`),
    [
      'src/mod.ts mod',
      'src/channels/mod.ts channels',
      'src/channels/threads/mod.ts channels-threads',
      'src/cli/main.ts cli',
      'src/pool/pool-worker.ts pool-worker',
    ],
  )
})

test('a package whose manifest and sources agree has no fault', () => {
  assert.deepEqual(findPackageFaults(manifest, sources), [])
})

test('an export without a source is a fault', () => {
  const without = sources.filter((source) => source.path !== 'src/channels/mod.ts')
  assert.match(findPackageFaults(manifest, without).join(), /src\/channels\/mod\.ts is missing/)
})

test('a mod.ts without an export is a fault, and so is one under another name', () => {
  const { './channels': _gone, ...exports } = manifest.exports
  const faults = findPackageFaults({ ...manifest, exports }, sources)
  assert.match(faults.join(), /src\/channels\/mod\.ts has no exports '\.\/channels'/)
  const wrong = { ...manifest.exports, './channels': './dist/channels.js' }
  assert.match(findPackageFaults({ ...manifest, exports: wrong }, sources).join(), /must be/)
})

test('a command without its source is a fault, and the other way round', () => {
  const without = sources.filter((source) => source.path !== 'src/cli/main.ts')
  assert.match(findPackageFaults(manifest, without).join(), /src\/cli\/main\.ts is missing/)
  assert.match(findPackageFaults({ ...manifest, bin: {} }, sources).join(), /has no bin/)
})

test('two entries of one name are a fault, because dist/ is flat', () => {
  const twins = [
    ...sources,
    { path: 'src/node/disk.ts', text: WORKER },
    { path: 'src/node/pool-worker.ts', text: '' },
  ]
  assert.match(findPackageFaults(manifest, twins).join(), /would both be dist\/pool-worker\.js/)
})

test('a worker that is missing or not beside its user is a fault', () => {
  const plant = (url: string) => [
    ...sources,
    { path: 'src/node/disk.ts', text: `new URL('${url}', import.meta.url)` },
  ]
  assert.match(findPackageFaults(manifest, plant('./gone.js')).join(), /gone\.ts, which is missing/)
  assert.match(findPackageFaults(manifest, plant('../pool/x.js')).join(), /a file beside it/)
})

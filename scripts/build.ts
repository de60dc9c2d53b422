/**
 * `npm run build`: bundles src/ into the flat folder dist/ and writes the types into dist/types. It
 * knows no list of entries of its own: they are the mod.ts files, the command and the workers.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { findEntries, findPackageFaults, type Manifest } from './entries.ts'
import { readSources, type Source } from './sources.ts'

const root = join(import.meta.dirname, '..', '..')

async function bundle(sources: readonly Source[]): Promise<string[]> {
  const entries = findEntries(sources)
  const result = await build({
    absWorkingDir: root,
    entryPoints: entries.map((entry) => ({ in: entry.source, out: entry.name })),
    outdir: 'dist',
    bundle: true,
    splitting: true,
    // Chunks lie beside the entries, so that `new URL('./worker.js', import.meta.url)` holds in both.
    chunkNames: 'chunk-[hash]',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    sourcemap: true,
    // The sources are published too, so the maps need not repeat them.
    sourcesContent: false,
    metafile: true,
    logLevel: 'warning',
  })
  // For the tests that ask what is in the package.
  writeFileSync(join(root, 'build', 'dist-meta.json'), JSON.stringify(result.metafile))
  return Object.values(result.metafile.outputs).flatMap((output) => Object.keys(output.inputs))
}

function writeTypes(): void {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const args = [tsc, '-p', join(root, 'tsconfig.types.json')]
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' })
  if (status !== 0) throw new Error('the types could not be written')
}

async function main(): Promise<number> {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest
  const sources = readSources(root, 'src', ['.ts'])
  const faults = findPackageFaults(manifest, sources)
  for (const fault of faults) console.error(`build: ${fault}`)
  if (faults.length > 0) return 1
  rmSync(join(root, 'dist'), { recursive: true, force: true })
  const inputs = await bundle(sources)
  const tests = inputs.filter((input) => input.includes('.test.') || !input.startsWith('src/'))
  for (const test of tests) console.error(`build: ${test} must not be part of the package`)
  writeTypes()
  return tests.length === 0 ? 0 : 1
}

process.exitCode = await main()

/**
 * What the package consists of: which source each export, the command and each worker comes from,
 * and under which name it lies in dist/. Pure; reading and bundling is build.ts's work.
 */
import type { Source } from './sources.ts'

/** The parts of package.json that say what the package offers. */
export interface Manifest {
  readonly bin: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, string | { readonly [condition: string]: string }>>
}

/** A source file that becomes a file of its own in dist/. */
export interface Entry {
  /** Path from the root, with forward slashes: `src/channels/mod.ts`. */
  readonly source: string
  /** File name in dist/, without `.js`: `channels`. */
  readonly name: string
}

const CLI = 'src/cli/main.ts'

/** How a worker's file is named by the code that starts it, in build/ and in dist/ alike. */
const WORKER_URL = /new URL\(\s*'([^']+)',\s*import\.meta\.url\s*,?\s*\)/g

/** All entries: the command, every mod.ts and every worker. */
export function findEntries(sources: readonly Source[]): Entry[] {
  const entries: Entry[] = []
  for (const { path, text } of sources) {
    if (path === CLI) entries.push({ source: path, name: 'cli' })
    if (/^src\/(.+\/)?mod\.ts$/.test(path)) entries.push({ source: path, name: modName(path) })
    for (const worker of workerSources(path, text)) {
      if (entries.some((entry) => entry.source === worker)) continue
      entries.push({ source: worker, name: baseName(worker) })
    }
  }
  return entries
}

/** The workers that one file starts, as sources. */
function workerSources(path: string, text: string): string[] {
  if (path.endsWith('.test.ts')) return []
  const folder = path.slice(0, path.lastIndexOf('/') + 1)
  return [...text.matchAll(WORKER_URL)]
    .map((match) => match[1] ?? '')
    .filter((url) => /^\.\/[\w-]+\.js$/.test(url))
    .map((url) => `${folder}${url.slice(2, -3)}.ts`)
}

/** Everything that is wrong with the package as it stands; an empty list is what one wants. */
export function findPackageFaults(manifest: Manifest, sources: readonly Source[]): string[] {
  const entries = findEntries(sources)
  return [
    ...findExportFaults(manifest, entries),
    ...findBinFaults(manifest, entries),
    ...findNameFaults(entries),
    ...findWorkerFaults(sources),
  ]
}

function findExportFaults(manifest: Manifest, entries: readonly Entry[]): string[] {
  const faults: string[] = []
  const mods = entries.filter((entry) => entry.source.endsWith('/mod.ts'))
  const wanted = new Map(mods.map((entry) => [exportKey(entry.source), exportValue(entry)]))
  for (const [key, value] of Object.entries(manifest.exports)) {
    if (key === './package.json') continue
    const want = wanted.get(key)
    if (want === undefined) faults.push(`exports '${key}', but ${exportSource(key)} is missing`)
    else if (JSON.stringify(value) !== JSON.stringify(want)) {
      faults.push(`exports '${key}' must be ${JSON.stringify(want)}`)
    }
  }
  for (const [key, want] of wanted) {
    if (key in manifest.exports) continue
    faults.push(`${exportSource(key)} has no exports '${key}': ${JSON.stringify(want)}`)
  }
  return faults
}

function findBinFaults(manifest: Manifest, entries: readonly Entry[]): string[] {
  const exists = entries.some((entry) => entry.source === CLI)
  const named = manifest.bin.naru === 'dist/cli.js'
  if (exists === named) return []
  return [
    exists ? `${CLI} has no bin 'naru'` : `bin 'naru' names dist/cli.js, but ${CLI} is missing`,
  ]
}

/** All of dist/ is one flat folder, so that a worker's URL is the same from every chunk. */
function findNameFaults(entries: readonly Entry[]): string[] {
  return entries.flatMap((entry, index) => {
    const twin = entries.findIndex((other) => other.name === entry.name)
    if (twin === index) return []
    const first = entries[twin]?.source
    return [`${first} and ${entry.source} would both be dist/${entry.name}.js: rename one`]
  })
}

function findWorkerFaults(sources: readonly Source[]): string[] {
  const known = new Set(sources.map((source) => source.path))
  return sources.flatMap(({ path, text }) => {
    if (path.endsWith('.test.ts')) return []
    const urls = [...text.matchAll(WORKER_URL)].map((match) => match[1] ?? '')
    const foreign = urls
      .filter((url) => !/^\.\/[\w-]+\.js$/.test(url))
      .map((url) => `${path}: '${url}' must be './NAME.js', a file beside it, to resolve in dist/`)
    const missing = workerSources(path, text)
      .filter((worker) => !known.has(worker))
      .map((worker) => `${path}: starts ${worker}, which is missing`)
    return [...foreign, ...missing]
  })
}

/** `src/mod.ts` is `.`, `src/channels/mod.ts` is `./channels`. */
function exportKey(source: string): string {
  const folder = source.slice('src/'.length, -'mod.ts'.length).replace(/\/$/, '')
  return folder === '' ? '.' : `./${folder}`
}

function exportSource(key: string): string {
  return key === '.' ? 'src/mod.ts' : `src/${key.slice(2)}/mod.ts`
}

function exportValue(entry: Entry): { readonly types: string; readonly default: string } {
  const types = entry.source.replace(/^src\//, './dist/types/').replace(/\.ts$/, '.d.ts')
  return { types, default: `./dist/${entry.name}.js` }
}

/** `src/mod.ts` is `mod`, `src/channels/mod.ts` is `channels`, deeper folders join with a dash. */
function modName(source: string): string {
  const key = exportKey(source)
  return key === '.' ? 'mod' : key.slice(2).replaceAll('/', '-')
}

function baseName(source: string): string {
  return source.slice(source.lastIndexOf('/') + 1, -'.ts'.length)
}

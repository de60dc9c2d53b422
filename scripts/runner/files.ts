/**
 * Which test files there are and which world each belongs to. It lists sources, not what was
 * compiled, so a file that was renamed or deleted cannot leave a ghost behind that still passes.
 */
import { existsSync, readdirSync } from 'node:fs'
import { join, sep } from 'node:path'

/** A file of tests, or an example: a program that passes by ending with exit code 0. */
export interface TestFile {
  readonly kind: 'tests' | 'program'
  /** Path of the source from the root, with forward slashes on every system. */
  readonly source: string
  /** Absolute path of the JavaScript to run. */
  readonly built: string
  readonly world: string
}

/** The folders that hold tests. A folder that is not there yet holds none. */
const ROOTS = ['src', 'test', 'bench', 'scripts', 'examples', 'conformance']

/** Every test file and every example below `root`, in the order of their paths. */
export function listTestFiles(root: string): TestFile[] {
  const files: TestFile[] = []
  for (const folder of ROOTS) {
    if (!existsSync(join(root, folder))) continue
    for (const name of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })) {
      const source = `${folder}/${name.split(sep).join('/')}`
      const kind = kindOf(source)
      if (kind === 'neither') continue
      const built = join(root, 'build', source.replace(/\.ts$/, '.js'))
      files.push({ kind, source, built, world: worldOf(source) })
    }
  }
  return files.sort((a, b) => (a.source < b.source ? -1 : 1))
}

/** The world of a source: what is told and timed together. */
export function worldOf(source: string): string {
  const [first = '', second = ''] = source.split('/')
  if (first === 'src') return 'unit'
  if (first !== 'test') return first
  return second.includes('.') ? 'test' : second
}

/** What a path is to the runner. Planted files in a `fixtures` folder are nobody's tests. */
export function kindOf(source: string): TestFile['kind'] | 'neither' {
  if (source.includes('/fixtures/') || source.includes('/node_modules/')) return 'neither'
  if (source.endsWith('.test.ts')) return 'tests'
  if (/^examples\/[^/]+\.ts$/.test(source)) return 'program'
  return 'neither'
}

/** What the command line asks for. */
export interface Selection {
  /** Substrings of source paths; a file must contain one of them. Empty: every file. */
  readonly patterns: readonly string[]
  /** Names of worlds; a file must be of one of them. Empty: every world. */
  readonly worlds: readonly string[]
}

export function selectFiles(files: readonly TestFile[], selection: Selection): TestFile[] {
  const { patterns, worlds } = selection
  return files.filter(
    (file) =>
      (worlds.length === 0 || worlds.includes(file.world)) &&
      (patterns.length === 0 || patterns.some((pattern) => file.source.includes(pattern))),
  )
}

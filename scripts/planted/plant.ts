/**
 * A copy of the tree in which bugs are planted, one at a time: the source that is wrong is compiled alone, into
 * the place of what the real compilation made of it. The tree itself is never touched.
 */
import {
  cpSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { transformSync } from 'esbuild'
import type { Bug } from './bug.ts'

/** All that the tests of the planted sources read. Dependencies are linked. */
const COPIED = ['build', 'docs', 'package.json', 'scripts', 'src', 'test']

/** The source with the bug in it. Throws unless what it replaces stands there exactly once. */
export function plantedText(source: string, { file, right, wrong, what }: Bug): string {
  const parts = source.split(right)
  if (parts.length !== 2) {
    throw new Error(`${file} has ${parts.length - 1} places for the bug '${what}', not one`)
  }
  return parts.join(wrong)
}

export class Copy {
  readonly root: string

  /** Of a tree that is compiled. */
  constructor(from: string) {
    this.root = realpathSync(mkdtempSync(join(tmpdir(), 'naru-planted-')))
    for (const name of COPIED) {
      cpSync(join(from, name), join(this.root, name), { recursive: true })
    }
    symlinkSync(join(from, 'node_modules'), join(this.root, 'node_modules'))
  }

  /** Answers what takes the bug out again. */
  plant(bug: Bug): () => void {
    const source = readFileSync(join(this.root, bug.file), 'utf8')
    const built = join(this.root, 'build', bug.file.replace(/\.ts$/, '.js'))
    const healthy = readFileSync(built)
    writeFileSync(built, compiled(plantedText(source, bug)))
    return () => writeFileSync(built, healthy)
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true })
  }
}

/** As the compiler makes it, but for types, which nobody checks: a bug need not be well typed. */
function compiled(source: string): string {
  const { code } = transformSync(source, { loader: 'ts', format: 'esm', target: 'es2022' })
  return code.replace(/(\bfrom |\bimport\()"(\.[^"]+)\.ts"/g, '$1"$2.js"')
}

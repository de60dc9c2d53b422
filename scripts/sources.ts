/** Reads the files of the project as text. It never judges them; what git ignores it does not see. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A file as text. */
export interface Source {
  /** Path from the root, with forward slashes on every system. */
  readonly path: string
  readonly text: string
}

/** Folders that hold nothing written by a person. Dotted folders are passed over too, but for .ci. */
const PASSED_OVER = new Set(['node_modules', 'build', 'dist', 'data'])

/** Every file below `folder` (a path from the root, or '' for all) whose name ends in one of `endings`. */
export function readSources(root: string, folder: string, endings: readonly string[]): Source[] {
  return listPaths(root, folder)
    .filter((path) => endings.some((ending) => path.endsWith(ending)))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))
}

/** Every path below `folder`, sorted. */
export function listPaths(root: string, folder: string): string[] {
  const paths: string[] = []
  const waiting = [folder]
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    for (const entry of readdirSync(join(root, at), { withFileTypes: true })) {
      const path = at === '' ? entry.name : `${at}/${entry.name}`
      if (entry.isFile()) paths.push(path)
      else if (entry.isDirectory() && isOurs(entry.name)) waiting.push(path)
    }
  }
  return paths.sort((a, b) => (a < b ? -1 : 1))
}

function isOurs(name: string): boolean {
  return name === '.ci' || !(PASSED_OVER.has(name) || name.startsWith('.'))
}

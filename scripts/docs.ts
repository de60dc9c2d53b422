/** Rewrites the included snippets of every Markdown file; part of `npm run format`. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { includeExamples } from './include.ts'
import { readSources } from './sources.ts'

const root = join(import.meta.dirname, '..', '..')

for (const { path, text } of readSources(root, '', ['.md'])) {
  const included = includeExamples(text, (name) =>
    existsSync(join(root, name)) ? readFileSync(join(root, name), 'utf8') : null,
  )
  for (const fault of included.faults) {
    console.error(`${path}: ${fault}`)
    process.exitCode = 1
  }
  if (included.text !== text) writeFileSync(join(root, path), included.text)
}

/**
 * Writes src/wire/kafka/messages/ from the table in src/wire/kafka/schema/: run it after a change of
 * the table. The formatter goes over what it wrote, so that nobody sees a difference that is none.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runTool, toolCommand } from '../tools.ts'
import { emitApi } from './emit.ts'
import { parseSchema } from './schema.ts'

const root = join(import.meta.dirname, '..', '..', '..')
const kafka = join(root, 'src', 'wire', 'kafka')

/** From the path below src/wire/kafka/ to the text, not yet formatted. */
export function generateMessages(): Map<string, string> {
  const files = readdirSync(join(kafka, 'schema')).filter((name) => name.endsWith('.txt'))
  const apis = files.map((name) => ({
    stem: name.replace(/\.txt$/, ''),
    api: parseSchema(readFileSync(join(kafka, 'schema', name), 'utf8')),
  }))
  const rows = apis
    .map(({ api }) => api)
    .sort((a, b) => a.key - b.key)
    .map(({ key, name, versions: { min, max }, flexible }) => {
      return `  ${name}: { key: ${key}, min: ${min}, max: ${max}, flexibleMin: ${flexible.min} },`
    })
  const names = apis.map(({ api }) => `'${api.name}'`)
  const table = [
    '/** The APIs of the message table by name: generated from the table in schema/, never edited. */',
    'export interface ApiRow {',
    '  readonly key: number',
    '  readonly min: number',
    '  readonly max: number',
    '  readonly flexibleMin: number',
    '}',
    '',
    `export type ApiName =\n  | ${names.join('\n  | ')}`,
    '',
    `export const apis: Readonly<Record<ApiName, ApiRow>> = {\n${rows.join('\n')}\n}`,
    '',
  ].join('\n')
  return new Map([
    ['messages/apis.generated.ts', table],
    ...apis.map(({ stem, api }) => [`messages/${stem}.generated.ts`, emitApi(api)] as const),
  ])
}

if (process.argv[1] === import.meta.filename) {
  for (const [path, text] of generateMessages()) writeFileSync(join(kafka, path), text)
  const messages = join(kafka, 'messages')
  const { ok, output } = runTool(root, [
    ...toolCommand(root, 'biome'),
    'check',
    '--write',
    messages,
  ])
  if (!ok) process.stderr.write(output)
  process.exitCode = ok ? 0 : 1
}

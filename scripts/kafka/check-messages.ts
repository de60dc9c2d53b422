/**
 * Compares the message table with the official message descriptions, field by field. Its argument is
 * the folder with the JSON files of an Apache Kafka release (clients/src/main/resources/common/message).
 * It prints each difference and ends with 1 if there is one; it never changes the table.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Api, type Field, parseSchema, parseVersions, type Versions } from './schema.ts'

interface OfficialField {
  readonly name: string
  readonly type: string
  readonly versions: string
  readonly nullableVersions?: string
  readonly taggedVersions?: string
  readonly tag?: number
  readonly default?: string | number
  readonly fields?: readonly OfficialField[]
}

interface Official {
  readonly apiKey: number
  readonly validVersions: string
  readonly flexibleVersions: string
  readonly fields: readonly OfficialField[]
  readonly commonStructs?: readonly { readonly name: string; readonly fields: OfficialField[] }[]
}

const schema = join(import.meta.dirname, '..', '..', '..', 'src', 'wire', 'kafka', 'schema')

function main(folder: string): number {
  const differences: string[] = []
  let fieldCount = 0
  for (const name of readdirSync(schema)) {
    const api = parseSchema(readFileSync(join(schema, name), 'utf8'))
    for (const side of ['request', 'response'] as const) {
      const suffix = side === 'request' ? 'Request' : 'Response'
      const official = readOfficial(join(folder, `${api.name}${suffix}.json`))
      const lines = describeAll(api, side)
      const wanted = describeOfficial(api.name, official)
      fieldCount += wanted.length - 1
      differences.push(...difference(`${api.name}${suffix}`, lines, wanted))
    }
  }
  for (const each of differences) process.stdout.write(`${each}\n`)
  process.stdout.write(`${fieldCount} fields compared, ${differences.length} differences\n`)
  return differences.length === 0 && fieldCount > 0 ? 0 : 1
}

function readOfficial(path: string): Official {
  // The files are JSON with comments on lines of their own.
  return JSON.parse(readFileSync(path, 'utf8').replace(/^\s*\/\/.*$/gm, '')) as Official
}

function difference(name: string, ours: readonly string[], theirs: readonly string[]): string[] {
  const count = Math.max(ours.length, theirs.length)
  return Array.from({ length: count }, (_, index) => index).flatMap((index) => {
    const [our, their] = [ours[index] ?? 'nothing', theirs[index] ?? 'nothing']
    return our === their ? [] : [`${name}: the table says\n  ${our}\nofficially it is\n  ${their}`]
  })
}

/** One line for the message and one for each field, in order; the same form for both sources. */
function describeAll(api: Api, side: 'request' | 'response'): string[] {
  const head = `${api.name} ${api.key} ${versionText(api.versions)} ${versionText(api.flexible)}`
  return [head, ...api[side].flatMap((field) => describe(field, ''))]
}

function describe(field: Field, path: string): string[] {
  const { type, isArray, versions, nullable, tag, tagVersions } = field
  const full = `${path}/${field.name}`
  const line = [
    full,
    isArray ? `[]${type}` : type,
    versionText(versions),
    `null ${nullable === null ? 'never' : versionText(nullable)}`,
    `tag ${tag ?? 'none'} ${tagVersions === null ? '' : versionText(tagVersions)}`,
    `default ${field.default ?? 'none'}`,
  ].join(' ')
  return [line, ...field.fields.flatMap((each) => describe(each, full))]
}

function describeOfficial(name: string, official: Official): string[] {
  const versions = versionText(parseVersions(official.validVersions))
  const flexible = versionText(parseVersions(official.flexibleVersions))
  const head = `${name} ${official.apiKey} ${versions} ${flexible}`
  return [head, ...official.fields.flatMap((field) => describe(convert(field, official), ''))]
}

function convert(field: OfficialField, official: Official): Field {
  const isArray = field.type.startsWith('[]')
  const type = isArray ? field.type.slice(2) : field.type
  const shared = official.commonStructs?.find((struct) => struct.name === type)
  const fields = field.fields ?? shared?.fields ?? []
  const { nullableVersions, taggedVersions, tag } = field
  const fallback = field.default === undefined || field.default === '' ? null : `${field.default}`
  return {
    name: `${field.name[0]?.toLowerCase()}${field.name.slice(1)}`,
    type,
    isArray,
    versions: parseVersions(field.versions),
    nullable: nullableVersions === undefined ? null : parseVersions(nullableVersions),
    tag: tag ?? null,
    tagVersions: taggedVersions === undefined ? null : parseVersions(taggedVersions),
    default: fallback,
    fields: fields.map((each) => convert(each, official)),
  }
}

function versionText({ min, max }: Versions): string {
  return `${min}-${max}`
}

const folder = process.argv[2]
if (folder === undefined) {
  process.stderr.write('which folder holds the official message descriptions?\n')
  process.exitCode = 2
} else {
  process.exitCode = main(folder)
}

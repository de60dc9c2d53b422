/**
 * The message table of the Kafka wire as this project writes it: one line a field, read into a tree
 * that the generator and the check share. It reads text and never touches a file.
 */

/** Versions from `min` to `max`, both included; an open end is Infinity. */
export interface Versions {
  readonly min: number
  readonly max: number
}

/** One field: the line it was written on, and the fields of its struct where its type is one. */
export interface Field {
  readonly name: string
  /** A scalar, `records`, or the name of a struct; without the brackets of an array. */
  readonly type: string
  readonly isArray: boolean
  readonly versions: Versions
  readonly nullable: Versions | null
  readonly tag: number | null
  readonly tagVersions: Versions | null
  /** As written; null where none is. */
  readonly default: string | null
  /** Empty for a scalar. */
  readonly fields: readonly Field[]
}

export interface Api {
  readonly key: number
  readonly name: string
  readonly versions: Versions
  readonly flexible: Versions
  readonly request: readonly Field[]
  readonly response: readonly Field[]
}

const SCALARS: readonly string[] = [
  'bool',
  'int8',
  'int16',
  'int32',
  'int64',
  'uuid',
  'string',
  'bytes',
  'records',
]

interface Line {
  readonly depth: number
  readonly words: readonly string[]
}

/** Reads one file of the table. Throws with the line that it does not understand. */
export function parseSchema(text: string): Api {
  const lines = text
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => ({
      depth: (line.length - line.trimStart().length) / 2,
      words: line.trim().split(' '),
    }))
  const [word, key, name, versions, flexibleWord, flexible] = lines[0]?.words ?? []
  if (word !== 'api' || flexibleWord !== 'flexible') throw new Error('no line `api` at the top')
  const middle = lines.findIndex(({ words }) => words[0] === 'response')
  if (lines[1]?.words[0] !== 'request' || middle < 0) throw new Error('no request or no response')
  return {
    key: Number(key),
    name: name ?? '',
    versions: parseVersions(versions ?? ''),
    flexible: parseVersions(flexible ?? ''),
    request: parseFields(lines.slice(2, middle), 1),
    response: parseFields(lines.slice(middle + 1), 1),
  }
}

export function parseVersions(text: string): Versions {
  const match = /^(\d+)(\+|-(\d+))?$/.exec(text)
  if (match === null) throw new Error(`'${text}' names no versions`)
  const min = Number(match[1])
  if (match[2] === '+') return { min, max: Number.POSITIVE_INFINITY }
  return { min, max: match[3] === undefined ? min : Number(match[3]) }
}

/** The fields at `depth`, each with what is indented below it. */
function parseFields(lines: readonly Line[], depth: number): Field[] {
  const starts = lines.flatMap((line, index) => (line.depth === depth ? [index] : []))
  return starts.map((start, index) => {
    const below = lines.slice(start + 1, starts[index + 1] ?? lines.length)
    return parseField(lines[start]!.words, parseFields(below, depth + 1))
  })
}

function parseField(words: readonly string[], fields: readonly Field[]): Field {
  const [name = '', typed = '', versionText = '', ...rest] = words
  const versions = parseVersions(versionText)
  let nullable: Versions | null = null
  let tag: number | null = null
  let tagVersions: Versions | null = null
  let fallback: string | null = null
  for (let at = 0; at < rest.length; at += 2) {
    const value = rest[at + 1] ?? ''
    if (rest[at] === 'null') nullable = parseVersions(value)
    else if (rest[at] === 'default') fallback = value
    else if (rest[at] === 'tag') {
      tag = Number(value)
      tagVersions = versions
    } else throw new Error(`'${rest[at]}' of the field ${name} means nothing`)
  }
  const isArray = typed.startsWith('[]')
  const type = isArray ? typed.slice(2) : typed
  if (SCALARS.includes(type) !== (fields.length === 0)) throw new Error(`${name}: ${type}?`)
  return { name, type, isArray, versions, nullable, tag, tagVersions, default: fallback, fields }
}

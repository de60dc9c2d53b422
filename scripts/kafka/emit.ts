/**
 * Writes the TypeScript of one Kafka message from its table: a type, a decoder and an encoder for
 * each struct, straight-line code with one branch where a version differs. It formats nothing.
 */
import type { Api, Field, Versions } from './schema.ts'

type Side = 'request' | 'response'

/** What stands for a field, in the code, that a version does not have. */
const ZERO: Readonly<Record<string, string>> = {
  bool: 'false',
  int8: '0',
  int16: '0',
  int32: '0',
  int64: '0',
  uuid: 'NO_UUID',
  string: "''",
  bytes: 'EMPTY',
  records: 'null',
}

/** The calls of the reader and of the writer by type. */
const CALLS: Readonly<Record<string, string>> = {
  bool: 'bool',
  int8: 'i8',
  int16: 'i16',
  int32: 'i32',
  int64: 'i64',
  uuid: 'uuid',
  string: 'string',
  bytes: 'blob',
}

/** The fewest bytes that a value takes in any version: an array cannot claim more of them. */
const SIZE_MIN: Readonly<Record<string, number>> = {
  bool: 1,
  int8: 1,
  int16: 2,
  int32: 4,
  int64: 8,
  uuid: 16,
  string: 1,
  bytes: 1,
  records: 1,
}

interface Struct {
  readonly name: string
  readonly side: Side
  readonly fields: readonly Field[]
}

export function emitApi(api: Api): string {
  const emitter = new Emitter(api)
  const body = emitter.emit()
  const uses = (word: string): boolean => new RegExp(`\\b${word}\\b`).test(body)
  const imports = [
    uses('EMPTY') ? "import { EMPTY } from '../../../base/bytes.ts'" : '',
    `import ${uses('NO_UUID') ? '' : 'type '}{ ${uses('NO_UUID') ? 'NO_UUID, type ' : ''}WireReader } from '../reader.ts'`,
    uses('RecordSource') ? "import type { RecordSource } from '../record-source.ts'" : '',
    "import type { WireWriter } from '../writer.ts'",
  ]
  return [
    `/** The ${api.name} messages of Kafka, API key ${api.key}: generated from the table in schema/, never edited. */`,
    ...imports.filter((line) => line !== ''),
    '',
    body,
  ].join('\n')
}

class Emitter {
  readonly #api: Api
  readonly #structs: Struct[]

  constructor(api: Api) {
    this.#api = api
    this.#structs = []
  }

  emit(): string {
    for (const side of ['request', 'response'] as const) {
      const suffix = side === 'request' ? 'Request' : 'Response'
      this.#collect({ name: this.#api.name + suffix, side, fields: this.#live(this.#api[side]) })
    }
    return this.#structs
      .flatMap((struct) => [this.#type(struct), this.#decoder(struct), this.#encoder(struct)])
      .join('\n\n')
  }

  #collect(struct: Struct): void {
    if (this.#structs.some(({ name }) => name === struct.name)) {
      throw new Error(`${this.#api.name} has two structs ${struct.name}`)
    }
    this.#structs.push(struct)
    for (const { type, fields } of struct.fields) {
      if (fields.length > 0) this.#collect({ name: type, side: struct.side, fields })
    }
  }

  /** The fields that any version we speak has. */
  #live(fields: readonly Field[]): Field[] {
    const { min, max } = this.#api.versions
    return fields
      .filter(({ versions }) => versions.min <= max && versions.max >= min)
      .map((field) => ({ ...field, fields: this.#live(field.fields) }))
  }

  /** The condition under which a version is among `versions`; empty where that is always so. */
  #when(versions: Versions): string {
    const { min, max } = this.#api.versions
    if (versions.min <= min) return versions.max >= max ? '' : `version <= ${versions.max}`
    if (versions.max >= max) return `version >= ${versions.min}`
    return `version >= ${versions.min} && version <= ${versions.max}`
  }

  #isRoot({ name }: Struct): boolean {
    return name === `${this.#api.name}Request` || name === `${this.#api.name}Response`
  }

  /** Whether its code looks at the version, here or in a struct inside. */
  #usesVersion(fields: readonly Field[]): boolean {
    return fields.some(
      (field) =>
        this.#when(field.versions) !== '' ||
        (field.nullable !== null && this.#when(field.nullable) !== '') ||
        this.#usesVersion(field.fields),
    )
  }

  #version(struct: Struct): string {
    return this.#isRoot(struct) || this.#usesVersion(struct.fields) ? ', version: number' : ''
  }

  // Types.

  #type(struct: Struct): string {
    const lines = struct.fields.map(
      (field) => `  readonly ${field.name}: ${typeOf(field, struct.side)}`,
    )
    if (lines.length === 0) return `export type ${struct.name} = Readonly<Record<never, never>>`
    return `export interface ${struct.name} {\n${lines.join('\n')}\n}`
  }

  // Decoders.

  #decoder(struct: Struct): string {
    const head = this.#isRoot(struct) ? 'export ' : ''
    const plain = struct.fields.filter(({ tag }) => tag === null)
    const tagged = struct.fields.filter(({ tag }) => tag !== null)
    return [
      `${head}function decode${struct.name}(r: WireReader${this.#version(struct)}): ${struct.name} {`,
      this.#isRoot(struct) ? `  r.dialect = ${this.#dialect()}` : '',
      ...plain.flatMap((field) => this.#decodeField(field, struct.side)),
      ...this.#decodeTags(tagged, struct.side),
      `  return { ${struct.fields.map(({ name }) => name).join(', ')} }`,
      '}',
    ]
      .filter((line) => line !== '')
      .join('\n')
  }

  #dialect(): string {
    const when = this.#when(this.#api.flexible)
    return when === '' ? "'flexible'" : `${when} ? 'flexible' : 'plain'`
  }

  #decodeField(field: Field, side: Side): string[] {
    const when = this.#when(field.versions)
    const { name } = field
    if (!field.isArray) {
      const read = this.#read(field, side)
      return [`const ${name} = ${when === '' ? read : `${when} ? ${read} : ${zeroOf(field)}`}`]
    }
    const item = typeOf({ ...field, isArray: false, nullable: null }, side)
    const loop = this.#decodeLoop(field, side)
    const declared =
      field.nullable === null
        ? `const ${name}: ${item}[] = []`
        : `let ${name}: ${item}[] | null = ${zeroOf(field)}`
    return [declared, ...(when === '' ? loop : [`if (${when}) {`, ...loop, '}'])]
  }

  #decodeLoop(field: Field, side: Side): string[] {
    const { name } = field
    const size = sizeMin(field, this.#api.versions)
    const read = this.#read({ ...field, isArray: false, nullable: null }, side)
    const loop = (count: string): string[] => [
      `for (let left = ${count}; left > 0; left--) {`,
      `${name}.push(${read})`,
      '}',
    ]
    if (field.nullable === null) return loop(`r.count(${size})`)
    const when = this.#when(field.nullable)
    const nullable = `r.nullableCount(${size})`
    const count = when === '' ? nullable : `${when} ? ${nullable} : r.count(${size})`
    return [
      `const ${name}Count = ${count}`,
      // Without this the code would have to know what an absent array holds by default.
      `${name} = ${name}Count < 0 ? null : []`,
      `if (${name} !== null) {`,
      ...loop(`${name}Count`),
      '}',
    ]
  }

  #read(field: Field, side: Side): string {
    if (field.fields.length > 0) {
      return `decode${field.type}(r${this.#usesVersion(field.fields) ? ', version' : ''})`
    }
    if (field.type === 'records') return side === 'request' ? 'r.records()' : 'r.recordSource()'
    const call = CALLS[field.type]!
    if (field.nullable === null) return `r.${call}()`
    const nullable = `r.nullable${call[0]!.toUpperCase()}${call.slice(1)}()`
    const when = this.#when(field.nullable)
    return when === '' || when === this.#when(field.versions)
      ? nullable
      : `(${when} ? ${nullable} : r.${call}())`
  }

  #decodeTags(tagged: readonly Field[], side: Side): string[] {
    if (tagged.length === 0) return ['r.skipTags()']
    const declared = tagged.map((field) => {
      const isOpen = field.isArray || field.fields.length > 0
      const type = isOpen || field.nullable !== null ? `: ${mutable(typeOf(field, side))}` : ''
      return `let ${field.name}${type} = ${zeroOf(field)}`
    })
    const cases = tagged.map((field) => {
      const when = this.#when(field.versions)
      const versioned = when === '' || when === this.#when(this.#api.flexible) ? '' : ` && ${when}`
      const read = field.isArray
        ? [`${field.name} = []`, ...this.#decodeLoop(field, side)]
        : [`${field.name} = ${this.#read(field, side)}`]
      return [`if (tag === ${field.tag}${versioned}) {`, ...read, '}'].join('\n')
    })
    return [
      ...declared,
      'for (let tagsLeft = r.tagCount(); tagsLeft > 0; tagsLeft--) {',
      'const tag = r.uvarint()',
      'const end = r.tagEnd()',
      `${cases.join(' else ')} else {`,
      'r.skip(end - r.at)',
      '}',
      'r.closeTag(end)',
      '}',
    ]
  }

  // Encoders.

  #encoder(struct: Struct): string {
    const head = this.#isRoot(struct) ? 'export ' : ''
    const plain = struct.fields.filter(({ tag }) => tag === null)
    const tagged = struct.fields.filter(({ tag }) => tag !== null)
    const value = struct.fields.length === 0 ? '_m' : 'm'
    return [
      `${head}function encode${struct.name}(w: WireWriter${this.#version(struct)}, ${value}: ${struct.name}): void {`,
      this.#isRoot(struct) ? `  w.dialect = ${this.#dialect()}` : '',
      ...plain.flatMap((field) => {
        const when = this.#when(field.versions)
        const write = this.#write(field, struct.side)
        return when === '' ? write : [`if (${when}) {`, ...write, '}']
      }),
      ...this.#encodeTags(tagged, struct.side),
      '}',
    ]
      .filter((line) => line !== '')
      .join('\n')
  }

  #write(field: Field, side: Side): string[] {
    const value = `m.${field.name}`
    if (!field.isArray) return [this.#writeOne(field, value, side)]
    const each = this.#writeOne({ ...field, nullable: null }, 'each', side)
    const loop = [`for (const each of ${value}) {`, each, '}']
    if (field.nullable === null) return [`w.count(${value}.length)`, ...loop]
    return [
      `if (${value} === null) {`,
      'w.nullCount()',
      '} else {',
      `w.count(${value}.length)`,
      ...loop,
      '}',
    ]
  }

  #writeOne(field: Field, value: string, side: Side): string {
    if (field.fields.length > 0) {
      return `encode${field.type}(w${this.#usesVersion(field.fields) ? ', version' : ''}, ${value})`
    }
    if (field.type === 'records') {
      return side === 'request' ? `w.records(${value})` : `w.recordSource(${value})`
    }
    if (field.type === 'bool') return `w.u8(${value} ? 1 : 0)`
    const call = CALLS[field.type]!
    return field.nullable === null
      ? `w.${call}(${value})`
      : `w.nullable${call[0]!.toUpperCase()}${call.slice(1)}(${value})`
  }

  #encodeTags(tagged: readonly Field[], side: Side): string[] {
    if (tagged.length === 0) return ['w.noTags()']
    const conditions = tagged.map((field) => {
      const when = this.#when(field.versions)
      const isSet = isSetOf(field)
      return when === '' || when === this.#when(this.#api.flexible) ? isSet : `${when} && ${isSet}`
    })
    return [
      "if (w.dialect === 'flexible') {",
      'let tags = 0',
      ...conditions.map((condition) => `if (${condition}) {\ntags++\n}`),
      'w.uvarint(tags)',
      ...tagged.flatMap((field, index) => [
        `if (${conditions[index]}) {`,
        `const at = w.openTag(${field.tag})`,
        ...this.#write(field, side),
        'w.closeTag(at)',
        '}',
      ]),
      '}',
    ]
  }
}

function typeOf(field: Field, side: Side): string {
  const base =
    field.fields.length > 0
      ? field.type
      : field.type === 'records'
        ? side === 'request'
          ? 'Uint8Array | null'
          : 'RecordSource | null'
        : field.type === 'bool'
          ? 'boolean'
          : field.type === 'bytes'
            ? 'Uint8Array'
            : field.type === 'string' || field.type === 'uuid'
              ? 'string'
              : 'number'
  // A struct in a tag is either there or not; the official defaults say the same at more length.
  const isOptional = field.nullable !== null || (field.tag !== null && isStruct(field))
  const full = field.isArray ? `readonly ${base}[]` : base
  return isOptional && !full.includes('null') ? `${full} | null` : full
}

function isStruct(field: Field): boolean {
  return field.fields.length > 0 && !field.isArray
}

function mutable(type: string): string {
  return type.replace(/^readonly /, '')
}

function zeroOf(field: Field): string {
  if (field.default === 'null' || isStruct(field)) return 'null'
  if (field.isArray) return '[]'
  if (field.default === null) return ZERO[field.type]!
  if (field.type === 'string') return `'${field.default}'`
  // Only the largest value of all lies beyond; what it says is "no bound".
  const value = Number(field.default)
  return Number.isNaN(value) || Number.isSafeInteger(value)
    ? String(Number.isNaN(value) ? field.default : value)
    : 'Number.MAX_SAFE_INTEGER'
}

function isSetOf(field: Field): string {
  if (field.isArray) return `m.${field.name}.length > 0`
  if (field.type === 'bool')
    return zeroOf(field) === 'false' ? `m.${field.name}` : `!m.${field.name}`
  return `m.${field.name} !== ${zeroOf(field)}`
}

function sizeMin(field: Field, versions: Versions): number {
  if (field.fields.length === 0) return SIZE_MIN[field.type]!
  const always = field.fields.filter(
    (each) =>
      each.tag === null && each.versions.min <= versions.min && each.versions.max >= versions.max,
  )
  const sizes = always.map((each) => (each.isArray ? 1 : sizeMin(each, versions)))
  return Math.max(
    1,
    sizes.reduce((sum, size) => sum + size, 0),
  )
}

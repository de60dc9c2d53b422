/**
 * Every message of the Kafka table as one list: its fields from the table, its decoder and encoder
 * from the generated code, and arbitrary values of it. For tests alone.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { type Api, type Field, parseSchema, type Versions } from '../../scripts/kafka/schema.ts'
import * as apiVersions from '../../src/wire/kafka/messages/api-versions.generated.ts'
import * as createTopics from '../../src/wire/kafka/messages/create-topics.generated.ts'
import * as deleteTopics from '../../src/wire/kafka/messages/delete-topics.generated.ts'
import * as describeGroups from '../../src/wire/kafka/messages/describe-groups.generated.ts'
import * as fetch from '../../src/wire/kafka/messages/fetch.generated.ts'
import * as findCoordinator from '../../src/wire/kafka/messages/find-coordinator.generated.ts'
import * as heartbeat from '../../src/wire/kafka/messages/heartbeat.generated.ts'
import * as joinGroup from '../../src/wire/kafka/messages/join-group.generated.ts'
import * as leaveGroup from '../../src/wire/kafka/messages/leave-group.generated.ts'
import * as listGroups from '../../src/wire/kafka/messages/list-groups.generated.ts'
import * as listOffsets from '../../src/wire/kafka/messages/list-offsets.generated.ts'
import * as metadata from '../../src/wire/kafka/messages/metadata.generated.ts'
import * as offsetCommit from '../../src/wire/kafka/messages/offset-commit.generated.ts'
import * as offsetFetch from '../../src/wire/kafka/messages/offset-fetch.generated.ts'
import * as produce from '../../src/wire/kafka/messages/produce.generated.ts'
import * as syncGroup from '../../src/wire/kafka/messages/sync-group.generated.ts'
import { NO_UUID, type WireReader } from '../../src/wire/kafka/reader.ts'
import { RecordBytes } from '../../src/wire/kafka/record-source.ts'
import type { WireWriter } from '../../src/wire/kafka/writer.ts'

type Message = Record<string, unknown>

export interface Codec {
  readonly name: string
  readonly api: Api
  readonly fields: readonly Field[]
  readonly decode: (r: WireReader, version: number) => Message
  readonly encode: (w: WireWriter, version: number, message: Message) => void
}

const root = join(import.meta.dirname, '..', '..', '..')
const schema = join(root, 'src', 'wire', 'kafka', 'schema')

const modules: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'api-versions': apiVersions,
  'create-topics': createTopics,
  'delete-topics': deleteTopics,
  'describe-groups': describeGroups,
  fetch: fetch,
  'find-coordinator': findCoordinator,
  heartbeat: heartbeat,
  'join-group': joinGroup,
  'leave-group': leaveGroup,
  'list-groups': listGroups,
  'list-offsets': listOffsets,
  metadata: metadata,
  'offset-commit': offsetCommit,
  'offset-fetch': offsetFetch,
  produce: produce,
  'sync-group': syncGroup,
}

/** The codecs of all messages, requests and responses. */
export function loadCodecs(): Codec[] {
  const codecs: Codec[] = []
  for (const file of readdirSync(schema)) {
    const api = parseSchema(readFileSync(join(schema, file), 'utf8'))
    const code = modules[file.replace('.txt', '')]
    assert.ok(code !== undefined, `no code for ${file}`)
    for (const side of ['Request', 'Response'] as const) {
      const name = `${api.name}${side}`
      codecs.push({
        name,
        api,
        fields: side === 'Request' ? api.request : api.response,
        decode: code[`decode${name}`] as Codec['decode'],
        encode: code[`encode${name}`] as Codec['encode'],
      })
    }
  }
  assert.ok(codecs.length > 0)
  return codecs
}

/** Any message that a version can carry; what it cannot carry has its default. */
export function messageOf(codec: Codec, version: number): fc.Arbitrary<Message> {
  return structOf(codec.fields, {
    api: codec.api,
    version,
    isRequest: codec.name.endsWith('Request'),
  })
}

interface Place {
  readonly api: Api
  readonly version: number
  readonly isRequest: boolean
}

function structOf(fields: readonly Field[], place: Place): fc.Arbitrary<Message> {
  const { min, max } = place.api.versions
  const live = fields.filter(({ versions }) => versions.min <= max && versions.max >= min)
  return fc.record(Object.fromEntries(live.map((field) => [field.name, anyOf(field, place)])), {
    noNullPrototype: true,
  })
}

function anyOf(field: Field, place: Place): fc.Arbitrary<unknown> {
  if (!has(field.versions, place.version)) return fc.constant(defaultOf(field))
  const one =
    field.fields.length > 0 ? structOf(field.fields, place) : scalarOf(field.type, place.isRequest)
  const value = field.isArray ? fc.array(one, { maxLength: 3 }) : one
  const isTaggedStruct = field.tag !== null && field.fields.length > 0 && !field.isArray
  const isNullable = field.nullable !== null && has(field.nullable, place.version)
  return isNullable || isTaggedStruct ? fc.option(value, { nil: null }) : value
}

function has({ min, max }: Versions, version: number): boolean {
  return version >= min && version <= max
}

function scalarOf(type: string, isRequest: boolean): fc.Arbitrary<unknown> {
  const bytes = fc.uint8Array({ maxLength: 300 })
  switch (type) {
    case 'bool':
      return fc.boolean()
    case 'int8':
      return fc.integer({ min: -128, max: 127 })
    case 'int16':
      return fc.integer({ min: -32_768, max: 32_767 })
    case 'int32':
      return fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
    case 'int64':
      return fc.maxSafeInteger()
    case 'uuid':
      return fc
        .uint8Array({ minLength: 16, maxLength: 16 })
        .map((id) => Buffer.from(id).toString('hex'))
    case 'string':
      return fc.oneof(
        fc.string({ unit: 'grapheme', maxLength: 40 }),
        fc.string({ minLength: 120, maxLength: 300 }),
      )
    case 'bytes':
      return bytes
    case 'records':
      return isRequest ? bytes : bytes.map((each) => new RecordBytes(each))
    default:
      throw new Error(`no values of ${type}`)
  }
}

function defaultOf(field: Field): unknown {
  const isStruct = field.fields.length > 0 && !field.isArray
  if (field.default === 'null' || isStruct) return null
  if (field.isArray) return []
  if (field.type === 'bool') return field.default === 'true'
  if (field.type === 'string') return field.default ?? ''
  if (field.type === 'bytes') return new Uint8Array(0)
  if (field.type === 'records') return null
  if (field.type === 'uuid') return NO_UUID
  const value = Number(field.default ?? '0')
  return Number.isSafeInteger(value) ? value : Number.MAX_SAFE_INTEGER
}

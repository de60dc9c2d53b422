/**
 * Methods to bytes and back, driven by the table of methods.ts. It makes an object for each method, so the few
 * methods that come by the million have paths of their own in content.ts.
 */
import { assert } from '../../base/assert.ts'
import { Fault } from '../../base/fault.ts'
import { Reader } from '../../base/reader.ts'
import type { Writer } from '../../base/writer.ts'
import { type FieldTable, readTable, writeTable } from './field-table.ts'
import { FRAME_END, FRAME_METHOD } from './frame.ts'
import { readU64, writeU64 } from './integers.ts'
import { methods } from './methods.ts'
import { readShortString, writeShortString } from './short-string.ts'

interface FieldTypes {
  octet: number
  short: number
  long: number
  longlong: bigint
  shortstr: string
  longstr: Uint8Array
  bit: boolean
  table: FieldTable
}
type FieldType = keyof FieldTypes

export type MethodName = keyof typeof methods

/** The fields of one method. */
export type Fields<N extends MethodName> = {
  readonly [F in keyof (typeof methods)[N]['fields']]: (typeof methods)[N]['fields'][F] extends FieldType
    ? FieldTypes[(typeof methods)[N]['fields'][F]]
    : never
}

/** A method by its name, with its fields. */
export type Method = {
  [N in MethodName]: { readonly name: N; readonly fields: Fields<N> }
}[MethodName]

interface Row {
  readonly name: MethodName
  readonly classId: number
  readonly methodId: number
  readonly fields: readonly (readonly [name: string, type: FieldType])[]
}

const rows: readonly Row[] = Object.entries(methods).map(([name, { id, fields }]) => ({
  name: name as MethodName,
  classId: id[0],
  methodId: id[1],
  fields: Object.entries(fields) as [string, FieldType][],
}))
const rowsByName: ReadonlyMap<string, Row> = new Map(rows.map((row) => [row.name, row]))
const rowsById: ReadonlyMap<number, Row> = new Map(
  rows.map((row) => [row.classId * 2 ** 16 + row.methodId, row]),
)

/** The class and method number of a method, as a close names the one that failed. */
export function methodId(name: MethodName): readonly [classId: number, methodId: number] {
  return methods[name].id
}

/** The name of a method by its numbers, or `null` where there is none. */
export function methodName(classId: number, methodId: number): MethodName | null {
  return rowsById.get(classId * 2 ** 16 + methodId)?.name ?? null
}

/** The method in a payload [at, end). Strings and tables are copies; a longstr is a view. */
export function decodeMethod(bytes: Uint8Array, at: number, end: number): Method {
  const reader = new Reader(bytes, at, end)
  const classId = reader.u16be()
  const methodId = reader.u16be()
  const row = rowsById.get(classId * 2 ** 16 + methodId)
  if (row === undefined) {
    throw new Fault('unknown-method', `there is no method ${methodId} in class ${classId}`)
  }
  const fields = readFields(reader, row)
  reader.end()
  return { name: row.name, fields } as unknown as Method
}

function readFields(reader: Reader, row: Row): Record<string, unknown> {
  const fields: Record<string, unknown> = {}
  let bits = 0
  let bitCount = 0
  for (const [name, type] of row.fields) {
    if (type === 'bit') {
      if (bitCount % 8 === 0) bits = reader.u8()
      fields[name] = ((bits >> (bitCount % 8)) & 1) === 1
      bitCount++
    } else {
      fields[name] = readField(reader, type)
      bitCount = 0
    }
  }
  return fields
}

function readField(reader: Reader, type: Exclude<FieldType, 'bit'>): unknown {
  switch (type) {
    case 'octet':
      return reader.u8()
    case 'short':
      return reader.u16be()
    case 'long':
      return reader.u32be()
    case 'longlong':
      return readU64(reader)
    case 'shortstr':
      return readShortString(reader)
    case 'longstr':
      return reader.bytes(reader.u32be())
    case 'table':
      return readTable(reader)
  }
}

/** Appends the whole frame of a method. A string that does not fit is a panic: the caller cuts it. */
export function writeMethod<N extends MethodName>(
  writer: Writer,
  channel: number,
  method: { readonly name: N; readonly fields: Fields<N> },
): void {
  const row = rowsByName.get(method.name)
  assert(row !== undefined, 'a method of the table')
  writer.u8(FRAME_METHOD)
  writer.u16be(channel)
  const sizeAt = writer.reserve(4)
  const start = writer.size
  writer.u16be(row.classId)
  writer.u16be(row.methodId)
  writeFields(writer, row, method.fields)
  writer.patchU32be(sizeAt, writer.size - start)
  writer.u8(FRAME_END)
}

function writeFields(writer: Writer, row: Row, fields: Readonly<Record<string, unknown>>): void {
  let bitsAt = -1
  let bitCount = 0
  let bits = 0
  for (const [name, type] of row.fields) {
    if (type !== 'bit') {
      bitsAt = -1
      bitCount = 0
      writeField(writer, type, fields[name])
      continue
    }
    if (bitCount % 8 === 0) {
      bitsAt = writer.reserve(1)
      bits = 0
    }
    if (fields[name] === true) bits |= 1 << (bitCount % 8)
    writer.patchU8(bitsAt, bits)
    bitCount++
  }
}

function writeField(writer: Writer, type: Exclude<FieldType, 'bit'>, value: unknown): void {
  switch (type) {
    case 'octet':
      writer.u8(value as number)
      break
    case 'short':
      writer.u16be(value as number)
      break
    case 'long':
      writer.u32be(value as number)
      break
    case 'longlong':
      writeU64(writer, value as bigint)
      break
    case 'shortstr':
      writeShortString(writer, value as string)
      break
    case 'longstr':
      writer.u32be((value as Uint8Array).length)
      writer.bytes(value as Uint8Array)
      break
    case 'table':
      writeTable(writer, value as FieldTable)
      break
  }
}

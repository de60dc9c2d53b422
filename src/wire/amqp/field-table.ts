/**
 * Field tables: named values with a type each, as in the arguments of a declaration and the headers of a
 * message. Types are RabbitMQ's, which are not those of the specification. Names are data: a table is a list of
 * fields and never an object, so `__proto__` is a name like any other.
 *
 *   table    = size:u32 field*                    `size` counts the fields' bytes
 *   field    = name:shortstr value                a name may come twice; the first one counts
 *   value    = type:u8 ...
 *     t bool:u8     b i8     B u8     s i16     u u16     I i32     i u32     l i64     L i64
 *     f f32         d f64    D scale:u8 i32     T u64 (seconds since 1970)    V nothing
 *     S size:u32 bytes (mostly UTF-8)           x size:u32 bytes
 *     A size:u32 value*                         F table
 */
import { Fault } from '../../base/fault.ts'
import type { Reader } from '../../base/reader.ts'
import type { Writer } from '../../base/writer.ts'
import { readU64, u32At, writeU64 } from './integers.ts'
import { tableDepthMax } from './limits.ts'
import { readShortString, writeShortString } from './short-string.ts'

export type FieldValue =
  | { readonly type: 't'; readonly value: boolean }
  | { readonly type: 'b' | 'B' | 's' | 'u' | 'I' | 'i' | 'f' | 'd'; readonly value: number }
  | { readonly type: 'l' | 'L' | 'T'; readonly value: bigint }
  | { readonly type: 'D'; readonly scale: number; readonly value: number }
  | { readonly type: 'S' | 'x'; readonly value: Uint8Array }
  | { readonly type: 'A'; readonly value: readonly FieldValue[] }
  | { readonly type: 'F'; readonly value: FieldTable }
  | { readonly type: 'V'; readonly value: null }

export interface Field {
  readonly name: string
  readonly value: FieldValue
}

/** In the order of the wire. */
export type FieldTable = readonly Field[]

export const EMPTY_TABLE: FieldTable = []

/** The value of the first field of this name, or `null`. */
export function fieldOf(table: FieldTable, name: string): FieldValue | null {
  return table.find((field) => field.name === name)?.value ?? null
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** A string as a value of type S. */
export function longString(text: string): FieldValue {
  return { type: 'S', value: encoder.encode(text) }
}

/** The text of a value of type S, and `null` for any other; what is not UTF-8 shows as U+FFFD. */
export function textOf(value: FieldValue | null): string | null {
  return value?.type === 'S' ? decoder.decode(value.value) : null
}

/** Decodes a table with its size. Everything in it is a copy. */
export function readTable(reader: Reader): FieldTable {
  const inner = boundOf(reader)
  return readFields(reader, inner, 1)
}

/** Decodes fields up to where the reader ends: the table of a login, which has no size. */
export function readTableToEnd(reader: Reader): FieldTable {
  return readFields(reader, reader.at + reader.remaining, 1)
}

/** Where the sized value that follows ends; it must lie within the reader. */
function boundOf(reader: Reader): number {
  const size = reader.u32be()
  if (size > reader.remaining) throw new Fault('short-input', `${size} bytes announced`)
  return reader.at + size
}

function readFields(reader: Reader, end: number, depth: number): FieldTable {
  const fields: Field[] = []
  while (reader.at < end) {
    const name = readShortString(reader)
    fields.push({ name, value: readValue(reader, depth) })
  }
  checkEnd(reader.at, end)
  return fields
}

function readArray(reader: Reader, end: number, depth: number): readonly FieldValue[] {
  const values: FieldValue[] = []
  while (reader.at < end) values.push(readValue(reader, depth))
  checkEnd(reader.at, end)
  return values
}

function readValue(reader: Reader, depth: number): FieldValue {
  const type = String.fromCharCode(reader.u8())
  switch (type) {
    case 't':
      return { type, value: reader.u8() !== 0 }
    case 'b':
      return { type, value: (reader.u8() << 24) >> 24 }
    case 'B':
      return { type, value: reader.u8() }
    case 's':
      return { type, value: (reader.u16be() << 16) >> 16 }
    case 'u':
      return { type, value: reader.u16be() }
    case 'I':
      return { type, value: reader.u32be() | 0 }
    case 'i':
      return { type, value: reader.u32be() }
    case 'l':
    case 'L':
      return { type, value: BigInt.asIntN(64, readU64(reader)) }
    case 'T':
      return { type, value: readU64(reader) }
    case 'f':
      return { type, value: floatOf(reader.u32be()) }
    case 'd':
      return { type, value: reader.f64be() }
    case 'D': {
      const scale = reader.u8()
      return { type, scale, value: reader.u32be() | 0 }
    }
    case 'S':
    case 'x':
      return { type, value: new Uint8Array(reader.bytes(reader.u32be())) }
    case 'A':
      checkDepth(depth)
      return { type, value: readArray(reader, boundOf(reader), depth + 1) }
    case 'F':
      checkDepth(depth)
      return { type, value: readFields(reader, boundOf(reader), depth + 1) }
    case 'V':
      return { type, value: null }
    default:
      throw new Fault('frame-error', `a field of unknown type ${type.charCodeAt(0)}`)
  }
}

const scratch = new DataView(new ArrayBuffer(4))

function floatOf(bits: number): number {
  scratch.setUint32(0, bits)
  return scratch.getFloat32(0)
}

function bitsOf(float: number): number {
  scratch.setFloat32(0, float)
  return scratch.getUint32(0)
}

/** Appends a table with its size. */
export function writeTable(writer: Writer, table: FieldTable): void {
  const sizeAt = writer.reserve(4)
  writeFields(writer, table)
  writer.patchU32be(sizeAt, writer.size - sizeAt - 4)
}

/** Appends the fields alone. */
function writeFields(writer: Writer, table: FieldTable): void {
  for (const { name, value } of table) {
    writeShortString(writer, name)
    writeValue(writer, value)
  }
}

function writeValue(writer: Writer, field: FieldValue): void {
  writer.u8(field.type.charCodeAt(0))
  switch (field.type) {
    case 't':
      writer.u8(field.value ? 1 : 0)
      break
    case 'b':
    case 'B':
      writer.u8(field.value & 0xff)
      break
    case 's':
    case 'u':
      writer.u16be(field.value & 0xffff)
      break
    case 'I':
    case 'i':
      writer.u32be(field.value >>> 0)
      break
    case 'l':
    case 'L':
    case 'T':
      writeU64(writer, field.value)
      break
    case 'f':
      writer.u32be(bitsOf(field.value))
      break
    case 'd':
      writer.f64be(field.value)
      break
    case 'D':
      writer.u8(field.scale)
      writer.u32be(field.value >>> 0)
      break
    case 'S':
    case 'x':
      writer.u32be(field.value.length)
      writer.bytes(field.value)
      break
    case 'A': {
      const sizeAt = writer.reserve(4)
      for (const each of field.value) writeValue(writer, each)
      writer.patchU32be(sizeAt, writer.size - sizeAt - 4)
      break
    }
    case 'F':
      writeTable(writer, field.value)
      break
    case 'V':
      break
  }
}

/**
 * Checks the table at `at` where it lies and answers where it ends, at most `end`. Throws wherever `readTable`
 * would, but for names that are not UTF-8: those of a message pass through as they are.
 */
export function scanTable(bytes: Uint8Array, at: number, end: number): number {
  return scanFields(bytes, at, { end, depth: 1, names: 'named' })
}

/** Where the field at `at` of a table that was scanned ends; the table's fields end at `end`. */
export function fieldEnd(bytes: Uint8Array, at: number, end: number): number {
  return scanValue(bytes, at + 1 + bytes[at]!, { end, depth: 1 })
}

interface Scan {
  readonly end: number
  readonly depth: number
  /** A table's values have names, an array's have none. */
  readonly names: 'named' | 'nameless'
}

function scanFields(bytes: Uint8Array, start: number, scan: Scan): number {
  const end = sizedEnd(bytes, start, scan.end)
  let at = start + 4
  while (at < end) {
    if (scan.names === 'named') at += 1 + bytes[at]!
    if (at >= end) throw new Fault('short-input', 'a field without its value')
    at = scanValue(bytes, at, { end, depth: scan.depth })
  }
  checkEnd(at, end)
  return at
}

/** Bytes of each type of a fixed size, its type included. */
const fixedSizes: ReadonlyMap<number, number> = new Map(
  Object.entries({
    ...{ t: 2, b: 2, B: 2, s: 3, u: 3, I: 5, i: 5, l: 9, L: 9, T: 9, f: 5, d: 9, D: 6, V: 1 },
  }).map(([type, size]) => [type.charCodeAt(0), size]),
)
const [ARRAY, TABLE, STRING, BYTES] = [0x41, 0x46, 0x53, 0x78]

function scanValue(
  bytes: Uint8Array,
  at: number,
  { end, depth }: { readonly end: number; readonly depth: number },
): number {
  const type = bytes[at]!
  const fixed = fixedSizes.get(type)
  if (fixed !== undefined) {
    checkEnd(Math.min(at + fixed, end), at + fixed)
    return at + fixed
  }
  if (type === STRING || type === BYTES) return sizedEnd(bytes, at + 1, end)
  if (type !== ARRAY && type !== TABLE) {
    throw new Fault('frame-error', `a field of unknown type ${type}`)
  }
  checkDepth(depth)
  const names = type === TABLE ? 'named' : 'nameless'
  return scanFields(bytes, at + 1, { end, depth: depth + 1, names })
}

/** Where the bytes behind the u32 size at `at` end; they must end by `end`. */
function sizedEnd(bytes: Uint8Array, at: number, end: number): number {
  if (at + 4 > end || u32At(bytes, at) > end - at - 4) {
    throw new Fault('short-input', 'a value longer than what holds it')
  }
  return at + 4 + u32At(bytes, at)
}

function checkDepth(depth: number): void {
  if (depth >= tableDepthMax) throw new Fault('frame-error', `tables nested ${depth} deep`)
}

function checkEnd(at: number, end: number): void {
  if (at !== end) throw new Fault('frame-error', 'a value runs over the end of what holds it')
}

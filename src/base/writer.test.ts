/** The laws of writer and reader together: what is written is read back, and nothing more. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Panic } from './assert.ts'
import { Fault } from './fault.ts'
import { Reader } from './reader.ts'
import { Writer } from './writer.ts'

/** One field: how it is written, read back, and how many bytes it takes. */
type Field =
  | { readonly kind: 'u8' | 'u16' | 'u16be' | 'u32' | 'u32be' | 'u53' | 'u53be'; value: number }
  | { readonly kind: 'f64' | 'f64be'; value: number }
  | { readonly kind: 'bytes'; value: Uint8Array }
  | { readonly kind: 'utf8'; value: string }

const u53 = fc.oneof(fc.maxSafeNat(), fc.constantFrom(0, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1))
const fields: fc.Arbitrary<Field> = fc.oneof(
  fc.record({ kind: fc.constant('u8' as const), value: fc.nat(0xff) }),
  fc.record({ kind: fc.constantFrom('u16' as const, 'u16be' as const), value: fc.nat(0xffff) }),
  fc.record({
    kind: fc.constantFrom('u32' as const, 'u32be' as const),
    value: fc.nat(0xffffffff),
  }),
  fc.record({ kind: fc.constantFrom('u53' as const, 'u53be' as const), value: u53 }),
  fc.record({ kind: fc.constantFrom('f64' as const, 'f64be' as const), value: fc.double() }),
  fc.record({ kind: fc.constant('bytes' as const), value: fc.uint8Array({ maxLength: 300 }) }),
  fc.record({
    kind: fc.constant('utf8' as const),
    value: fc.string({ unit: 'grapheme', maxLength: 60 }),
  }),
)

function write(writer: Writer, field: Field): number {
  if (field.kind === 'bytes') writer.bytes(field.value)
  else if (field.kind === 'utf8') return writer.utf8(field.value)
  else writer[field.kind](field.value)
  return 0
}

function read(reader: Reader, field: Field, textSize: number): Field['value'] {
  if (field.kind === 'bytes') return reader.bytes(field.value.length)
  if (field.kind === 'utf8') return reader.utf8(textSize)
  return reader[field.kind]()
}

test('what a writer wrote, a reader reads back, field by field and to the last byte', () => {
  fc.assert(
    fc.property(fc.array(fields, { maxLength: 40 }), fc.integer({ min: 1, max: 64 }), (all, n) => {
      const writer = new Writer({ capacity: n })
      const textSizes = all.map((field) => write(writer, field))
      const reader = new Reader(writer.view())
      all.forEach((field, index) => {
        assert.deepEqual(read(reader, field, textSizes[index]!), field.value)
      })
      reader.end()
    }),
  )
})

test('bytes cut off anywhere are a fault, never a value', () => {
  fc.assert(
    fc.property(fields, fc.nat(), (field, n) => {
      const writer = new Writer()
      const textSize = write(writer, field)
      fc.pre(writer.size > 0)
      const reader = new Reader(writer.view(), 0, n % writer.size)
      assert.throws(() => read(reader, field, textSize), { name: 'Fault', code: 'short-input' })
    }),
  )
})

test('the byte orders are what their names say', () => {
  const writer = new Writer()
  writer.u16(0x0102)
  writer.u16be(0x0102)
  writer.u32(0x01020304)
  writer.u32be(0x01020304)
  writer.u53(0x0102030405060)
  writer.u53be(0x0102030405060)
  writer.f64be(1)
  writer.f64(1)
  assert.equal(
    Buffer.from(writer.view()).toString('hex'),
    [
      '0201',
      '0102',
      '04030201',
      '01020304',
      '6050403020100000',
      '0000102030405060',
      '3ff0000000000000',
      '000000000000f03f',
    ].join(''),
  )
})

test('text is written as UTF-8, whatever its length', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 100 }),
    fc.string({ unit: 'binary-ascii', maxLength: 100 }),
    fc.constantFrom('', 'ä'.repeat(12), `${'a'.repeat(23)}ä`, 'a'.repeat(65_537), '\ud800'),
  )
  fc.assert(
    fc.property(text, (value) => {
      const writer = new Writer()
      const expected = Buffer.from(value, 'utf8')
      assert.equal(writer.utf8(value), expected.length)
      assert.deepEqual(Buffer.from(writer.view()), expected)
    }),
  )
})

test('bytes that are not UTF-8 are a fault, short and long', () => {
  for (const size of [1, 2, 13, 100]) {
    const broken = new Uint8Array(size).fill(0x61)
    broken[size - 1] = 0xc3
    assert.throws(() => new Reader(broken).utf8(size), { name: 'Fault', code: 'bad-text' })
  }
})

test('a byte-order mark is text like any other', () => {
  const writer = new Writer()
  const size = writer.utf8('\ufeffab')
  assert.equal(new Reader(writer.view()).utf8(size), '\ufeffab')
})

test('an integer above 2^53 is a fault in both byte orders', () => {
  const bytes = new Uint8Array(8).fill(0xff)
  assert.throws(() => new Reader(bytes).u53(), { code: 'number-range' })
  assert.throws(() => new Reader(bytes).u53be(), { code: 'number-range' })
})

test('a size taken from hostile bytes cannot move the reader backwards or nowhere', () => {
  const reader = new Reader(new Uint8Array(4), 2)
  for (const size of [-1, Number.NaN, Number.POSITIVE_INFINITY, 3]) {
    assert.throws(() => reader.skip(size), Fault)
    assert.equal(reader.at, 2)
  }
})

test('bytes left over are a fault when the end is asked for', () => {
  assert.throws(() => new Reader(new Uint8Array(1)).end(), { code: 'trailing-bytes' })
})

test('a reader of a part never leaves it', () => {
  const reader = new Reader(Uint8Array.of(1, 2, 3, 4), 1, 3)
  assert.equal(reader.remaining, 2)
  assert.equal(reader.u16be(), 0x0203)
  assert.throws(() => reader.u8(), Fault)
})

test('a reserved place holds zeros until it is patched', () => {
  const writer = new Writer({ capacity: 1 })
  writer.bytes(Uint8Array.of(9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9))
  writer.reset()
  const at = writer.reserve(13)
  assert.deepEqual(writer.view(), new Uint8Array(13))
  writer.patchU8(at, 1)
  writer.patchU16(at + 1, 2)
  writer.patchU16be(at + 3, 3)
  writer.patchU32(at + 5, 4)
  writer.patchU32be(at + 9, 5)
  assert.deepEqual(writer.view(), Uint8Array.of(1, 2, 0, 0, 3, 4, 0, 0, 0, 0, 0, 0, 5))
})

test('a value that does not fit is a panic, and so is a patch past the end', () => {
  const writer = new Writer()
  writer.u32(0)
  const wrong = [
    () => writer.u8(256),
    () => writer.u8(-1),
    () => writer.u16(65_536),
    () => writer.u16be(1.5),
    () => writer.u32(2 ** 32),
    () => writer.u32be(Number.NaN),
    () => writer.u53(-1),
    () => writer.u53be(2 ** 53),
    () => writer.patchU8(4, 0),
    () => writer.patchU16(3, 0),
    () => writer.patchU16be(3, 0),
    () => writer.patchU32(1, 0),
    () => writer.patchU32be(1, 0),
  ]
  for (const call of wrong) assert.throws(call, Panic)
  assert.equal(writer.size, 4)
})

test('growth stops at the limit, which is a panic', () => {
  const writer = new Writer({ capacity: 4, sizeMax: 10 })
  writer.bytes(new Uint8Array(10))
  assert.throws(() => writer.u8(0), Panic)
})

test('taken bytes are the taker’s: the writer never touches them again', () => {
  const asked: number[] = []
  const allocate = (size: number): Uint8Array => {
    asked.push(size)
    return new Uint8Array(new SharedArrayBuffer(size))
  }
  const writer = new Writer({ capacity: 8, allocate })
  writer.utf8('first')
  const taken = writer.take()
  assert.equal(writer.size, 0)
  writer.utf8('second')
  assert.equal(Buffer.from(taken).toString(), 'first')
  assert.ok(taken.buffer instanceof SharedArrayBuffer)
  assert.equal(asked.length, 2, 'one allocation for each, none ahead')
})
